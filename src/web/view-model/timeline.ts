import type { SpanKind, SpanSummary, TraceDetail } from "../../server/api-trace-types.ts";
import type { TurnSummary } from "../../server/api-types.ts";

/** A row of the waterfall: a span, or a turn whose span is not there yet. */
export interface TimelineRow {
  /** The span's id, else the turn's. */
  readonly id: string;
  readonly kind: SpanKind;
  readonly name: string;
  readonly depth: number;
  readonly startMs: number;
  /** `null`: it runs. */
  readonly endMs: number | null;
  readonly isError: boolean;
  readonly isRunning: boolean;
  readonly hasChildren: boolean;
  /** Place of the parent in the list; -1 for a root. */
  readonly parent: number;
  readonly preview: string | null;
  readonly span: SpanSummary | null;
  readonly turn: TurnSummary | null;
}

export interface Timeline {
  readonly rows: readonly TimelineRow[];
  readonly startMs: number;
  /** The last end that is known; a running row goes on past it. */
  readonly endMs: number;
}

/** A span or turn on its way into the tree. */
interface Node {
  readonly id: string;
  readonly parentId: string | null;
  readonly startMs: number;
  readonly span: SpanSummary | null;
  readonly turn: TurnSummary | null;
}

/**
 * Lays a trace out as a tree, in order of start below each parent. Spans whose parent is missing are roots, and
 * a circle of parents is cut: every span is there exactly once.
 */
export function buildTimeline(trace: TraceDetail, focusTurnId?: string): Timeline {
  const nodes = collectNodes(trace);
  const children = groupByParent(nodes);
  const all = flatten(nodes, children);
  const rows = focusOn(all, trace, focusTurnId);
  let startMs = Number.POSITIVE_INFINITY;
  let endMs = Number.NEGATIVE_INFINITY;
  for (const row of rows) {
    startMs = Math.min(startMs, row.startMs);
    endMs = Math.max(endMs, row.endMs ?? row.startMs);
  }
  return rows.length === 0 ? { rows, startMs: 0, endMs: 0 } : { rows, startMs, endMs };
}

/** The spans, and the turns that run or of which no span came. */
function collectNodes({ spans, turns }: TraceDetail): Map<string, Node> {
  const turnOfSpan = new Map(turns.map((turn) => [turn.spanId, turn]));
  const nodes = new Map<string, Node>();
  for (const span of spans) {
    const turn = turnOfSpan.get(span.spanId) ?? null;
    const parentId = span.parentSpanId;
    nodes.set(span.spanId, { id: span.spanId, parentId, startMs: span.startMs, span, turn });
  }
  for (const turn of turns) {
    const id = turn.spanId ?? turn.id;
    if (nodes.has(id)) continue;
    nodes.set(id, {
      id,
      parentId: spawnerOf(turn, turns),
      startMs: turn.startMs,
      span: null,
      turn,
    });
  }
  return nodes;
}

function spawnerOf({ parentRunId }: TurnSummary, turns: readonly TurnSummary[]): string | null {
  if (parentRunId === null) return null;
  const spawner = turns.find(({ runId }) => runId === parentRunId);
  return spawner === undefined ? null : (spawner.spanId ?? spawner.id);
}

type Children = ReadonlyMap<string | null, readonly Node[]>;

function groupByParent(nodes: ReadonlyMap<string, Node>): Children {
  const children = new Map<string | null, Node[]>();
  for (const node of nodes.values()) {
    const { parentId } = node;
    const parent = parentId !== null && nodes.has(parentId) ? parentId : null;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [node]);
    else siblings.push(node);
  }
  for (const siblings of children.values()) siblings.sort((a, b) => a.startMs - b.startMs);
  return children;
}

function flatten(nodes: ReadonlyMap<string, Node>, children: Children): TimelineRow[] {
  const rows: TimelineRow[] = [];
  const seen = new Set<string>();
  const visit = (root: Node): void => {
    const waiting = [{ node: root, depth: 0, parent: -1 }];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { node, depth, parent } = next;
      if (seen.has(node.id)) continue;
      seen.add(node.id);
      const below = children.get(node.id) ?? [];
      const place = rows.push(toRow(node, depth, parent, below.length > 0)) - 1;
      for (const child of below.toReversed()) {
        waiting.push({ node: child, depth: depth + 1, parent: place });
      }
    }
  };
  for (const root of children.get(null) ?? []) visit(root);
  for (const node of nodes.values()) if (!seen.has(node.id)) visit(node);
  return rows;
}

function toRow(node: Node, depth: number, parent: number, hasChildren: boolean): TimelineRow {
  const { id, span, turn, startMs } = node;
  const isRunning = span === null && turn?.state === "running";
  const turnEndMs = isRunning ? null : (turn?.endMs ?? startMs);
  return {
    ...{ id, depth, parent, hasChildren, startMs, isRunning, span, turn },
    kind: span?.kind ?? turn?.kind ?? "other",
    name: nameOf(node),
    endMs: span === null ? turnEndMs : startMs + Math.max(span.durationMs, 0),
    isError: span?.status === "error" || turn?.state === "failed" || turn?.state === "abandoned",
    preview: previewOf(span, turn),
  };
}

