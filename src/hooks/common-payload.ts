import type { LifecycleRecord } from "../lifecycle/records.ts";
import type { HookLog } from "./payload.ts";
import type { HookName } from "./points.ts";
import { formatTraceparent } from "./traceparent.ts";

/** What payloads read from outside their record. One object an engine. */
export interface PayloadSources {
  readonly log: HookLog;
  /** Our own config without secrets: `cfg` where a host gives none. */
  readonly cfg: unknown;
}

/**
 * The fields that every hook has. What costs time (a Date, a joined string) is made when it is read: it
 * would be a quarter of a dispatch, and most handlers read neither.
 */
export class CommonPayload {
  readonly hookPoint: HookName;
  readonly workflow = "agent";
  readonly sessionKey: string;
  readonly sessionId: string | undefined;
  readonly agentId: string | undefined;
  runId: string | undefined;
  readonly turnIndex: number | undefined;
  readonly #record: LifecycleRecord;
  readonly #sources: PayloadSources;
  #timestamp: Date | undefined;
  #meta: Record<string, unknown> | undefined;

  constructor(hook: HookName, record: LifecycleRecord, sources: PayloadSources) {
    const { run, session } = record;
    this.hookPoint = hook;
    this.sessionKey = session.sessionKey;
    this.sessionId = session.sessionId;
    this.agentId = run?.agentId ?? session.agentId;
    this.runId = run?.runId;
    this.turnIndex = run?.turnIndex;
    this.#record = record;
    this.#sources = sources;
  }

  get timestamp(): Date {
    this.#timestamp ??= new Date(this.#record.time);
    return this.#timestamp;
  }

  get traceparent(): string | undefined {
    const { run, session } = this.#record;
    const ids = run === undefined ? session.ids : run.ids;
    return ids === undefined ? undefined : formatTraceparent(ids);
  }

  get meta(): Record<string, unknown> {
    const owner = this.#bagOwner();
    if (owner !== undefined) {
      owner.meta ??= {};
      return owner.meta;
    }
    this.#meta ??= {};
    return this.#meta;
  }

  get log(): HookLog {
    return this.#sources.log;
  }

  toJSON(): object {
    const { timestamp, traceparent } = this;
    const bag = this.#bagOwner()?.meta ?? this.#meta;
    return { ...this, timestamp, traceparent, meta: jsonPart(bag) };
  }

  /** The record that a payload tells of; undefined for what is no payload of ours. */
  static recordOf(payload: object): LifecycleRecord | undefined {
    return #record in payload ? payload.#record : undefined;
  }

  /** A patch belongs to its session, whatever run was open then. */
  #bagOwner(): LifecycleRecord["run"] {
    return this.#record.type === "session.patch" ? undefined : this.#record.run;
  }
}

/** What of a bag can be written as JSON; undefined where that is nothing. */
function jsonPart(bag: Record<string, unknown> | undefined): object | undefined {
  const plain = Object.entries(bag ?? {}).filter(([, value]) => isJson(value));
  return plain.length === 0 ? undefined : Object.fromEntries(plain);
}

function isJson(value: unknown): boolean {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
}
