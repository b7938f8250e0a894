import type { Gateway } from "./gateway.ts";

/** For `GatewayOptions.env`: lets `readLiveHeapMb` ask the gateway. */
export const INSPECTED = { NODE_OPTIONS: "--inspect=127.0.0.1:0" } as const;

const MB = 1024 * 1024;
const ASK_MS = 120_000;

interface HeapUsage {
  readonly usedSize: number;
  readonly embedderHeapUsedSize?: number;
  readonly backingStorageSize?: number;
}

/** Megabytes that the gateway's main thread still refers to: what is left after its garbage was collected. */
export async function readLiveHeapMb({ log }: Gateway): Promise<number> {
  const [, url] = /Debugger listening on (ws:\S+)/.exec(log()) ?? [];
  if (url === undefined) throw new Error("The gateway was not started with INSPECTED.");
  const socket = new WebSocket(url);
  const answers = new Map<number, (result: unknown) => void>();
  const { promise: opened, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error(`${url}: no answer`)), ASK_MS);
  socket.onopen = () => resolve();
  socket.onerror = () => reject(new Error(`${url}: no connection`));
  socket.onmessage = ({ data }) => {
    const { id, result } = JSON.parse(String(data));
    answers.get(id)?.(result);
  };
  let asked = 0;
  const ask = (method: string): Promise<unknown> => {
    const id = ++asked;
    socket.send(JSON.stringify({ id, method }));
    return new Promise((answer) => answers.set(id, answer));
  };
  try {
    await opened;
    // What finalizers let go of the first time is collected the second time.
    for (let round = 0; round < 3; round += 1) await ask("HeapProfiler.collectGarbage");
    const usage = (await ask("Runtime.getHeapUsage")) as HeapUsage;
    const { usedSize, embedderHeapUsedSize = 0, backingStorageSize = 0 } = usage;
    return (usedSize + embedderHeapUsedSize + backingStorageSize) / MB;
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}
