import { useCallback, useMemo, useState } from "react";
import type { TurnSummary } from "../../server/api-types.ts";
import { useSettledUrlValue, useUrlValue } from "../data/url.ts";
import { stepIn } from "../view-model/keys.ts";
import { findVisible, type Timeline } from "../view-model/timeline.ts";
import { useKeys } from "./keyboard.tsx";

export type Steps = ReturnType<typeof useSteps>;

/** Which steps are seen, which one is chosen, and the keys that change both. */
export function useSteps(timeline: Timeline, turn: TurnSummary | undefined) {
  const { rows } = timeline;
  const [collapsed, setCollapsed] = useState<ReadonlySet<string>>(new Set());
  const [search = "", setSearch] = useUrlValue("find");
  const [chosen, select] = useSettledUrlValue("span");
  const visible = useMemo(() => findVisible(rows, collapsed, search), [rows, collapsed, search]);
  const row =
    rows.find(({ id }) => id === chosen) ??
    rows.find((one) => one.turn !== null && one.turn.id === turn?.id) ??
    rows[0];
  const place = visible.findIndex((at) => rows[at] === row);
  const toggle = useCallback((id: string, isClosed?: boolean): void => {
    setCollapsed((before) => {
      const next = new Set(before);
      if (isClosed ?? !before.has(id)) next.add(id);
      else next.delete(id);
      return next;
    });
  }, []);
  const goTo = (at: number): void => {
    const next = rows[visible[at] ?? -1];
    if (next !== undefined) select(next.id);
  };
  const step = (by: number): void => goTo(stepIn(visible.length, place, by));
  const nextError = (): void => {
    const isError = (at: number): boolean => rows[at]?.isError === true;
    const after = visible.findIndex((at, index) => index > place && isError(at));
    goTo(after === -1 ? visible.findIndex(isError) : after);
  };
  const copyId = (): void => void navigator.clipboard.writeText(row?.id ?? "").catch(() => {});
  useKeys([
    { keys: ["j"], label: "Next step", run: () => step(1) },
    { keys: ["k"], label: "Step before", run: () => step(-1) },
    { keys: ["e"], label: "Next error", run: nextError },
    { keys: ["["], label: "Close the step", run: () => row && toggle(row.id, true) },
    { keys: ["]"], label: "Open the step", run: () => row && toggle(row.id, false) },
    { keys: ["c"], label: "Copy the step's id", run: copyId },
  ]);
  return { visible, row, place, search, setSearch, collapsed, toggle, select, step, goTo };
}
