import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { CodedError } from "../../base/errors.ts";

/**
 * Holds a data folder for one process, by a lock of the operating system: it ends with the process, however
 * that ends, so nothing is ever left locked. Throws SERVER_DATA_IN_USE.
 */
export function lockFolder(folder: string): Disposable {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(join(folder, "lock.db"), { timeout: 0 });
  try {
    database.exec("pragma journal_mode = delete; begin exclusive");
  } catch (cause) {
    database.close();
    throw new CodedError(
      "SERVER_DATA_IN_USE",
      `another turnspan is using ${folder}: stop it, or name another folder with --data`,
      { cause },
    );
  }
  return { [Symbol.dispose]: () => database.close() };
}
