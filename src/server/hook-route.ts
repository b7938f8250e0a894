import type { IncomingMessage, RequestListener } from "node:http";
import { type AccessRules, hasToken, isKnownHost, isKnownOrigin } from "./access.ts";

/** An event that a CLI agent's hook posts. */
interface PostedHook {
  readonly agent: string;
  readonly event: Uint8Array;
  /** The agent holds its prompt back until it is answered. */
  readonly isAsked: boolean;
  /** The agent's process and the run of `turnspan run`, where the sender knows them; else empty. */
  readonly process: string;
  readonly run: string;
}

/** Keeps an event and resolves to its answer; to nothing where it is of no agent that is known. */
export type TakeHook = (posted: PostedHook) => Promise<string | undefined>;

const PATH = /^\/turnspan\/hooks\/([a-z-]{1,40})(\?ask)?$/;
/** Agents cut what is larger. */
const MAX_EVENT_BYTES = 16 * 1024 * 1024;

/**
 * Serves `POST /turnspan/hooks/AGENT` beside OTLP. The answer is given when the event is kept: `{}`, which
 * tells every agent to go on, or behind `?ask` what `beforeTurn` hooks say. An event that cannot be kept
 * gets a status that agents take for no opinion.
 */
export function withHookRoute(
  otherwise: RequestListener,
  access: AccessRules,
  take: TakeHook | undefined,
): RequestListener {
  return (request, response) => {
    const [, agent, ask] = PATH.exec(request.url ?? "") ?? [];
    if (agent === undefined || take === undefined) return otherwise(request, response);
    const answer = (status: number, text = "{}"): void => {
      // What is left of an event is passed over: an agent reads the answer when it has sent all.
      request.resume();
      response.writeHead(status, { "content-type": "application/json" }).end(text);
    };
    const { host, origin, authorization, "sec-fetch-site": site } = request.headers;
    const isOurs =
      request.method === "POST" &&
      isKnownHost(host, access) &&
      isKnownOrigin({ origin, fetchSite: String(site ?? "") }, access) &&
      (access.tokens.length === 0 || hasToken(authorization, access.tokens));
    if (!isOurs) return answer(403);
    readBody(request)
      .then(
        (event) => event && take({ agent, event, isAsked: ask !== undefined, ...sender(request) }),
      )
      .then((text) => (text === undefined ? answer(400) : answer(200, text)))
      .catch(() => answer(500));
  };
}

function sender({ headers }: IncomingMessage): Pick<PostedHook, "process" | "run"> {
  const { "turnspan-process": process, "turnspan-run": run } = headers;
  return { process: String(process ?? ""), run: String(run ?? "") };
}

/** `undefined` where it is too large. */
async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  // An iterator of its own would close the connection before the answer is out.
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    bytes += part.length;
    if (bytes > MAX_EVENT_BYTES) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}
