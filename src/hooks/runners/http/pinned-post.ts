import type { LookupAddress } from "node:dns";
import type { IncomingMessage, RequestOptions } from "node:http";
import { request as requestPlain } from "node:http";
import { request as requestEncrypted } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import type { AllowedTargets, Target } from "./allowed-targets.ts";
import { toTarget } from "./allowed-targets.ts";

/** All addresses of a name. */
export type ResolveHost = (host: string) => Promise<readonly LookupAddress[]>;

export interface PostRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
  /** Whether our own process must stay for the reply. */
  readonly keepsAlive: boolean;
}

export interface PostReply {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

const MAX_REPLY_BYTES = 64 * 1024;

/**
 * Sends one POST request. The address is judged where the connection is made, and the connection goes to
 * that very address: a name that means another machine a moment later changes nothing. No redirect is
 * followed, no proxy is asked, no connection is used twice.
 * Rejects where the target is not allowed, cannot be reached, or is too slow.
 */
export function postPinned(
  { url, headers, body, timeoutMs, keepsAlive }: PostRequest,
  allowed: AllowedTargets,
  resolve: ResolveHost,
): Promise<PostReply> {
  const target = toTarget(url);
  const options: RequestOptions = {
    method: "POST",
    agent: false,
    headers: { ...headers, "content-length": String(Buffer.byteLength(body)) },
    lookup: pinnedLookup(target, allowed, resolve),
    signal: AbortSignal.timeout(timeoutMs),
  };
  return new Promise((settle, reject) => {
    // A literal address is never looked up, so it is judged here.
    const objection =
      isIP(target.host) > 0 ? allowed.findObjection(target, target.host) : undefined;
    if (objection !== undefined) throw new Error(objection);
    const send = url.protocol === "https:" ? requestEncrypted : requestPlain;
    const request = send(url, options, (reply) => readReply(reply).then(settle, reject));
    if (!keepsAlive) request.on("socket", (socket) => socket.unref());
    request.on("error", (error) => reject(describeError(error, timeoutMs)));
    request.end(body);
  });
}

function pinnedLookup(
  target: Target,
  allowed: AllowedTargets,
  resolve: ResolveHost,
): LookupFunction {
  return (host, options, callback) => {
    resolve(host).then(
      (addresses) => {
        const objections = addresses.map(({ address }) => allowed.findObjection(target, address));
        const usable = addresses.filter((_, index) => objections[index] === undefined);
        const [first] = usable;
        if (first === undefined) {
          callback(new Error(objections[0] ?? `${host} has no address`), "");
        } else if (options.all === true) callback(null, [...usable]);
        else callback(null, first.address, first.family);
      },
      (error: Error) => callback(error, ""),
    );
  };
}

async function readReply(reply: IncomingMessage): Promise<PostReply> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of reply) {
    bytes += chunk.length;
    if (bytes > MAX_REPLY_BYTES) {
      reply.destroy();
      throw new Error(`the reply is longer than ${MAX_REPLY_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return {
    status: reply.statusCode ?? 0,
    retryAfter: reply.headers["retry-after"],
    body: Buffer.concat(chunks).toString("utf8"),
  };
}

const describeError = (error: Error, timeoutMs: number): Error =>
  error.name === "AbortError" || error.name === "TimeoutError"
    ? new Error(`no reply within ${timeoutMs} ms`, { cause: error })
    : error;
