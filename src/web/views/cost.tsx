import type { ReactNode } from "react";
import type {
  CostGroup,
  CostReport,
  CostRow,
  UnknownPrice,
} from "../../server/api-report-types.ts";
import { type CostQuestion, useCost } from "../data/queries.ts";
import { useUrlValue } from "../data/url.ts";
import { Cost, cachedShare, PRICE_NOTE, TokenFlow } from "../parts/amounts.tsx";
import { Choice } from "../parts/choice.tsx";
import { Loaded } from "../parts/loaded.tsx";
import { PageTitle } from "../parts/page-title.tsx";
import { RangeChoice, useRange } from "../parts/range-choice.tsx";
import { SERIES_COLOURS, StackChart } from "../parts/stack-chart.tsx";
import { Stat, Stats } from "../parts/stats.tsx";
import { Copy, Said } from "../parts/texts.tsx";
import { countOf, formatCount, formatDay, formatShare, formatUsd } from "../view-model/format.ts";
import { daysOfRange, type RangeName } from "../view-model/ranges.ts";
import { stackCost } from "../view-model/stacks.ts";
import "./reports.css";

const groups = {
  day: "Day",
  project: "Project",
  agent: "Agent",
  model: "Model",
} as const satisfies Record<CostGroup, string>;

const isGroup = (name: string | undefined): name is CostGroup =>
  name !== undefined && Object.hasOwn(groups, name);

/** What model calls cost, by day, project, agent or model. */
export function CostPage(): ReactNode {
  const [by, setBy] = useUrlValue("by");
  const [range, setRange] = useRange();
  const group = isGroup(by) ? by : "day";
  const report = useCost({ range, by: group });
  return (
    <>
      <PageTitle title="Cost" />
      <div className="page-head">
        <h1>Cost</h1>
        <div className="filters">
          <Choice label="By" options={groups} value={group} onChange={setBy} />
          <RangeChoice value={range} onChange={setRange} />
        </div>
      </div>
      <Loaded query={report} what="cost">
        {(found) => (
          <>
            <CostStats report={found} />
            <UnknownPrices prices={found.unknownPrices} />
            <UntoldTokens prices={found.unknownPrices} />
            <Chart range={range} split={group === "day" ? "model" : group} />
            <CostTable report={found} />
          </>
        )}
      </Loaded>
    </>
  );
}

function CostStats({ report: { total } }: { readonly report: CostReport }): ReactNode {
  return (
    <Stats>
      <Stat label="In all" note={PRICE_NOTE}>
        <Cost of={total} />
      </Stat>
      <Stat label="Model calls">{formatCount(total.modelCalls)}</Stat>
      <Stat label="Tokens" note={cachedShare(total)}>
        <TokenFlow of={total} />
      </Stat>
    </Stats>
  );
}

interface UnknownProps {
  readonly prices: readonly UnknownPrice[];
}

const sumCalls = (prices: readonly UnknownPrice[]): number =>
  prices.reduce((sum, { calls }) => sum + calls, 0);

const nameOfModel = ({ provider, model }: UnknownPrice): string =>
  [provider, model].filter((text) => text !== null).join(" / ") || "model not told";

/** What no sum holds, and how to change that. */
function UnknownPrices({ prices }: UnknownProps): ReactNode {
  const missing = prices.filter((price) => price.missing === "price");
  if (missing.length === 0) return null;
  return (
    <section className="notice tone-stopped">
      <p className="notice-title">{countOf(sumCalls(missing), "call")} without a known price</p>
      <p>They are in no sum. A price of your own counts for the calls that follow:</p>
      <ul className="unknown-prices">
        {missing.map((price) => (
          <li key={nameOfModel(price)}>
            <span>
              <Said>{nameOfModel(price)}</Said>
              <span className="faint"> {countOf(price.calls, "call")}</span>
            </span>
            {price.command !== null && (
              <span className="id">
                <code>
                  <Said>{price.command}</Said>
                </code>
                <Copy name="the command" text={price.command} />
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Calls in no sum that a price would not help. */
function UntoldTokens({ prices }: UnknownProps): ReactNode {
  const missing = prices.filter((price) => price.missing === "tokens");
  if (missing.length === 0) return null;
  return (
    <p className="faint untold">
      {countOf(sumCalls(missing), "call")} told no tokens, as calls that fail do not, or came before
      their price was known; they are in no sum:{" "}
      {missing.map((price, place) => (
        <span key={nameOfModel(price)}>
          {place > 0 && ", "}
          <Said>{nameOfModel(price)}</Said> {formatCount(price.calls)}
        </span>
      ))}
    </p>
  );
}

/** Cost a day, split by what the page is about. */
function Chart({
  range,
  split,
}: {
  readonly range: RangeName;
  readonly split: CostQuestion["split"];
}): ReactNode {
  const { data } = useCost({ range, by: "day", split });
  if (data === undefined) return <div className="chart-space" />;
  const stacks = stackCost(data, daysOfRange(range, Date.now()));
  return (
    <div className="chart-space">
      <StackChart
        title={`Cost a day by ${split}; the table has the figures`}
        stacks={stacks}
        colours={SERIES_COLOURS}
        format={formatUsd}
      />
    </div>
  );
}

function CostTable({ report }: { readonly report: CostReport }): ReactNode {
  const { by, total } = report;
  const used = report.rows.filter(({ totals }) => totals.modelCalls > 0);
  const rows = by === "day" ? used.toReversed() : used;
  const most = rows.reduce((largest, { totals }) => Math.max(largest, totals.nanoUsd), 0);
  if (rows.length === 0) return <p className="nothing">No model call in this time.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways must be reached by keys.
    <section className="table-box" aria-label="Figures" tabIndex={0}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{groups[by]}</th>
            <th scope="col">Cost</th>
            <th scope="col">Share</th>
            <th scope="col">Calls</th>
            <th scope="col">Tokens</th>
            <th scope="col">Cached</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <CostLine
              key={`${row.day} ${row.provider} ${row.key}`}
              row={row}
              total={total.nanoUsd}
              most={most}
            />
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface CostLineProps {
  readonly row: CostRow;
  /** Of all rows, and of the dearest one. */
  readonly total: number;
  readonly most: number;
}

function CostLine({ row, total, most }: CostLineProps): ReactNode {
  const { totals, provider } = row;
  return (
    <tr>
      <th scope="row">
        <Said>{nameOfRow(row)}</Said>
        {provider !== null && (
          <span className="faint">
            {" "}
            <Said>{provider}</Said>
          </span>
        )}
      </th>
      <td>
        <Cost of={totals} />
      </td>
      <td className="share">
        <span
          className="share-bar"
          style={{ inlineSize: `${percentOf(totals.nanoUsd, most)}%` }}
          aria-hidden="true"
        />
        {formatShare(totals.nanoUsd, total)}
      </td>
      <td>{formatCount(totals.modelCalls)}</td>
      <td>
        <TokenFlow of={totals} />
      </td>
      <td>{formatShare(totals.cacheReadTokens, totals.inputTokens)}</td>
    </tr>
  );
}

const percentOf = (part: number, whole: number): number => (whole > 0 ? (part / whole) * 100 : 0);

const nameOfRow = ({ key, dayStartMs, day }: CostRow): string => {
  if (dayStartMs !== null) return formatDay(dayStartMs, Date.now());
  return key ?? day ?? "not told";
};
