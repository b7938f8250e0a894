import type { IncomingMessage, RequestListener } from "node:http";
import { type AccessRules, hasToken, isKnownHost, isKnownOrigin } from "./access.ts";

/** Keeps an event that a CLI agent's hook posts; resolves false where it is of no agent that is known. */
export type TakeHook = (agent: string, event: Uint8Array) => Promise<boolean>;

const PATH = /^\/turnspan\/hooks\/([a-z-]{1,40})$/;
/** Agents cut what is larger. */
const MAX_EVENT_BYTES = 16 * 1024 * 1024;

/**
 * Serves `POST /turnspan/hooks/AGENT` beside OTLP. The answer is `{}`, which tells every agent to go on,
 * given when the event is kept; an event that cannot be kept gets a status that agents take for no opinion.
 */
export function withHookRoute(
  otherwise: RequestListener,
  access: AccessRules,
  take: TakeHook | undefined,
): RequestListener {
  return (request, response) => {
    const agent = PATH.exec(request.url ?? "")?.[1];
    if (agent === undefined || take === undefined) return otherwise(request, response);
    const answer = (status: number): void => {
      // What is left of an event is passed over: an agent reads the answer when it has sent all.
      request.resume();
      response.writeHead(status, { "content-type": "application/json" }).end("{}");
    };
    const { host, origin, authorization, "sec-fetch-site": site } = request.headers;
    const isOurs =
      request.method === "POST" &&
      isKnownHost(host, access) &&
      isKnownOrigin({ origin, fetchSite: String(site ?? "") }, access) &&
      (access.tokens.length === 0 || hasToken(authorization, access.tokens));
    if (!isOurs) return answer(403);
    readBody(request)
      .then((event) => (event === undefined ? false : take(agent, event)))
      .then((isKept) => answer(isKept ? 200 : 400))
      .catch(() => answer(500));
  };
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