function nameOf({ span, turn }: Node): string {
  const agent = turn?.label ?? span?.agent ?? turn?.agent;
  if (turn !== null && agent != null) return agent;
  if (span === null) return "unnamed";
  const named = span.kind === "model_call" || span.kind === "tool_call" ? span.subject : null;
  return named ?? (span.name === "" ? "unnamed" : span.name);
}

/** What a step said; where it said nothing, what it was asked. */
function previewOf(span: SpanSummary | null, turn: TurnSummary | null): string | null {
  if (span?.status === "error" && span.statusMessage !== null) return span.statusMessage;
  if (span?.kind === "tool_call") return span.inputPreview ?? span.outputPreview;
  if (span?.kind === "model_call") return span.outputPreview ?? span.inputPreview;
  return turn?.inputPreview ?? span?.inputPreview ?? span?.outputPreview ?? null;
}

/** Of a trace with several turns, the one that was asked for and what lies below it. */
function focusOn(
  rows: readonly TimelineRow[],
  { turns }: TraceDetail,
  focusTurnId: string | undefined,
): readonly TimelineRow[] {
  const isOnly = turns.filter(({ kind }) => kind === "turn").length <= 1;
  const first = rows.findIndex(({ turn }) => turn?.id === focusTurnId);
  if (focusTurnId === undefined || first === -1 || (isOnly && first === 0)) return rows;
  const top = rows[first];
  if (top === undefined || (isOnly && top.turn?.kind === "turn")) return rows;
  const after = rows.findIndex(({ depth }, place) => place > first && depth <= top.depth);
  return rows.slice(first, after === -1 ? undefined : after).map((row) => ({
    ...row,
    depth: row.depth - top.depth,
    parent: row.parent < first ? -1 : row.parent - first,
  }));
}

/** The places of the rows that are shown: not those below a collapsed one, and where a text is searched only hits and what leads to them. */
export function findVisible(
  rows: readonly TimelineRow[],
  collapsed: ReadonlySet<string>,
  search: string,
): number[] {
  const wanted = search.trim().toLowerCase();
  const kept = wanted === "" ? undefined : keepHits(rows, wanted);
  const visible: number[] = [];
  let hiddenBelow = Number.POSITIVE_INFINITY;
  for (const [place, row] of rows.entries()) {
    if (row.depth <= hiddenBelow) hiddenBelow = Number.POSITIVE_INFINITY;
    else continue;
    if (kept !== undefined && !kept.has(place)) continue;
    visible.push(place);
    if (kept === undefined && collapsed.has(row.id)) hiddenBelow = row.depth;
  }
  return visible;
}

function keepHits(rows: readonly TimelineRow[], wanted: string): Set<number> {
  const kept = new Set<number>();
  for (const [place, row] of rows.entries()) {
    if (!isHit(row, wanted)) continue;
    for (let at = place; at >= 0 && !kept.has(at); at = rows[at]?.parent ?? -1) kept.add(at);
  }
  return kept;
}

const isHit = ({ name, kind, preview, span, turn }: TimelineRow, wanted: string): boolean =>
  [
    name,
    kind,
    preview,
    span?.name,
    span?.errorType,
    span?.inputPreview,
    span?.outputPreview,
    turn?.errorType,
  ].some((text) => text?.toLowerCase().includes(wanted) === true);

/** The errors that started it: those with no error below them, in order of their end. */
export function findFirstCauses(rows: readonly TimelineRow[]): TimelineRow[] {
  const explained = new Set<number>();
  for (const row of rows) if (row.isError) explained.add(row.parent);
  return rows
    .filter((row, place) => row.isError && !explained.has(place))
    .toSorted((one, other) => (one.endMs ?? 0) - (other.endMs ?? 0));
}

/** Where a bar lies, in parts of the whole from 0 to 1. */
export function placeBar(
  row: Pick<TimelineRow, "startMs" | "endMs">,
  { startMs, endMs }: Pick<Timeline, "startMs" | "endMs">,
): { readonly left: number; readonly width: number } {
  const whole = endMs - startMs;
  if (!(whole > 0)) return { left: 0, width: 1 };
  const clamp = (part: number): number => Math.min(Math.max(part, 0), 1);
  const left = clamp((row.startMs - startMs) / whole);
  const right = clamp(((row.endMs ?? endMs) - startMs) / whole);
  return { left, width: Math.max(right - left, 0) };
}

/** Round times for the axis, from 0 to the whole duration: at most `most` of them. */
export function findTicks(durationMs: number, most: number): number[] {
  if (!(durationMs > 0) || most < 1) return [0];
  const power = 10 ** Math.floor(Math.log10(durationMs / most));
  const step = [1, 2, 5, 10]
    .map((factor) => factor * power)
    .find((one) => durationMs / one <= most);
  const count = Math.floor(durationMs / (step ?? durationMs));
  return Array.from({ length: count + 1 }, (_, place) => place * (step ?? durationMs));
}
