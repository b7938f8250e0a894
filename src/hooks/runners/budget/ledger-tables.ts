/**
 * The ledger's tables. Another form of them would be another file: what was used is worth nothing to a
 * version that counts otherwise.
 */
export const LEDGER_FILE = "budgets-1.db";

export const CREATE_TABLES = `
CREATE TABLE IF NOT EXISTS budget (
  id TEXT PRIMARY KEY,
  -- As its config has it, in JSON.
  announced TEXT NOT NULL,
  seen_at_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS bucket (
  budget TEXT NOT NULL,
  owner TEXT NOT NULL,
  tokens INTEGER NOT NULL,
  nano_usd INTEGER NOT NULL,
  turns INTEGER NOT NULL,
  consecutive_errors INTEGER NOT NULL,
  changed_at_ms INTEGER NOT NULL,
  PRIMARY KEY (budget, owner)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS bucket_changed ON bucket (changed_at_ms);
CREATE TABLE IF NOT EXISTS raise (
  id TEXT PRIMARY KEY,
  budget TEXT NOT NULL,
  -- Null: every bucket of the budget.
  owner TEXT,
  unit TEXT NOT NULL,
  amount INTEGER NOT NULL,
  from_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,
  reason TEXT NOT NULL,
  by TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS raise_budget ON raise (budget, until_ms);
`;

export const READ_USE = `
SELECT tokens, nano_usd AS nanoUsd, turns, consecutive_errors AS consecutiveErrors
FROM bucket WHERE budget = :budget AND owner = :owner`;

/** `keep` is 0 where failures in a row are over. */
export const CHANGE_USE = `
INSERT INTO bucket VALUES (:budget, :owner, :tokens, :nanoUsd, :turns, :errors, :time)
ON CONFLICT DO UPDATE SET
  tokens = tokens + excluded.tokens,
  nano_usd = nano_usd + excluded.nano_usd,
  turns = turns + excluded.turns,
  consecutive_errors = consecutive_errors * :keep + excluded.consecutive_errors,
  changed_at_ms = excluded.changed_at_ms
RETURNING tokens, nano_usd AS nanoUsd, turns, consecutive_errors AS consecutiveErrors`;

export const READ_EXTRA = `
SELECT unit, sum(amount) AS amount FROM raise
WHERE budget = :budget AND (owner IS NULL OR owner = :owner)
  AND from_ms <= :time AND :time < until_ms
GROUP BY unit`;

export const ANNOUNCE = `
INSERT INTO budget VALUES (:id, :announced, :time)
ON CONFLICT DO UPDATE SET announced = excluded.announced, seen_at_ms = excluded.seen_at_ms`;

export const LIST_BUDGETS = "SELECT announced FROM budget ORDER BY seen_at_ms DESC, id";

export const LIST_BUCKETS = `
SELECT owner, changed_at_ms AS changedAtMs FROM bucket
WHERE budget = :budget ORDER BY changed_at_ms DESC LIMIT :most`;

export const ADD_RAISE = `
INSERT INTO raise VALUES (:id, :budget, :owner, :unit, :amount, :from, :until, :reason, :by)`;

export const LIST_RAISES = `
SELECT id, budget, owner, unit, amount, from_ms AS "from", until_ms AS until, reason, by
FROM raise WHERE budget = :budget AND until_ms > :time ORDER BY from_ms`;

export const FORGET_BUCKETS = "DELETE FROM bucket WHERE changed_at_ms < :before";
