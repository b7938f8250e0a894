import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { SessionRow, Sessions } from "./sessions.ts";

export interface Spawn {
  readonly childKey: string;
  readonly childRunId: string | null;
  readonly parentSessionId: string | null;
  readonly parentSessionKey: string | null;
  readonly parentRunId: string | null;
  readonly label: string | null;
}

const ADD = `
  insert into spawn (child_key, child_run_id, parent_session_id, parent_session_key, parent_run_id, label)
  values (:childKey, :childRunId, :parentSessionId, :parentSessionKey, :parentRunId, :label)
  on conflict do nothing`;
const FIND = `
  select child_key as childKey, child_run_id as childRunId, parent_session_id as parentSessionId,
    parent_session_key as parentSessionKey, parent_run_id as parentRunId, label
  from spawn where child_key = :key`;

/** Who spawned whom, told when it happens: a subagent's own session is heard of later, by its calls. */
export class Spawns {
  readonly #add: StatementSync;
  readonly #find: StatementSync;

  constructor(database: DatabaseSync) {
    this.#add = database.prepare(ADD);
    this.#find = database.prepare(FIND);
  }

  add(spawn: Spawn): void {
    this.#add.run({ ...spawn });
  }

  find(key: string): Spawn | undefined {
    return this.#find.get({ key }) as Spawn | undefined;
  }

  /** Links a session to the one that spawned it, where that is known. */
  adopt(child: SessionRow, sessions: Sessions, atUs: number): void {
    const spawn = child.session_key === null ? undefined : this.find(child.session_key);
    if (spawn === undefined) return;
    linkToParent(child, { id: spawn.parentSessionId, key: spawn.parentSessionKey }, sessions, atUs);
  }
}

/** Links a session to its parent, which is made where it is not known yet. */
export function linkToParent(
  child: SessionRow,
  parent: { readonly id: string | null; readonly key: string | null },
  sessions: Sessions,
  atUs: number,
): void {
  if (child.parent !== null || (parent.id === null && parent.key === null)) return;
  sessions.setParent(child, sessions.take(parent, atUs).row);
}
