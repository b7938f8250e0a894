import type { DatabaseSync } from "node:sqlite";
import type { PriceBook } from "../../pricing/price-book.ts";
import { Contents } from "./contents.ts";
import { contributionOf, settle } from "./contribution.ts";
import { Origins } from "./origins.ts";
import { Rollups } from "./rollups.ts";
import { Runs } from "./runs.ts";
import { Sessions } from "./sessions.ts";
import { Spawns } from "./spawns.ts";

export type Price = PriceBook["price"];

/** What a transaction changed, for those who look on. */
export interface Changes {
  /** Rows of the sessions they are shown in. */
  readonly sessions: ReadonlySet<number>;
  readonly runs: ReadonlySet<number>;
}

/** The parts of the spans' store that one transaction works with. */
export class StoreParts {
  readonly sessions: Sessions;
  readonly runs: Runs;
  readonly rollups: Rollups;
  readonly contents: Contents;
  readonly origins: Origins;
  readonly spawns: Spawns;

  constructor(database: DatabaseSync) {
    this.sessions = new Sessions(database);
    this.rollups = new Rollups(database);
    this.contents = new Contents(database);
    this.origins = new Origins(database);
    this.spawns = new Spawns(database);
    this.runs = new Runs(database, (run) =>
      contributionOf(run, this.sessions.get(run.session).project),
    );
  }

  /** Writes what is only in memory so far. */
  flush(): Changes {
    settle(this.runs.changed, this);
    const runs = new Set(this.runs.flush().map((run) => run.id));
    const sessions = new Set(this.sessions.flush().map((session) => session.root));
    this.rollups.flush();
    return { sessions, runs };
  }

  /** After a commit. */
  trim(): void {
    this.sessions.trim();
    this.runs.trim();
  }

  /** After a rollback, or when rows were removed. */
  clear(): void {
    this.sessions.clear();
    this.runs.clear();
    this.rollups.clear();
    this.contents.clear();
    this.origins.clear();
  }
}
