import { toCanonicalJson } from "../../base/segment-entry.ts";
import { SegmentLog } from "../../base/segment-log.ts";
import type { Ack } from "../../base/segment-queue.ts";
import type { LocatedEntry } from "../../base/segment-reader.ts";
import { type Claim, claimAnyWriter, claimDeadWriters } from "../../base/writer-lock.ts";
import { withDeadline } from "../deadline.ts";
import type { HookLog } from "../payload.ts";
import type { DeliveryJournal, Pending } from "./delivery-queue.ts";

export interface OutboxJournalOptions {
  /** Shared by all processes; each has a place of its own in it. */
  readonly folder: string;
  readonly log: HookLog;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** What a line of the log says: a delivery as it stands now, or that it is over. */
type Line = { readonly pending: Pending } | { readonly over: string };

const SEGMENT_BYTES = 4 * 1024 * 1024;
const MOST_BYTES = 256 * 1024 * 1024;
const STORE_TIMEOUT_MS = 2000;
/** The published schedule ends after 75 hours: what is older belongs to an entry that nobody has any more. */
const KEPT_MS = 5 * 24 * 60 * 60 * 1000;

/** One process's place: a segment log, and what of it is not over. */
class Place implements Disposable {
  readonly #claim: Claim;
  readonly #log: SegmentLog;
  readonly #open: Map<string, Pending>;

  private constructor(claim: Claim, log: SegmentLog, open: Map<string, Pending>) {
    this.#claim = claim;
    this.#log = log;
    this.#open = open;
  }

  /** Gives the claim back where that fails. */
  static async open(claim: Claim, { log, now }: OutboxJournalOptions): Promise<Place> {
    const open = new Map<string, Pending>();
    try {
      const segments = await SegmentLog.open({
        folder: claim.folder,
        clock: now,
        maxSegmentBytes: SEGMENT_BYTES,
        maxBytes: MOST_BYTES,
        openSet: () => [...open.values()].map(toCanonicalJson),
        replay: (located) => applyEntry(open, located),
        // A new segment begins with all that is open: the ones before it are not needed.
        retention: () => ({ before: now(), keepFromSeq: Number.MAX_SAFE_INTEGER }),
        onAlarm: (alarm) => {
          if (alarm.kind === "trouble") log.warn(`the outbox ${claim.folder} cannot be written`);
          if (alarm.kind === "losing")
            log.warn(`the outbox ${claim.folder} does not keep everything: ${alarm.reason}`);
        },
      });
      return new Place(claim, segments, open);
    } catch (error) {
      claim[Symbol.dispose]();
      throw error;
    }
  }

  get open(): readonly Pending[] {
    return [...this.#open.values()];
  }

  /** The log is written before it counts, as an open set is of the last line appended. */
  write(line: Line): Promise<Ack> {
    const ack = this.#log.append(toCanonicalJson(line));
    applyLine(this.#open, line);
    return ack;
  }

  /** Stores what waits and gives the place back. */
  async close(): Promise<void> {
    await this.#log.close(STORE_TIMEOUT_MS);
    this.#claim[Symbol.dispose]();
  }

  /** The same without the event loop, for a process that exits. */
  [Symbol.dispose](): void {
    this.#log.closeNow();
    this.#claim[Symbol.dispose]();
  }
}

function applyEntry(open: Map<string, Pending>, { entry }: LocatedEntry): void {
  // What passed the log's check was written by us.
  if (entry.kind === "carried") applyLine(open, { pending: entry.body as Pending });
  if (entry.kind === "record") applyLine(open, entry.body as Line);
}

function applyLine(open: Map<string, Pending>, line: Line): void {
  if ("over" in line) open.delete(line.over);
  else open.set(line.pending.id, line.pending);
}

/** Keeps what is to be delivered on disk, and finds what processes that are gone left there. */
export class OutboxJournal implements DeliveryJournal {
  readonly #options: OutboxJournalOptions;
  readonly #own: Place;

  private constructor(options: OutboxJournalOptions, own: Place) {
    this.#options = options;
    this.#own = own;
  }

  /** Rejects with what the file system says. */
  static async open(options: OutboxJournalOptions): Promise<OutboxJournal> {
    const claim = await claimAnyWriter(options.folder);
    return new OutboxJournal(options, await Place.open(claim, options));
  }

  async add(pending: Pending): Promise<void> {
    await withDeadline(this.#own.write({ pending }), STORE_TIMEOUT_MS).catch(() => undefined);
  }

  change(pending: Pending): void {
    void this.#own.write({ pending });
  }

  remove(id: string): void {
    void this.#own.write({ over: id });
  }

  async takeLeft(isWanted: (left: Pending) => boolean): Promise<readonly Pending[]> {
    this.#dropOld(this.#own);
    const own = this.#own.open.filter(isWanted);
    const known = new Set(own.map(({ id }) => id));
    const others = await this.#takeFromDead((left) => !known.has(left.id) && isWanted(left));
    return [...own, ...others];
  }

  [Symbol.dispose](): void {
    this.#own[Symbol.dispose]();
  }

  async #takeFromDead(isWanted: (left: Pending) => boolean): Promise<readonly Pending[]> {
    const taken: Pending[] = [];
    for (const claim of await this.#claimDead()) {
      try {
        const place = await Place.open(claim, this.#options);
        this.#dropOld(place);
        taken.push(...(await this.#move(place, isWanted)));
        await place.close();
      } catch (error) {
        this.#options.log.warn(`the outbox ${claim.folder} cannot be read: ${error}`);
      }
    }
    return taken;
  }

  async #claimDead(): Promise<readonly Claim[]> {
    try {
      return await claimDeadWriters(this.#options.folder);
    } catch (error) {
      this.#options.log.warn(`the outbox ${this.#options.folder} cannot be read: ${error}`);
      return [];
    }
  }

  /** First written here, then over there: a crash between leaves it twice, under one id. */
  async #move(place: Place, isWanted: (left: Pending) => boolean): Promise<readonly Pending[]> {
    const wanted = place.open.filter(isWanted);
    const acks = await Promise.all(wanted.map((pending) => this.#own.write({ pending })));
    const moved = wanted.filter((_, index) => acks[index]?.stored === true);
    await Promise.all(moved.map(({ id }) => place.write({ over: id })));
    return moved;
  }

  #dropOld(place: Place): void {
    const oldest = this.#options.now() - KEPT_MS;
    for (const { id, postedAt, destination } of place.open) {
      if (postedAt >= oldest) continue;
      this.#options.log.warn(`hook "${destination}": message ${id} waited for days and is lost`);
      void place.write({ over: id });
    }
  }
}
