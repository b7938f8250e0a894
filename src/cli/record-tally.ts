import type { WireRecord } from "../lifecycle/record-log.ts";
import { EVENT_SESSION_END, EVENT_SESSION_START } from "../semconv/gen-ai.ts";
import * as own from "../semconv/turnspan.ts";

const NANO = 1e9;

/** What a replay or an import made, for its closing lines. */
export interface Tally {
  readonly sessions: number;
  /** Turns by outcome; announce turns and compactions apart. */
  readonly turns: Readonly<Record<string, number>>;
  readonly announceTurns: number;
  readonly subagents: number;
  readonly settingsChanges: number;
  readonly messages: number;
  readonly records: number;
  readonly costUsd: number;
  readonly unknownCostCalls: number;
}

/** Turns by outcome, in words; empty where there was none. */
export const turnsText = ({ turns }: Tally): string =>
  Object.entries(turns)
    .map(([outcome, count]) => `${count} ${outcome}`)
    .join(", ");

/** The known cost, and how many calls have none. */
export const costText = ({ costUsd, unknownCostCalls }: Tally): string =>
  unknownCostCalls === 0
    ? `$${costUsd}`
    : `$${costUsd}, and ${unknownCostCalls} calls of unknown price`;

/** Counts records as they go by. */
export class RecordTally {
  readonly #counts = new Map<string, number>();
  readonly #turns = new Map<string, number>();
  #announceTurns = 0;
  #nanoUsd = 0;
  #unknown = 0;
  #records = 0;

  add(record: WireRecord): void {
    const { eventName, attributes } = record;
    this.#records += 1;
    this.#counts.set(eventName, (this.#counts.get(eventName) ?? 0) + 1);
    if (eventName === own.EVENT_TURN_END) this.#addTurn(attributes);
    if (eventName !== EVENT_SESSION_END) return;
    this.#nanoUsd += Math.round(numberOf(attributes[own.ATTR_SESSION_COST_USD]) * NANO);
    this.#unknown += numberOf(attributes[own.ATTR_SESSION_COST_UNKNOWN_CALLS]);
  }

  #addTurn(attributes: WireRecord["attributes"]): void {
    if (own.UNCOUNTED_TRIGGERS.has(attributes[own.ATTR_TURN_TRIGGER])) {
      this.#announceTurns += 1;
      return;
    }
    const outcome = String(attributes[own.ATTR_TURN_OUTCOME]);
    this.#turns.set(outcome, (this.#turns.get(outcome) ?? 0) + 1);
  }

  read(): Tally {
    const count = (name: string): number => this.#counts.get(name) ?? 0;
    return {
      sessions: count(EVENT_SESSION_START),
      turns: Object.fromEntries([...this.#turns].sort()),
      announceTurns: this.#announceTurns,
      subagents: count(own.EVENT_SUBAGENT_SPAWNED),
      settingsChanges: count(own.EVENT_SESSION_PATCH),
      messages: count(own.EVENT_MESSAGE_RECEIVED) + count(own.EVENT_MESSAGE_SENT),
      records: this.#records,
      costUsd: this.#nanoUsd / NANO,
      unknownCostCalls: this.#unknown,
    };
  }
}

const numberOf = (value: unknown): number => (typeof value === "number" ? value : 0);
