import { createServer, type RequestListener, Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Addresses of this machine that nobody else can reach. The second is missing where there is no IPv6. */
const LOOPBACK = ["127.0.0.1", "::1"] as const;

/** Times and counts that a slow or hostile peer cannot stretch. Node's own are 60 s, 300 s and no bound. */
const LIMITS = {
  headersTimeout: 5_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 2_000,
} as const;
const MAX_CONNECTIONS = 256;
const CLOSE_TIMEOUT_MS = 3_000;

/** What listens at one port, on one or two addresses. */
export interface Listener {
  readonly port: number;
  /** Stops taking connections, waits for what is under way, then ends the rest. */
  close(): Promise<void>;
}

/** Listens; `address` undefined: on this machine's loopback addresses. Throws what `listen` throws. */
export async function listen(
  handle: RequestListener,
  port: number,
  address: string | undefined,
): Promise<Listener> {
  const [first = LOOPBACK[0], second] = address === undefined ? LOOPBACK : [address];
  const server = await listenAt(handle, port, first);
  const bound = (server.address() as AddressInfo).port;
  const also = second === undefined ? undefined : await listenAlso(handle, bound, second);
  const servers = also instanceof Server ? [server, also] : [server];
  const close = (): Promise<void> => closeAll(servers);
  // Who has our port at the other address would be found by some senders instead of us.
  if (also === "taken" && port !== 0) {
    await close();
    throw Object.assign(new Error(`port ${port} is taken`), { code: "EADDRINUSE" });
  }
  return { port: bound, close };
}

/** A machine may have no IPv6. */
async function listenAlso(
  handle: RequestListener,
  port: number,
  address: string,
): Promise<Server | "taken" | undefined> {
  try {
    return await listenAt(handle, port, address);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EADDRINUSE" ? "taken" : undefined;
  }
}

function listenAt(handle: RequestListener, port: number, address: string): Promise<Server> {
  const server = createServer(LIMITS, handle);
  server.maxConnections = MAX_CONNECTIONS;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host: address, exclusive: true }, () => {
      server.off("error", reject);
      resolve(server);
    });
  });
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  await Promise.all(servers.map(closeOne));
}

async function closeOne(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), CLOSE_TIMEOUT_MS);
  await closed;
  clearTimeout(timer);
}
