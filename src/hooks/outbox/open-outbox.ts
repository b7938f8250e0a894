import path from "node:path";
import { findDataFolder } from "../../base/data-folder.ts";
import type { HookLog } from "../payload.ts";
import { DeliveryQueue } from "./delivery-queue.ts";
import type { Outbox } from "./outbox.ts";
import { OutboxJournal } from "./outbox-journal.ts";

export interface OpenOutboxOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: HookLog;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/**
 * Opens the outbox in the data folder that the environment names. Where that cannot be used, it says so
 * and keeps everything in memory: hooks keep no program from starting.
 */
export async function openOutbox({ env, log, now }: OpenOutboxOptions): Promise<Outbox> {
  const data = findDataFolder(env);
  if (data === undefined) return new DeliveryQueue({ log, now });
  const folder = path.join(data, "outbox");
  try {
    const journal = await OutboxJournal.open({ folder, log, now });
    return new DeliveryQueue({ log, now, journal });
  } catch (error) {
    log.warn(`what hooks send is kept in memory only, ${folder} cannot be used: ${error}`);
    return new DeliveryQueue({ log, now });
  }
}
