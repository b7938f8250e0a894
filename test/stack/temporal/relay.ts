import { connect, createServer, type Socket } from "node:net";

export interface Relay extends AsyncDisposable {
  readonly port: number;
  /** `down`: no connection is taken, and those there were are cut. `mute`: answers are kept back. */
  set(state: "up" | "down" | "mute"): void;
}

/** Stands between a client and a server on this machine, and fails as it is told to. */
export async function startRelay(serverPort: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  let state: Parameters<Relay["set"]>[0] = "up";
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket)).on("error", () => undefined);
  };
  const server = createServer((client) => {
    keep(client);
    if (state === "down") return void client.destroy();
    const upstream = connect(serverPort, "127.0.0.1");
    keep(upstream);
    client.on("data", (chunk) => upstream.write(chunk)).once("close", () => upstream.destroy());
    upstream.on("data", (chunk) => {
      if (state === "up") client.write(chunk);
    });
    upstream.once("close", () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    set: (next) => {
      state = next;
      if (next === "down") cut();
    },
    [Symbol.asyncDispose]: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
