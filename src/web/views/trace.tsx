import { type ReactNode, useMemo } from "react";
import { Link, useLocation } from "wouter";
import type { TraceDetail } from "../../server/api-trace-types.ts";
import { useTrace } from "../data/queries.ts";
import { useKeys } from "../parts/keyboard.tsx";
import { Loaded } from "../parts/loaded.tsx";
import { PageTitle } from "../parts/page-title.tsx";
import { Id, Said } from "../parts/texts.tsx";
import { countOf } from "../view-model/format.ts";
import { nameOf } from "../view-model/names.ts";
import { buildTimeline } from "../view-model/timeline.ts";
import { TraceBody } from "./trace-body.tsx";

/** A whole trace, with all its turns or without any. */
export function TracePage({ id }: { readonly id: string }): ReactNode {
  return (
    <Loaded query={useTrace(id)} what="trace">
      {(trace) => <Trace trace={trace} />}
    </Loaded>
  );
}

function Trace({ trace }: { readonly trace: TraceDetail }): ReactNode {
  const { traceId, session, spans, turns } = trace;
  const timeline = useMemo(() => buildTimeline(trace), [trace]);
  const [, navigate] = useLocation();
  const up = session === null ? "/" : `/sessions/${session.id}`;
  useKeys([{ keys: ["u"], label: "Up", run: () => navigate(up) }]);
  return (
    <>
      <PageTitle title="Trace" />
      <p className="crumbs">
        <Link href="/">Sessions</Link>
        {session !== null && (
          <>
            <span aria-hidden="true">/</span>
            <Link href={up}>
              <Said>{nameOf(session)}</Said>
            </Link>
          </>
        )}
      </p>
      <h1>Trace</h1>
      <p className="facts">
        <Id name="the trace id" value={traceId} />
        <span>{countOf(spans.length, "span")}</span>
        <span>{countOf(turns.length, "turn or subagent", "turns and subagents")}</span>
      </p>
      <TraceBody trace={trace} timeline={timeline} />
    </>
  );
}
