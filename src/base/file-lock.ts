import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";

const SQLITE_BUSY = 5;
const POLL_MS = 20;

/**
 * Takes a lock of the operating system's; undefined while another process, or another part of this one,
 * has it. It is taken through SQLite, which Node has and which knows each system's kind. It ends with its
 * process, however that ends: nothing is ever left locked. The lock's file stays, empty.
 */
export function tryLock(file: string): Disposable | undefined {
  const lock = new DatabaseSync(file, { timeout: 0 });
  try {
    // Nothing is ever written: the journal's place says so, the lock alone counts.
    lock.exec("PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    if ((error as { readonly errcode?: number }).errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
  return { [Symbol.dispose]: () => void (lock.isOpen && lock.close()) };
}

/** Whether somebody has the lock, without taking it; false where there is no such file. */
export function isLocked(file: string): boolean {
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(file, { timeout: 0, readOnly: true });
    lock.exec("SELECT 1 FROM sqlite_master");
    return false;
  } catch (error) {
    return (error as { readonly errcode?: number }).errcode === SQLITE_BUSY;
  } finally {
    lock?.close();
  }
}

/** Waits for the lock, no longer than this; undefined where another process kept it for so long. */
export async function waitForLock(
  file: string,
  timeoutMs: number,
): Promise<Disposable | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const lock = tryLock(file);
    if (lock !== undefined || performance.now() >= deadline) return lock;
    await sleep(POLL_MS);
  }
}
