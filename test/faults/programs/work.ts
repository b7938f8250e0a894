import { setTimeout as sleep } from "node:timers/promises";

/** How a program ends, after its work is done. */
export type End =
  | "natural"
  | "signal"
  | "uncaught"
  | "flush-exit"
  | "dispose"
  | "host-handler"
  | "late-host-handler";

/** Told to the test, which then sends the signal or starts its watch. */
export function sayReady(): void {
  process.stdout.write("ready\n");
}

/** Time for a batch to be under way when the end comes. */
export async function linger(): Promise<void> {
  await sleep(Number(process.env["LINGER_MS"] ?? 0));
}

/** Stays until a signal ends it. */
export function stayAlive(): void {
  setInterval(() => {}, 1000);
}

export const readEnd = (): End => (process.env["END"] ?? "natural") as End;
