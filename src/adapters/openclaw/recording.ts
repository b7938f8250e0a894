import { ReorderBuffer } from "../../base/reorder.ts";
import { type Fields, number, record, text } from "./fields.ts";
import { eventName, type HostEvent, type HostEventKind, ownTime } from "./host-events.ts";
import { findRow, rankOf } from "./host-table.ts";

/** A line that could not be read; it is skipped. */
export interface BrokenLine {
  /** From 1. */
  readonly line: number;
  readonly reason: string;
}

export interface RecordingOptions {
  readonly onBrokenLine?: ((broken: BrokenLine) => void) | undefined;
  /** How late a line may stand behind its own time. Default 5,000 ms. */
  readonly holdMs?: number | undefined;
  /** Lines read before the first is given out, to find when the recording began. Default 2,000. */
  readonly lookAheadLines?: number | undefined;
}

/** What a recorder wrote: a host event with its arrival in ms since the recorder's start. */
interface RecordedLine {
  readonly arrival: number;
  readonly kind: HostEventKind;
  /** Undefined where the line says nothing to us and only lets time pass. */
  readonly said: Said | undefined;
  readonly ownTime: number | undefined;
}

interface Said {
  readonly name: string;
  readonly rank: number;
  readonly key: string;
  readonly event: Fields;
  readonly ctx: Fields;
}

interface OrderedHostEvent extends HostEvent {
  readonly rank: number;
  readonly key: string;
}

const DEFAULT_HOLD_MS = 5_000;
const DEFAULT_LOOK_AHEAD = 2_000;
const NO_EVENTS: readonly HostEvent[] = [];

/** Kinds of recorded lines; those without a host kind are the recorder's own notes. */
const KINDS: ReadonlyMap<unknown, HostEventKind | undefined> = new Map<
  unknown,
  HostEventKind | undefined
>([
  ["typed", "typed"],
  ["internal", "internal"],
  ["diag", "diagnostic"],
  ["internalDiag", "diagnostic"],
  ["agentEvent", "agent"],
  ["service", "service"],
  ["register", undefined],
  ["sdk", undefined],
  ["mark", undefined],
]);

/** Which of several clocks names the recorder's start best: the least delayed payloads first. */
const isPrompt = (kind: HostEventKind): boolean => kind === "agent" || kind === "internal";

/**
 * Reads a recording of a gateway line by line: host events at their own times, in order, each once. Hooks
 * carry no time of their own, so the recorder's start is found from those lines that do.
 */
export class RecordingReader {
  readonly #options: RecordingOptions;
  readonly #lookAhead: number;
  readonly #buffer: ReorderBuffer<OrderedHostEvent>;
  /** Lines that wait for the start to be found. */
  #waiting: RecordedLine[] = [];
  #linesAhead = 0;
  #promptStart = Number.NEGATIVE_INFINITY;
  #slowStart = Number.NEGATIVE_INFINITY;
  #start: number | undefined;
  #newest = Number.NEGATIVE_INFINITY;
  #line = 0;
  #broken = 0;

  constructor(options: RecordingOptions = {}) {
    this.#options = options;
    this.#lookAhead = options.lookAheadLines ?? DEFAULT_LOOK_AHEAD;
    this.#buffer = new ReorderBuffer({ holdMs: options.holdMs ?? DEFAULT_HOLD_MS });
  }

  get lines(): number {
    return this.#line;
  }

  get brokenLines(): number {
    return this.#broken;
  }

  /** Lines that repeated another one exactly. */
  get duplicates(): number {
    return this.#buffer.duplicates;
  }

  /** Lines given out before their time because too many were held. */
  get releasedEarly(): number {
    return this.#buffer.releasedEarly;
  }

