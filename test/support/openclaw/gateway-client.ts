/** What the gateway answered to a request. */
export interface RpcAnswer {
  readonly ok: boolean;
  readonly payload?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: string; readonly message: string };
}

interface Frame extends RpcAnswer {
  readonly type: string;
  readonly id?: string;
  readonly event?: string;
}

export interface GatewayClientOptions {
  readonly url: string;
  readonly token: string;
  /** Default: all that an operator may. */
  readonly scopes?: readonly string[] | undefined;
  /** A browser's client instead of a program's; with the Origin it comes from. */
  readonly browserOrigin?: string | undefined;
}

/** A connection to a gateway: WebSocket RPC with the shared token, as programs on the same machine have it. */
export interface GatewayClient extends Disposable {
  /** Resolves with what the gateway says, good or bad; rejects where it says nothing for 3 minutes. */
  request(method: string, params: object, traceparent?: string): Promise<RpcAnswer>;
}

const REQUEST_TIMEOUT_MS = 180_000;
const ALL_SCOPES = ["operator.read", "operator.write", "operator.admin"];

/** Connects. Rejects where the gateway refuses. */
export async function connectGateway(options: GatewayClientOptions): Promise<GatewayClient> {
  const { url, browserOrigin } = options;
  // Node's WebSocket takes headers here; the DOM's type does not know it.
  const init = browserOrigin === undefined ? [] : { headers: { origin: browserOrigin } };
  const socket = new WebSocket(url, init as never);
  const waiting = new Map<string, (frame: Frame) => void>();
  let requests = 0;
  const send = (method: string, params: object, more: object = {}): Promise<Frame> => {
    const id = `r${++requests}`;
    const { promise, resolve, reject } = Promise.withResolvers<Frame>();
    const timer = setTimeout(
      () => reject(new Error(`${method}: no answer in ${REQUEST_TIMEOUT_MS} ms`)),
      REQUEST_TIMEOUT_MS,
    );
    waiting.set(id, (frame) => {
      clearTimeout(timer);
      resolve(frame);
    });
    socket.send(JSON.stringify({ type: "req", id, method, params, ...more }));
    return promise;
  };
  const { promise: challenged, resolve, reject } = Promise.withResolvers<void>();
  socket.onmessage = ({ data }) => {
    const frame = JSON.parse(String(data)) as Frame;
    if (frame.event === "connect.challenge") resolve();
    if (frame.type === "res") waiting.get(frame.id ?? "")?.(frame);
  };
  socket.onerror = () => reject(new Error(`${url}: no connection`));
  socket.onclose = ({ reason }) => reject(new Error(`${url}: closed: ${reason}`));
  await challenged;
  const hello = await send("connect", helloOf(options));
  if (!hello.ok) throw new Error(`${url}: ${hello.error?.message}`);
  return {
    request: (method, params, traceparent) =>
      send(method, params, traceparent === undefined ? {} : { traceparent }),
    [Symbol.dispose]: () => socket.close(),
  };
}

const helloOf = ({ token, scopes = ALL_SCOPES, browserOrigin }: GatewayClientOptions): object => ({
  minProtocol: 4,
  maxProtocol: 4,
  client: {
    id: browserOrigin === undefined ? "gateway-client" : "webchat-ui",
    version: "0.0.1",
    platform: "linux",
    mode: browserOrigin === undefined ? "backend" : "webchat",
  },
  role: "operator",
  scopes,
  caps: [],
  commands: [],
  permissions: {},
  auth: { token },
});
