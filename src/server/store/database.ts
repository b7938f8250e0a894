import { chmodSync, closeSync, existsSync, openSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { CodedError, messageOf } from "../../base/errors.ts";
import type { Migration } from "./schema.ts";

export interface DatabaseOptions {
  readonly migrations: readonly Migration[];
  /** `full` syncs at each commit: a power cut loses nothing. `normal` may lose the last commits, and no more. */
  readonly durability: "full" | "normal";
  /** Bytes that the file may have; past them it is full. */
  readonly maxBytes?: number | undefined;
}

const PAGE_BYTES = 8192;
const CACHE_KIB = 16 * 1024;
const BUSY_MS = 5000;

/**
 * Opens a store for writing, made or brought up to date.
 * Throws STORE_NEWER where a newer Turnspan wrote it, and STORE_BROKEN where it is no store of ours.
 */
export function openDatabase(path: string, options: DatabaseOptions): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    makePrivate(path);
    database = new DatabaseSync(path, { timeout: BUSY_MS });
    configure(database, options);
    migrate(database, path, options.migrations);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof CodedError) throw error;
    throw new CodedError("STORE_BROKEN", `cannot open the store ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Only its user may read it. Done before SQLite opens it, which makes the journals with the file's own mode. */
function makePrivate(path: string): void {
  closeSync(openSync(path, "a", 0o600));
  chmodSync(path, 0o600);
}

/** Opens a store for reading, beside its writer. */
export function openForReading(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_MS });
  database.exec(`pragma cache_size = -${CACHE_KIB}; pragma temp_store = memory`);
  return database;
}

function configure(database: DatabaseSync, options: DatabaseOptions): void {
  // Before the first table, or it has no effect.
  database.exec(`pragma page_size = ${PAGE_BYTES}; pragma auto_vacuum = incremental`);
  database.exec(`
    pragma journal_mode = wal;
    pragma synchronous = ${options.durability};
    pragma wal_autocheckpoint = 4000;
    pragma journal_size_limit = 67108864;
    pragma cache_size = -${CACHE_KIB};
    pragma temp_store = memory;
  `);
  const { maxBytes } = options;
  if (maxBytes === undefined) return;
  database.exec(`pragma max_page_count = ${Math.max(64, Math.ceil(maxBytes / PAGE_BYTES))}`);
}

/** Version of a store's layout; 0 of a new file. */
export function readVersion(database: DatabaseSync): number {
  const row = database.prepare("pragma user_version").get();
  return Number(row?.["user_version"] ?? 0);
}

/** Applies what is missing, each version in a transaction of its own, with a copy of the file before it. */
export function migrate(
  database: DatabaseSync,
  path: string,
  migrations: readonly Migration[],
): void {
  const known = migrations.at(-1)?.version ?? 0;
  const version = readVersion(database);
  if (version > known) {
    throw new CodedError(
      "STORE_NEWER",
      `the store ${path} was written by a newer turnspan (layout ${version}, this one knows ${known}): upgrade turnspan, or name another folder with --data`,
    );
  }
  for (const migration of migrations) {
    if (migration.version <= version) continue;
    if (version > 0) backUp(database, `${path}.before-${migration.version}`);
    apply(database, migration);
  }
}

function backUp(database: DatabaseSync, copy: string): void {
  if (existsSync(copy)) rmSync(copy);
  database.prepare("vacuum into :copy").run({ copy });
}

function apply(database: DatabaseSync, { version, sql }: Migration): void {
  database.exec("begin immediate");
  try {
    database.exec(sql);
    database.exec(`pragma user_version = ${version}`);
    database.exec("commit");
  } catch (error) {
    database.exec("rollback");
    throw error;
  }
}

/** Runs a body in a transaction; what it throws takes everything back. */
export function inTransaction<T>(database: DatabaseSync, body: () => T): T {
  database.exec("begin immediate");
  try {
    const result = body();
    database.exec("commit");
    return result;
  } catch (error) {
    // SQLite has rolled back by itself where the disk is full.
    if (database.isTransaction) database.exec("rollback");
    throw error;
  }
}
