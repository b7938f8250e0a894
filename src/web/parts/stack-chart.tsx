import { type ReactNode, useState } from "react";
import { formatDay } from "../view-model/format.ts";
import type { DayStack, Stacks } from "../view-model/stacks.ts";
import { Said } from "./texts.tsx";
import "./stack-chart.css";

interface StackChartProps {
  /** What is drawn, for those who hear the page: the table below says the same. */
  readonly title: string;
  readonly stacks: Stacks;
  /** Colours of the series, as names of tokens. */
  readonly colours: readonly string[];
  readonly format: (value: number) => string;
}

/** A column a day, of parts that lie on each other. Pointing at a day shows its figures in the legend. */
export function StackChart({ title, stacks, colours, format }: StackChartProps): ReactNode {
  const { days, most } = stacks;
  const [pointedMs, setPointed] = useState<number>();
  const top = most > 0 ? most : 1;
  return (
    <figure className="chart">
      <div
        className="chart-plot"
        role="img"
        aria-label={title}
        onPointerLeave={() => setPointed(undefined)}
      >
        <Scale most={most} format={format} />
        {days.map((day) => (
          <Column
            key={day.startMs}
            day={day}
            top={top}
            colours={colours}
            onPoint={() => setPointed(day.startMs)}
          />
        ))}
      </div>
      <div className="chart-axis" aria-hidden="true">
        <span>{formatDay(days.at(0)?.startMs ?? Number.NaN, Date.now())}</span>
        {days.length > 1 && (
          <span>{formatDay(days.at(-1)?.startMs ?? Number.NaN, Date.now())}</span>
        )}
      </div>
      <Legend
        stacks={stacks}
        colours={colours}
        format={format}
        pointed={days.find(({ startMs }) => startMs === pointedMs)}
      />
    </figure>
  );
}

type Look = Pick<StackChartProps, "stacks" | "colours" | "format">;

/** From here on half of an odd number is as good as a whole one. */
const LARGE = 1000;

/** The largest day, and half of it where that is a figure that can be. */
const Scale = ({
  most,
  format,
}: Pick<StackChartProps, "format"> & { readonly most: number }): ReactNode => (
  <>
    <span className="chart-most number">{format(most)}</span>
    {most > 0 && (most % 2 === 0 || most > LARGE) && (
      <span className="chart-half number">{format(most / 2)}</span>
    )}
  </>
);

/** What the colours mean, and the figures of a day, or of all of them. */
function Legend({
  stacks: { series, days },
  colours,
  format,
  pointed,
}: Look & { readonly pointed: DayStack | undefined }): ReactNode {
  const sumAt = (place: number): number =>
    days.reduce((sum, { values }) => sum + (values[place] ?? 0), 0);
  return (
    <figcaption className="chart-legend">
      <span className="chart-when">
        {pointed === undefined ? "In all" : formatDay(pointed.startMs, Date.now())}
      </span>
      {series.map((name, place) => (
        <span key={name}>
          <Swatch colour={colours[place]} />
          <Said>{name}</Said>{" "}
          <span className="number chart-figure">
            {format(pointed === undefined ? sumAt(place) : (pointed.values[place] ?? 0))}
          </span>
        </span>
      ))}
    </figcaption>
  );
}

export const SERIES_COLOURS = [
  "series-1",
  "series-2",
  "series-3",
  "series-4",
  "series-5",
  "series-6",
];

export const Swatch = ({ colour }: { readonly colour: string | undefined }): ReactNode => (
  <span className="swatch" style={{ background: `var(--${colour ?? "series-6"})` }} />
);

function Column({
  day: { values, total },
  top,
  colours,
  onPoint,
}: {
  readonly day: DayStack;
  readonly top: number;
  readonly colours: readonly string[];
  readonly onPoint: () => void;
}): ReactNode {
  return (
    <span className="chart-day" onPointerEnter={onPoint}>
      <span className="chart-column" style={{ height: `${(total / top) * 100}%` }}>
        {values.map((value, place) => (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: a part is known by its place alone.
            key={place}
            style={{ flexGrow: value, background: `var(--${colours[place] ?? "series-6"})` }}
          />
        ))}
      </span>
    </span>
  );
}
