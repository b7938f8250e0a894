import path from "node:path";
import { z } from "zod";
import { readIfThere, replaceFile } from "../base/files.ts";

/** What a running process says of itself, for `turnspan doctor` to read from outside. */
const ProcessStatus = z.object({
  version: z.literal(1),
  pid: z.int(),
  /** The resource's service name. */
  service: z.string(),
  /** When this was written, epoch milliseconds: not often, and only where something has changed. */
  at: z.number(),
  /** Last time that records were made safe, epoch milliseconds; absent: not yet. */
  lastSyncAt: z.number().optional(),
  /** Why nothing can be stored at the moment. */
  trouble: z.string().optional(),
  waitingBytes: z.number(),
  deliveries: z.array(z.object({ destination: z.string(), trouble: z.string().optional() })),
  /** What the process has lost so far, of every signal. */
  dropped: z.array(z.object({ signal: z.string(), reason: z.string(), count: z.number() })),
});
export type ProcessStatus = z.output<typeof ProcessStatus>;

/** What the process says of itself, beside its log. */
export type ProcessDescription = Pick<ProcessStatus, "pid" | "service" | "dropped">;
/** How its log is. */
export type PlaceState = Omit<ProcessStatus, keyof ProcessDescription | "version" | "at">;

const FILE = "status.json";
const EVERY_MS = 5000;

/** The status that the last process in a place has left; undefined where there is none that can be read. */
export async function readProcessStatus(folder: string): Promise<ProcessStatus | undefined> {
  const text = await readIfThere(path.join(folder, FILE));
  if (text === undefined) return undefined;
  try {
    return ProcessStatus.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Writes a process's status into its place every few seconds, where it has changed. Never rejects. */
export class StatusWriter {
  readonly #file: string;
  readonly #read: () => ProcessDescription & PlaceState;
  readonly #clock: () => number;
  readonly #timer: NodeJS.Timeout;
  #written = "";

  constructor(
    folder: string,
    read: () => ProcessDescription & PlaceState,
    clock: () => number = Date.now,
  ) {
    this.#file = path.join(folder, FILE);
    this.#read = read;
    this.#clock = clock;
    this.#timer = setInterval(() => void this.#write(), EVERY_MS).unref();
  }

  /** Writes a last time. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#write();
  }

  async #write(): Promise<void> {
    const status = this.#read();
    const text = JSON.stringify(status);
    if (text === this.#written) return;
    this.#written = text;
    const whole: ProcessStatus = { version: 1, at: this.#clock(), ...status };
    // What keeps the disk from taking it is told by the log's own alarm.
    await replaceFile(this.#file, `${JSON.stringify(whole)}\n`).catch(() => {});
  }
}
