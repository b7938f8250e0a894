/** The writer's thread: the only one that writes the store. Started by `writer.ts` alone. */
import { parentPort, workerData } from "node:worker_threads";
import { CodedError } from "../../base/errors.ts";
import { Store } from "../store/store.ts";
import { IngestLoop } from "./ingest-loop.ts";
import { lockFolder } from "./lock.ts";
import type { FromWriter, ToWriter, WriterOptions } from "./messages.ts";
import { Prices } from "./prices.ts";

const port = parentPort;
if (port !== null) run(workerData as WriterOptions, (message) => port.postMessage(message));

function run(options: WriterOptions, post: (message: FromWriter) => void): void {
  try {
    serve(options, post);
    post({ type: "opened" });
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    post({ type: "refused", code: error.code, message: error.message });
    port?.close();
  }
}

function serve(options: WriterOptions, post: (message: FromWriter) => void): void {
  const lock = lockFolder(options.folder);
  let store: Store;
  try {
    store = new Store(options);
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
  const loop = new IngestLoop(store, new Prices(options.pricesFile), post);
  const timer = setInterval(() => void loop.tidy(), options.pruneEveryMs);
  const close = async (): Promise<void> => {
    clearInterval(timer);
    await loop.drain();
    store[Symbol.dispose]();
    lock[Symbol.dispose]();
    post({ type: "closed" });
    port?.close();
  };
  port?.on("message", (message: ToWriter) => {
    if (message.type === "ingest") loop.take(message);
    else void close();
  });
}
