import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface ReceiverReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Receiver extends AsyncDisposable {
  readonly url: string;
  /** `host:port`, as `http.allow` wants it. */
  readonly target: string;
  readonly received: Received[];
}

/** A server on this machine that keeps what it is sent and answers as it is told to; default 200. */
export async function startReceiver(
  answer: (received: Received) => ReceiverReply = () => ({}),
  host = "127.0.0.1",
): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const body = (await buffer(request)).toString();
    const seen = { path: request.url ?? "", headers: request.headers, body };
    received.push(seen);
    const { status = 200, headers = {}, body: text = "" } = answer(seen);
    response.writeHead(status, headers).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  const target = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  return {
    url: `http://${target}/hook`,
    target,
    received,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** 24 bytes and more, in base64. */
export const makeSecret = (text: string): string =>
  `whsec_${Buffer.from(text.padEnd(32, ".")).toString("base64")}`;

/** What a careful receiver does: the reference library's check, and each id only once. */
export function createVerifier(secret: string) {
  const webhook = new Webhook(secret);
  const seen = new Set<string>();
  return ({ headers, body }: Pick<Received, "headers" | "body">): boolean => {
    try {
      webhook.verify(body, headers as Record<string, string>);
    } catch {
      return false;
    }
    const id = String(headers["webhook-id"]);
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  };
}
