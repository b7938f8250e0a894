import canonicalize from "canonicalize";

/** The first frame of every segment. */
export interface SegmentHeader {
  readonly version: 1;
  readonly number: number;
  /** Sequence of the first record; what an older segment holds from there on was never acknowledged. */
  readonly firstSeq: number;
  /** Epoch milliseconds. */
  readonly openedAt: number;
  /** Who writes: whatever the log was opened with. */
  readonly owner: unknown;
  /**
   * How many frames of the open set follow. Absent: the segment goes on where the one before it stopped
   * in trouble, and says nothing of what was open.
   */
  readonly carried?: number;
  /** Why the segment before this one was given up. */
  readonly after?: { readonly segment: number; readonly cause: string };
  /** The half-written end that a crash left, and that was cut off. */
  readonly repaired?: { readonly segment: number; readonly bytes: number };
}

/** Records that were lost, and why. Their sequence numbers are not used again. */
export interface Gap {
  readonly firstSeq: number;
  readonly count: number;
  readonly reason: string;
  /** When the first and the last of them came, epoch milliseconds. */
  readonly from: number;
  readonly to: number;
}

/** What a frame says. `unknown`: written by a newer version, or by somebody else. */
export type SegmentEntry =
  | { readonly kind: "segment"; readonly header: SegmentHeader }
  | { readonly kind: "owner"; readonly owner: unknown; readonly at: number }
  | { readonly kind: "carried"; readonly body: unknown }
  | { readonly kind: "record"; readonly seq: number; readonly body: unknown }
  | { readonly kind: "gap"; readonly gap: Gap }
  | { readonly kind: "close"; readonly nextSeq: number; readonly open: number }
  | { readonly kind: "unknown" };

type Kind = SegmentEntry["kind"];

/** Canonical JSON (RFC 8785). Throws where there is none: numbers that are not finite, lone surrogates. */
export function toCanonicalJson(value: object): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError("The value has no JSON form");
  return text;
}

/** A record's frame; `body` is canonical JSON. A literal in key order costs a third of sorting the keys. */
export const recordText = (body: string, seq: number): string => `{"record":${body},"seq":${seq}}`;

/** The frame of one open thing; `body` is canonical JSON. */
export const carriedText = (body: string): string => `{"carried":${body}}`;

export const headerText = (header: SegmentHeader): string => toCanonicalJson({ segment: header });

export const ownerText = (owner: unknown, at: number): string =>
  toCanonicalJson({ owner: { at, owner } });

export const gapText = (gap: Gap): string => toCanonicalJson({ gap });

/** The last frame of a log that was closed in order. */
export const closeText = (nextSeq: number, open: number): string =>
  toCanonicalJson({ close: { nextSeq, open } });

type Fields = Readonly<Record<string, unknown>>;

/** How each kind is read from its frame. What passed its check was written by us: nothing is checked twice. */
const readers = {
  record: ({ record, seq }: Fields) => ({ kind: "record", seq: seq as number, body: record }),
  carried: ({ carried }: Fields) => ({ kind: "carried", body: carried }),
  gap: ({ gap }: Fields) => ({ kind: "gap", gap: gap as Gap }),
  segment: ({ segment }: Fields) => ({ kind: "segment", header: segment as SegmentHeader }),
  owner: ({ owner }: Fields) => ({
    kind: "owner",
    ...(owner as { readonly owner: unknown; readonly at: number }),
  }),
  close: ({ close }: Fields) => ({
    kind: "close",
    ...(close as { readonly nextSeq: number; readonly open: number }),
  }),
} as const satisfies Record<Exclude<Kind, "unknown">, (fields: Fields) => SegmentEntry>;

/** Each kind's text begins with its name: the keys before `seq` and all others are in order. */
const KIND = /^\{"(record|carried|gap|segment|owner|close)":/;

/** Reads a frame's text. Never throws: what is no entry of ours is `unknown`. */
export function parseEntry(text: string): SegmentEntry {
  const kind = KIND.exec(text)?.[1] as keyof typeof readers | undefined;
  if (kind === undefined) return { kind: "unknown" };
  try {
    return readers[kind](JSON.parse(text) as Fields);
  } catch {
    return { kind: "unknown" };
  }
}
