import type {
  AttributeValue,
  CostSegment,
  HookDecision,
  SessionDetail,
  SettingChange,
  SettingsChange,
  TurnSummary,
} from "../../server/api-types.ts";

/** Something that happened in a session, as its page lists it. */
export type Moment =
  | {
      readonly type: "turn";
      readonly id: string;
      readonly timeMs: number;
      readonly turn: TurnSummary;
      readonly depth: number;
    }
  | {
      readonly type: "change";
      readonly id: string;
      readonly timeMs: number;
      readonly change: SettingsChange;
    }
  | {
      readonly type: "hook";
      readonly id: string;
      readonly timeMs: number;
      readonly hook: HookDecision;
    }
  | {
      readonly type: "opening";
      readonly id: string;
      readonly timeMs: number;
      readonly opening: SessionDetail["openings"][number];
    };

/** How deep subagents of subagents are drawn. */
const MAX_DEPTH = 4;

/** All that happened, oldest first: subagents stand below what spawned them. */
export function listMoments(detail: SessionDetail): Moment[] {
  const { turns, settingsChanges, hookDecisions, openings } = detail;
  const runIds = new Set(turns.map(({ runId }) => runId));
  const isTop = ({ parentRunId }: TurnSummary): boolean =>
    parentRunId === null || !runIds.has(parentRunId);
  const children = Map.groupBy(
    turns.filter((turn) => !isTop(turn)),
    ({ parentRunId }) => parentRunId,
  );
  const groups: Moment[][] = [
    ...turns.filter(isTop).map((turn) => withSubagents(turn, children)),
    ...settingsChanges.map((change): Moment[] => [
      { type: "change", id: change.id, timeMs: change.timeMs, change },
    ]),
    ...hookDecisions.map((hook): Moment[] => [
      { type: "hook", id: hook.id, timeMs: hook.timeMs, hook },
    ]),
    ...openings.map((opening): Moment[] => [
      {
        type: "opening",
        id: `${opening.event}-${opening.generation}-${opening.timeMs}`,
        timeMs: opening.timeMs,
        opening,
      },
    ]),
  ];
  return groups.toSorted(([one], [other]) => rankOf(one) - rankOf(other)).flat();
}

/** At the same moment an opening comes first and an end last. */
function rankOf(moment: Moment | undefined): number {
  if (moment === undefined) return 0;
  if (moment.type !== "opening") return moment.timeMs;
  return moment.timeMs + (moment.opening.event === "start" ? -0.001 : 0.001);
}

function withSubagents(
  top: TurnSummary,
  children: ReadonlyMap<string | null, readonly TurnSummary[]>,
): Moment[] {
  const moments: Moment[] = [];
  const seen = new Set<string>();
  const waiting = [{ turn: top, depth: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { turn, depth } = next;
    if (seen.has(turn.id)) continue;
    seen.add(turn.id);
    moments.push({ type: "turn", id: turn.id, timeMs: turn.startMs, turn, depth });
    const below = turn.runId === null ? [] : (children.get(turn.runId) ?? []);
    for (const child of below.toReversed()) {
      waiting.push({ turn: child, depth: Math.min(depth + 1, MAX_DEPTH) });
    }
  }
  return moments;
}

const actorWords: ReadonlyMap<string, string> = new Map([
  ["operator", "an operator"],
  ["sender", "the sender"],
  ["agent", "the agent"],
  ["tool", "a tool"],
  ["hook", "a hook"],
  ["config", "the configuration"],
]);

/** Who made a change, in words; where nobody told, that. */
export function describeActor({ kind, id }: SettingsChange["actor"]): string {
  const words = actorWords.get(kind);
  if (words === undefined) return kind === "unknown" ? "someone unknown" : kind;
  return id === null ? words : `${words.replace(/^(an?|the) /, "")} ${id}`;
}

/** A value of a setting on one line. */
function describeValue(value: AttributeValue): string {
  if (value === null) return "not set";
  return typeof value === "string" ? value : JSON.stringify(value);
}

export interface DescribedChange {
  readonly field: string;
  /** `undefined`: the value is kept from sight. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

const describeBefore = (isKnown: boolean, before: AttributeValue): string =>
  isKnown ? describeValue(before) : "unknown";

export const describeChange = ({
  field,
  shown,
  beforeKnown,
  before,
  after,
}: SettingChange): DescribedChange => ({
  field,
  before: shown ? describeBefore(beforeKnown, before) : undefined,
  after: shown ? describeValue(after) : undefined,
});

const changesModel = ({ changes }: SettingsChange): boolean =>
  changes.some(({ field }) => field === "model");

/** The change that set the model which was in force at a moment; `undefined`: it was the first one. */
export const findModelChange = (
  changes: readonly SettingsChange[],
  timeMs: number,
): SettingsChange | undefined =>
  changes.findLast((change) => changesModel(change) && change.timeMs <= timeMs);

/** The change that opened a cost segment. */
export const findSegmentChange = (
  changes: readonly SettingsChange[],
  { sinceMs }: CostSegment,
): SettingsChange | undefined =>
  changes.find((change) => changesModel(change) && change.timeMs === sinceMs);

/** What changed while a turn ran. */
export const findChangesDuring = (
  changes: readonly SettingsChange[],
  { startMs, endMs }: Pick<TurnSummary, "startMs" | "endMs">,
): SettingsChange[] =>
  changes.filter(({ timeMs }) => timeMs >= startMs && (endMs === null || timeMs <= endMs));

/** The hook decisions of a turn. */
export const findHooksOf = (
  hooks: readonly HookDecision[],
  { runId }: Pick<TurnSummary, "runId">,
): HookDecision[] => (runId === null ? [] : hooks.filter((hook) => hook.runId === runId));

/** The turns beside a turn: subagents are not counted among them. */
export function findNeighbours(
  turns: readonly TurnSummary[],
  id: string,
): { readonly before: TurnSummary | undefined; readonly after: TurnSummary | undefined } {
  const row = turns.filter((turn) => turn.kind === "turn" || turn.id === id);
  const place = row.findIndex((turn) => turn.id === id);
  return place === -1
    ? { before: undefined, after: undefined }
    : { before: row[place - 1], after: row[place + 1] };
}
