import { accessSync, constants, mkdirSync } from "node:fs";
import { join } from "node:path";
import { CodedError, messageOf } from "../../base/errors.ts";
import { tryLock } from "../../base/file-lock.ts";

/**
 * Holds a data folder for one process, by a lock of the operating system: it ends with the process, however
 * that ends, so nothing is ever left locked. Throws SERVER_DATA_IN_USE and SERVER_DATA_UNUSABLE.
 */
export function lockFolder(folder: string): Disposable {
  const lock = openLock(folder);
  if (lock !== undefined) return lock;
  throw new CodedError(
    "SERVER_DATA_IN_USE",
    `another turnspan is using ${folder}: stop it, or name another folder with --data`,
  );
}

function openLock(folder: string): Disposable | undefined {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // SQLite only says that it cannot open a file; this says why.
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return tryLock(join(folder, "lock.db"));
  } catch (cause) {
    throw new CodedError(
      "SERVER_DATA_UNUSABLE",
      `cannot use the data folder ${folder}: ${messageOf(cause)}; name another one with --data`,
      { cause },
    );
  }
}
