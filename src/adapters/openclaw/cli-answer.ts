import { askGateway, findGateway } from "./gateway-rpc.ts";
import type { Status, StatusRequest } from "./status.ts";

export interface CommandOptions {
  /** The host's config. */
  readonly config: unknown;
  readonly isJson: boolean;
}

/** What a command of `openclaw turnspan` says, and whether all is well. */
export interface Answer {
  readonly json: unknown;
  readonly text: string;
  readonly isGood: boolean;
}

/** Asks this machine's gateway one thing. Rejects with what it says. */
export const ask = (config: unknown, method: string, params: object): Promise<unknown> =>
  askGateway(findGateway(config, process.env), method, params);

export const askStatus = async (config: unknown, request: StatusRequest = {}): Promise<Status> =>
  (await ask(config, "turnspan.status", request)) as Status;

export const refusal = (problem: string, about: object = {}): Answer => ({
  json: { ...about, error: problem },
  text: problem,
  isGood: false,
});

/** In words, why the gateway or the plugin in it could not be asked. */
export const unreachable = (error: unknown): string =>
  `The gateway does not say: ${error instanceof Error ? error.message : String(error)}. ` +
  'Is it running, with the plugin ("openclaw plugins list")?';
