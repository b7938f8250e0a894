import { record, text } from "./fields.ts";

/** Where the gateway of this machine listens, and the secret that it shares with its programs. */
interface GatewayAddress {
  readonly url: string;
  readonly token: string | undefined;
}

const DEFAULT_PORT = 18_789;
const TIMEOUT_MS = 10_000;
const SCOPES = ["operator.read", "operator.write"];

export function findGateway(
  config: unknown,
  env: Readonly<Record<string, string | undefined>>,
): GatewayAddress {
  const gateway = record(record(config)["gateway"]);
  const port = Number(env["OPENCLAW_GATEWAY_PORT"] ?? gateway["port"] ?? DEFAULT_PORT);
  const token = text(env["OPENCLAW_GATEWAY_TOKEN"]) ?? text(record(gateway["auth"])["token"]);
  return { url: `ws://127.0.0.1:${port}`, token };
}

/** Asks the gateway over a connection of its own. Rejects with what it says, or after 10 s. */
export async function askGateway(
  { url, token }: GatewayAddress,
  method: string,
  params: object,
): Promise<unknown> {
  const socket = new WebSocket(url);
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const timer = setTimeout(() => reject(new Error(`${url}: no answer`)), TIMEOUT_MS);
  const send = (id: string, what: string, about: object): void =>
    socket.send(JSON.stringify({ type: "req", id, method: what, params: about }));
  socket.onerror = () => reject(new Error(`${url}: no gateway answers`));
  socket.onclose = () => reject(new Error(`${url}: the gateway closed the connection`));
  socket.onmessage = ({ data }) => {
    const frame = record(JSON.parse(String(data)));
    if (frame["event"] === "connect.challenge") send("hello", "connect", helloOf(token));
    if (frame["type"] !== "res") return;
    if (frame["ok"] !== true) reject(new Error(`${url}: ${describe(frame["error"])}`));
    else if (frame["id"] === "hello") send("ask", method, params);
    else resolve(frame["payload"]);
  };
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}

const describe = (error: unknown): string => text(record(error)["message"]) ?? "refused";

const helloOf = (token: string | undefined): object => ({
  minProtocol: 4,
  maxProtocol: 4,
  client: { id: "gateway-client", version: "1", platform: process.platform, mode: "backend" },
  role: "operator",
  scopes: SCOPES,
  caps: [],
  commands: [],
  permissions: {},
  auth: { token },
});
