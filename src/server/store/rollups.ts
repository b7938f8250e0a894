import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Totals } from "../api-types.ts";
import { addTotals, createTotals } from "../reading/totals.ts";
import { BUCKET_US } from "./schema.ts";
import { totalColumnNames, totalValues } from "./total-columns.ts";

export interface CostPlace {
  readonly atUs: number;
  readonly project: string;
  readonly agent: string;
  readonly provider: string;
  readonly model: string;
}

export interface TurnPlace {
  readonly atUs: number;
  readonly project: string;
  readonly agent: string;
  readonly outcome: string;
}

const names = totalColumnNames;
const ADD_COST = `
  insert into cost_roll (bucket, project, agent, provider, model, ${names.join(", ")})
  values (?, ?, ?, ?, ?, ${names.map(() => "?").join(", ")})
  on conflict do update set ${names.map((name) => `${name} = ${name} + excluded.${name}`).join(", ")}`;
const ADD_TURNS = `
  insert into turn_roll (bucket, project, agent, outcome, turns, duration_us)
  values (:bucket, :project, :agent, :outcome, :turns, :durationUs)
  on conflict do update set turns = turns + excluded.turns,
    duration_us = duration_us + excluded.duration_us`;

interface CostCell {
  readonly keys: readonly [bucket: number, ...rest: string[]];
  readonly totals: Totals;
}

interface TurnCell {
  readonly bucket: number;
  readonly project: string;
  readonly agent: string;
  readonly outcome: string;
  turns: number;
  durationUs: number;
}

const bucketOf = (atUs: number): number => Math.floor(atUs / BUCKET_US);

/** Sums by quarter of an hour, collected in memory during a transaction. */
export class Rollups {
  readonly #addCost: StatementSync;
  readonly #addTurns: StatementSync;
  readonly #costs = new Map<string, CostCell>();
  readonly #turns = new Map<string, TurnCell>();

  constructor(database: DatabaseSync) {
    this.#addCost = database.prepare(ADD_COST);
    this.#addTurns = database.prepare(ADD_TURNS);
  }

  addCost(place: CostPlace, totals: Totals, sign: 1 | -1 = 1): void {
    const { project, agent, provider, model } = place;
    const keys = [bucketOf(place.atUs), project, agent, provider, model] as const;
    const key = keys.join("\0");
    const cell = this.#costs.get(key) ?? { keys, totals: createTotals() };
    this.#costs.set(key, cell);
    addTotals(cell.totals, totals, sign);
  }

  addTurn(place: TurnPlace, durationUs: number, sign: 1 | -1 = 1): void {
    const { project, agent, outcome } = place;
    const bucket = bucketOf(place.atUs);
    const key = [bucket, project, agent, outcome].join("\0");
    const cell = this.#turns.get(key) ?? { ...place, bucket, turns: 0, durationUs: 0 };
    this.#turns.set(key, cell);
    cell.turns += sign;
    cell.durationUs += sign * durationUs;
  }

  flush(): void {
    for (const { keys, totals } of this.#costs.values()) {
      this.#addCost.run(...keys, ...totalValues(totals));
    }
    for (const { bucket, project, agent, outcome, turns, durationUs } of this.#turns.values()) {
      this.#addTurns.run({ bucket, project, agent, outcome, turns, durationUs });
    }
    this.clear();
  }

  clear(): void {
    this.#costs.clear();
    this.#turns.clear();
  }
}
