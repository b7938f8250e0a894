import { hostname, networkInterfaces } from "node:os";
import { CodedError } from "../base/errors.ts";
import { inUrl, LOOPBACK_HOSTS } from "./access.ts";
import type { TakeHook } from "./hook-route.ts";

export interface ServerOptions {
  readonly dataFolder: string;
  /** Port of OTLP over HTTP. Default 4318; 0 takes a free one. */
  readonly port?: number | undefined;
  /** Port of the viewer and the query API. Default 4319; 0 takes a free one. */
  readonly uiPort?: number | undefined;
  /** Address to listen on. Default: loopback alone. Another one needs both kinds of tokens. */
  readonly listen?: string | undefined;
  /** Tokens that let telemetry in. Default: none is needed. */
  readonly ingestTokens?: readonly string[] | undefined;
  /** Tokens that open the viewer and the API, beside the one that is made for this machine. */
  readonly readTokens?: readonly string[] | undefined;
  /** Names that the server may be called by, beside those of this machine. */
  readonly hosts?: readonly string[] | undefined;
  /** Sessions last heard of longer ago are removed. Default 30. */
  readonly maxAgeDays?: number | undefined;
  /** Bytes of spans that are kept; the oldest sessions go first. Default 5 GB. */
  readonly maxBytes?: number | undefined;
  /** The user's price file. Default: none. */
  readonly pricesFile?: string | undefined;
  /** Folder of the built viewer. Default: none, and pages say so. */
  readonly viewerFolder?: string | undefined;
  /** Home folder, in which agents are looked for. Default: none is. */
  readonly home?: string | undefined;
  /** Keeps events that hooks of CLI agents post to the OTLP port. Default: there is no such route. */
  readonly takeHook?: TakeHook | undefined;
  /** Milliseconds between two looks at what is too old. Default 30,000. */
  readonly pruneEveryMs?: number | undefined;
  readonly now?: (() => number) | undefined;
}

const DEFAULT_PORT = 4318;
const DEFAULT_UI_PORT = 4319;
const DAY_MS = 86_400_000;
/** Retention works behind the writer; past this much more than its bound nothing is taken. */
const HARD_FACTOR = 1.5;

/** The options with their defaults. */
export function completeOptions(options: ServerOptions) {
  const { maxAgeDays = 30, maxBytes = 5_000_000_000, now = Date.now } = options;
  return {
    ...options,
    ...{ maxAgeDays, maxBytes, now },
    port: options.port ?? DEFAULT_PORT,
    uiPort: options.uiPort ?? DEFAULT_UI_PORT,
    ingestTokens: options.ingestTokens ?? [],
    readTokens: options.readTokens ?? [],
    hosts: listHosts(options),
    writer: {
      folder: options.dataFolder,
      limits: { maxBytes, maxAgeMs: maxAgeDays * DAY_MS },
      hardMaxBytes: maxBytes * HARD_FACTOR,
      pricesFile: options.pricesFile,
      pruneEveryMs: options.pruneEveryMs ?? 30_000,
    },
  };
}

export type CompleteOptions = ReturnType<typeof completeOptions>;

/** Throws SERVER_OPTIONS_INVALID. A server that others can reach is one that they cannot use without a token. */
export function checkOptions({
  listen: address,
  ingestTokens = [],
  readTokens = [],
  port = DEFAULT_PORT,
  uiPort = DEFAULT_UI_PORT,
}: ServerOptions): void {
  if (port === uiPort && port !== 0) {
    throw invalid(`telemetry and the viewer need a port each, and both were given ${port}`);
  }
  if (address === "") throw invalid("the address to listen on is empty");
  if (![...ingestTokens, ...readTokens].every((token) => /^\S+$/.test(token))) {
    throw invalid("a token is empty or has a blank in it: no request could name it");
  }
  const isLoopback = address === undefined || /^(127\.|::1$|localhost$)/.test(address);
  const missing = [
    ...(ingestTokens.length === 0 ? ["an ingest token"] : []),
    ...(readTokens.length === 0 ? ["a read token"] : []),
  ];
  if (isLoopback || missing.length === 0) return;
  throw invalid(
    `to listen on ${address}, which others can reach, ${missing.join(" and ")} must be given`,
  );
}

const invalid = (problem: string): CodedError => new CodedError("SERVER_OPTIONS_INVALID", problem);

/** All names that lead to this machine, where it listens for more than itself. */
function listHosts({ listen: address, hosts = [] }: ServerOptions): ReadonlySet<string> {
  const names: string[] = [...LOOPBACK_HOSTS, ...hosts];
  if (address !== undefined) {
    names.push(inUrl(address), hostname());
    for (const entry of Object.values(networkInterfaces()).flat()) {
      if (entry !== undefined) names.push(inUrl(entry.address));
    }
  }
  return new Set(names.map((name) => name.toLowerCase()));
}
