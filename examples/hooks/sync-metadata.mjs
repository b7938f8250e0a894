import path from "node:path";
import { DatabaseSync } from "node:sqlite";

const CREATE = `CREATE TABLE IF NOT EXISTS session (
  key TEXT PRIMARY KEY, state TEXT NOT NULL, metadata TEXT NOT NULL, changed_at TEXT NOT NULL
) STRICT`;
const PUT = `INSERT INTO session VALUES (:key, :state, :metadata, :changedAt)
ON CONFLICT DO UPDATE SET state = excluded.state, metadata = excluded.metadata,
  changed_at = excluded.changed_at`;

let db;

export default async ({ action, sessionKey, timestamp, context, basePath }) => {
  if (db === undefined) {
    db = new DatabaseSync(path.join(basePath, "sessions.db"));
    db.exec(CREATE);
  }
  db.prepare(PUT).run({
    key: sessionKey,
    state: action === "start" ? "open" : context.stopReason,
    metadata: JSON.stringify(context.metadata ?? {}),
    changedAt: timestamp.toISOString(),
  });
};
