import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import {
  BigValueGraphMode,
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  StackingConfigBuilder,
  StackingMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import type { Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TableBuilder } from "@grafana/grafana-foundation-sdk/table";
import { PanelBuilder as ChartBuilder } from "@grafana/grafana-foundation-sdk/timeseries";

const PROMETHEUS = { type: "prometheus", uid: "$metrics" };
/** Grafana's Infinity data source reads any JSON over HTTP: here, the query API of `turnspan up`. */
const RECORDS = { type: "yesoreyeram-infinity-datasource", uid: "$records" };

interface About {
  readonly title: string;
  /** What it shows and what it is made from: every panel names its source. */
  readonly source: string;
}

export interface StatPanel extends About {
  readonly expr: string;
  readonly unit: string;
  readonly decimals?: number;
}

/** One number for the time shown. */
export function stat({ title, source, expr, unit, decimals }: StatPanel): Builder<Panel> {
  const panel = new StatBuilder()
    .title(title)
    .description(source)
    .datasource(PROMETHEUS)
    .unit(unit)
    .span(4)
    .height(4)
    .graphMode(BigValueGraphMode.None)
    .withTarget(new DataqueryBuilder().expr(expr).instant().refId("A").datasource(PROMETHEUS));
  return decimals === undefined ? panel : panel.decimals(decimals);
}

interface Series {
  readonly expr: string;
  readonly legend: string;
  /** Shows traces as points that open them. */
  readonly exemplar?: boolean;
}

export interface ChartPanel extends About {
  readonly series: readonly Series[];
  readonly unit: string;
  /** `bars`: stacked, for amounts of an interval. Default: lines. */
  readonly draw?: "lines" | "bars";
  /** Length of a step, such as `1d`, where it must not be Grafana's choice. */
  readonly step?: "1h" | "1d";
  readonly width?: 8 | 12 | 24;
}

export function chart(about: ChartPanel): Builder<Panel> {
  const isBars = about.draw === "bars";
  const panel = new ChartBuilder()
    .title(about.title)
    .description(about.source)
    .datasource(PROMETHEUS)
    .unit(about.unit)
    .min(0)
    .span(about.width ?? 12)
    .height(8)
    .drawStyle(isBars ? GraphDrawStyle.Bars : GraphDrawStyle.Line)
    .fillOpacity(isBars ? 80 : 10)
    .showPoints(VisibilityMode.Never)
    .stacking(
      new StackingConfigBuilder().mode(isBars ? StackingMode.Normal : StackingMode.None).group("A"),
    )
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .calcs([]),
    )
    .targets(about.series.map(toTarget));
  return about.step === undefined ? panel : panel.interval(about.step);
}

function toTarget({ expr, legend, exemplar = false }: Series, index: number): Builder<Dataquery> {
  return new DataqueryBuilder()
    .expr(expr)
    .legendFormat(legend)
    .exemplar(exemplar)
    .range()
    .refId(String.fromCharCode(65 + index))
    .datasource(PROMETHEUS);
}

/** What jq calls it, its type, and its heading where that is another. */
type Column = readonly [
  selector: string,
  type: "string" | "number" | "timestamp_epoch",
  heading?: string,
];

/** jq: a record's attributes as one object. */
export const FLAT = "(.attributes | map({(.[0]): .[1]}) | add)";
/** jq: records as flat objects, one after the other. */
export const FLAT_RECORDS = `.records[] | {timeMs, traceId} + ${FLAT}`;

export interface RecordsTable extends About {
  /** Path and query of the server's API. */
  readonly path: string;
  /** jq: from the answer to flat rows, one after the other. */
  readonly rows: string;
  readonly columns: readonly Column[];
}

/** A query of the Infinity data source; the builder library has none for it. */
class InfinityQuery implements Builder<Dataquery> {
  readonly #query: object;

  constructor({ path, rows, columns }: RecordsTable) {
    this.#query = {
      refId: "A",
      datasource: RECORDS,
      type: "json",
      parser: "jq-backend",
      source: "url",
      format: "table",
      url: path,
      url_options: { method: "GET", data: "" },
      root_selector: rows,
      columns: columns.map(([selector, kind, text = selector]) => ({ selector, text, type: kind })),
    };
  }

  build(): Dataquery {
    return { ...this.#query, _implementsDataqueryVariant: () => undefined };
  }
}

/** Who did what: rows of the server's records. A column named `trace` opens the trace. */
export function recordsTable(about: RecordsTable): Builder<Panel> {
  return new TableBuilder()
    .title(about.title)
    .description(about.source)
    .datasource(RECORDS)
    .span(24)
    .height(9)
    .withTarget(new InfinityQuery(about))
    .overrideByName("trace", [{ id: "links", value: traceLinks() }]);
}

/** Explore takes a trace id as the query, of Jaeger and of Tempo alike. */
function traceLinks(): readonly object[] {
  return (["jaeger", "tempo"] as const).map((store) => {
    const queryType = store === "tempo" ? ',"queryType":"traceql"' : "";
    const pane = `{"a":{"datasource":"\${${store}}","queries":[{"refId":"A","query":"\${__value.raw}"${queryType}}]}}`;
    const url = `/explore?schemaVersion=1&panes=${pane}`;
    return { title: `Open in ${store}`, url, targetBlank: true };
  });
}
