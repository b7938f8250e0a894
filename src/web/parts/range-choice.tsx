import type { ReactNode } from "react";
import { useUrlValue } from "../data/url.ts";
import { DEFAULT_RANGE, isRangeName, type RangeName, ranges } from "../view-model/ranges.ts";
import { Choice } from "./choice.tsx";

/** The span of time in the address. */
export function useRange(): readonly [range: RangeName, set: (range: RangeName) => void] {
  const [value, set] = useUrlValue("range");
  const range = isRangeName(value ?? null) ? (value as RangeName) : DEFAULT_RANGE;
  return [range, (next) => set(next === DEFAULT_RANGE ? undefined : next)];
}

const options = Object.fromEntries(
  Object.entries(ranges).map(([name, { label }]) => [name, label]),
) as Record<RangeName, string>;

export const RangeChoice = ({
  value,
  onChange,
}: {
  readonly value: RangeName;
  readonly onChange: (range: RangeName) => void;
}): ReactNode => <Choice label="Time" options={options} value={value} onChange={onChange} />;
