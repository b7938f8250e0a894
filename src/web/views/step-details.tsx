import type { ReactNode } from "react";
import { Link } from "wouter";
import type { SpanDetail, SpanSummary } from "../../server/api-trace-types.ts";
import { useSpan } from "../data/queries.ts";
import { Money } from "../parts/amounts.tsx";
import { Attributes } from "../parts/attributes.tsx";
import { Messages } from "../parts/messages.tsx";
import { StateBadge } from "../parts/state-badge.tsx";
import { Id, LongText, Said } from "../parts/texts.tsx";
import { countOf, formatClockSeconds, formatCount, formatDuration } from "../view-model/format.ts";
import { spanKinds } from "../view-model/states.ts";
import type { TimelineRow } from "../view-model/timeline.ts";
import "./step-details.css";

interface StepDetailsProps {
  readonly traceId: string;
  readonly row: TimelineRow | undefined;
  /** When the first step began. */
  readonly startMs: number;
}

/** All that is known of the chosen step. */
export function StepDetails({ traceId, row, startMs }: StepDetailsProps): ReactNode {
  const { data } = useSpan(traceId, row?.span?.spanId);
  if (row === undefined) return null;
  // While another step's details are on their way, those of the last one are at hand: not to be mixed up.
  const detail = data !== undefined && data.span.spanId === row.span?.spanId ? data : undefined;
  return (
    <aside className="details panel" aria-label="The chosen step">
      <header className={`details-head kind-${row.kind}`}>
        <span className="step-kind">{spanKinds[row.kind].label}</span>
        {row.turn !== null && <StateBadge turn={row.turn.state} />}
        <h2>
          <Said>{row.name}</Said>
        </h2>
      </header>
      {row.span?.status === "error" && <StepError span={row.span} />}
      <Facts row={row} startMs={startMs} />
      {row.span === null && (
        <p className="details-note">Its span has not come: spans are sent when a step ends.</p>
      )}
      {detail !== undefined && <Content detail={detail} />}
      {detail !== undefined && <More detail={detail} startMs={startMs} />}
      <footer className="details-ids">
        {row.span !== null && <Id name="the span id" value={row.span.spanId} />}
        <Id name="the trace id" value={traceId} />
      </footer>
    </aside>
  );
}

const StepError = ({ span }: { readonly span: SpanSummary }): ReactNode => (
  <div className="details-error tone-bad">
    <strong>
      <Said>{span.errorType ?? "Error"}</Said>
    </strong>
    {span.statusMessage !== null && <LongText text={span.statusMessage} />}
  </div>
);

function Facts({
  row,
  startMs,
}: {
  readonly row: TimelineRow;
  readonly startMs: number;
}): ReactNode {
  const { span, endMs } = row;
  const took = endMs === null ? "running" : formatDuration(endMs - row.startMs);
  return (
    <dl className="details-facts">
      <Fact name="Started">
        {formatClockSeconds(row.startMs)}
        <span className="faint"> +{formatDuration(row.startMs - startMs)}</span>
      </Fact>
      <Fact name="Took">{took}</Fact>
      {span?.kind === "model_call" && <CallFacts span={span} />}
      {span?.agent != null && (
        <Fact name="Agent">
          <Said>{span.agent}</Said>
        </Fact>
      )}
    </dl>
  );
}

const costSources: ReadonlyMap<string, string> = new Map([
  ["host", "told by the host"],
  ["user", "by your price file"],
  ["genai-prices", "API list price"],
]);

function CallFacts({ span }: { readonly span: SpanSummary }): ReactNode {
  const { usage, provider, subject, nanoUsd, costSource, counted } = span;
  return (
    <>
      <Fact name="Model">
        <Said>{[provider, subject].filter((text) => text !== null).join(" / ") || "not told"}</Said>
      </Fact>
      <Fact name="Cost">
        {nanoUsd === null ? <UnknownCost span={span} /> : <Money nanoUsd={nanoUsd} />}
        {costSource !== null && (
          <span className="faint"> {costSources.get(costSource) ?? costSource}</span>
        )}
        {!counted && <span className="faint">; told twice, counted once</span>}
      </Fact>
      {usage !== null && (
        <>
          <Fact name="Tokens in">
            {formatCount(usage.inputTokens)}
            {usage.cacheReadTokens > 0 && (
              <span className="faint">, {formatCount(usage.cacheReadTokens)} from cache</span>
            )}
            {usage.cacheWriteTokens > 0 && (
              <span className="faint">, {formatCount(usage.cacheWriteTokens)} into it</span>
            )}
          </Fact>
          <Fact name="Tokens out">
            {formatCount(usage.outputTokens)}
            {usage.reasoningTokens > 0 && (
              <span className="faint">, {formatCount(usage.reasoningTokens)} reasoning</span>
            )}
          </Fact>
        </>
      )}
    </>
  );
}

const UnknownCost = ({ span: { usage } }: { readonly span: SpanSummary }): ReactNode => (
  <>
    <span className="unpriced">unknown</span>
    <span className="faint">{usage === null ? "; it told no tokens" : "; no price is known"}</span>
  </>
);

const Fact = ({
  name,
  children,
}: {
  readonly name: string;
  readonly children: ReactNode;
}): ReactNode => (
  <div>
    <dt>{name}</dt>
    <dd className="number">{children}</dd>
  </div>
);

/** Kinds that say something when their text is sent. */
const spoken = new Set<SpanSummary["kind"]>(["turn", "subagent", "model_call", "tool_call"]);

function Content({ detail }: { readonly detail: SpanDetail }): ReactNode {
  if (detail.content.length > 0) return <Messages content={detail.content} />;
  if (!spoken.has(detail.span.kind)) return null;
  return (
    <p className="details-note">
      No text came with it. Prompts and answers are sent only where <code>content</code> is set to{" "}
      <code>local</code> or <code>export</code>.
    </p>
  );
}

function More({
  detail,
  startMs,
}: {
  readonly detail: SpanDetail;
  readonly startMs: number;
}): ReactNode {
  const { attributes, events, links, resource, scope } = detail;
  return (
    <>
      {events.length > 0 && (
        <details className="more" open={events.length <= 3}>
          <summary>{countOf(events.length, "event")}</summary>
          {events.map(({ name, timeMs, attributes: pairs }, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: events have no id, and their order is fixed.
            <section key={place}>
              <h3>
                <Said>{name}</Said>{" "}
                <span className="faint">+{formatDuration(timeMs - startMs)}</span>
              </h3>
              <Attributes pairs={pairs} />
            </section>
          ))}
        </details>
      )}
      {links.length > 0 && (
        <details className="more">
          <summary>{countOf(links.length, "link")}</summary>
          <ul>
            {links.map(({ traceId, spanId }) => (
              <li key={traceId + spanId}>
                <Link href={`/traces/${traceId}?span=${spanId}`}>
                  <code>{traceId.slice(0, 8)}…</code> span <code>{spanId}</code>
                </Link>
              </li>
            ))}
          </ul>
        </details>
      )}
      <details className="more">
        <summary>{countOf(attributes.length, "attribute")}</summary>
        <Attributes pairs={attributes} />
      </details>
      <details className="more">
        <summary>Who sent it</summary>
        <Attributes
          pairs={[["scope", `${scope.name ?? "unnamed"} ${scope.version ?? ""}`], ...resource]}
        />
      </details>
    </>
  );
}