  /** Takes one line; returns the host events that are due. */
  push(line: string): readonly HostEvent[] {
    this.#line += 1;
    const fields = this.#parse(line);
    if (fields === undefined) return NO_EVENTS;
    const left = this.#isRestart(fields) ? this.#restart() : NO_EVENTS;
    const recorded = this.#read(fields, line);
    if (recorded === undefined) return left;
    if (recorded.arrival > this.#newest) this.#newest = recorded.arrival;
    const due =
      this.#start === undefined ? this.#lookInto(recorded) : this.#place(recorded, this.#start);
    return left.length === 0 ? due : [...left, ...due];
  }

  /** Counts and tells a line that nobody could hand over. */
  skip(reason: string): void {
    this.#line += 1;
    this.#reject(reason);
  }

  /** The recording is at its end: returns all that is left. */
  flush(): readonly HostEvent[] {
    return [...this.#findStart(), ...this.#buffer.flush()];
  }

  /** A recorder that starts again counts its time from 0 again; a plugin that is reloaded does not. */
  #isRestart(fields: Fields): boolean {
    if (fields["kind"] !== "register" || fields["mode"] !== "full") return false;
    return (number(fields["t"]) ?? this.#newest) < this.#newest;
  }

  #restart(): readonly HostEvent[] {
    const left = this.flush();
    this.#start = undefined;
    this.#linesAhead = 0;
    this.#newest = Number.NEGATIVE_INFINITY;
    this.#promptStart = Number.NEGATIVE_INFINITY;
    this.#slowStart = Number.NEGATIVE_INFINITY;
    return left;
  }

  #lookInto(recorded: RecordedLine): readonly HostEvent[] {
    this.#waiting.push(recorded);
    this.#compareClocks(recorded);
    this.#linesAhead += 1;
    return this.#linesAhead < this.#lookAhead ? NO_EVENTS : this.#findStart();
  }

  #compareClocks({ kind, ownTime: own, arrival }: RecordedLine): void {
    if (own === undefined) return;
    if (isPrompt(kind)) this.#promptStart = Math.max(this.#promptStart, own - arrival);
    else this.#slowStart = Math.max(this.#slowStart, own - arrival);
  }

  #findStart(): HostEvent[] {
    const start = [this.#promptStart, this.#slowStart, 0].find(Number.isFinite) ?? 0;
    this.#start = start;
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting.flatMap((recorded) => this.#place(recorded, start));
  }

  #place({ arrival, kind, said, ownTime: own }: RecordedLine, start: number): readonly HostEvent[] {
    const arrivedAt = start + arrival;
    if (said === undefined) return this.#buffer.advance(arrivedAt);
    const { name, rank, key, event, ctx } = said;
    return this.#buffer.push(
      { kind, name, time: own ?? arrivedAt, event, ctx, rank, key },
      arrivedAt,
    );
  }

  #parse(line: string): Fields | undefined {
    if (line.trim() === "") return undefined;
    try {
      return record(JSON.parse(line));
    } catch {
      return this.#reject("not JSON");
    }
  }

  #read(fields: Fields, line: string): RecordedLine | undefined {
    const kind = KINDS.get(fields["kind"]);
    if (kind === undefined) {
      return KINDS.has(fields["kind"]) ? undefined : this.#reject("not a line of a recording");
    }
    const arrival = number(fields["t"]);
    if (arrival === undefined) return this.#reject("no arrival time");
    const event = record(fields["event"]);
    const name = eventName(kind, fields["name"] ?? fields["phase"], event);
    if (name === "") return this.#reject("no event name");
    const own = ownTime(kind, event);
    const row = findRow(kind, name);
    const said = row && {
      name,
      rank: rankOf(row, event),
      key: keyOf(kind, fields, event, line),
      event,
      ctx: record(fields["ctx"]),
    };
    return { arrival, kind, said, ownTime: own };
  }

  #reject(reason: string): undefined {
    this.#broken += 1;
    this.#options.onBrokenLine?.({ line: this.#line, reason });
  }
}

const SEQ_DIGITS = 8;

/**
 * What tells a line from others of its time, whenever it arrived. Diagnostics and agent events are
 * numbered by the gateway; of the rest, all but the arrival counts.
 */
function keyOf(kind: HostEventKind, fields: Fields, event: Fields, line: string): string {
  const seq = number(event["seq"]);
  if (seq === undefined || kind === "typed" || kind === "internal") return withoutArrival(line);
  const numbered = String(seq).padStart(SEQ_DIGITS, "0");
  return kind === "agent"
    ? `${text(event["runId"])} ${numbered} ${text(event["stream"])}`
    : `${numbered} ${text(fields["name"])} ${text(fields["kind"])}`;
}

const withoutArrival = (line: string): string =>
  line.startsWith('{"t":') ? line.slice(line.indexOf(",")) : line;
