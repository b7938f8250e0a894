import type { ReactNode } from "react";
import { Link } from "wouter";
import type {
  HookDecision,
  SessionDetail,
  SettingsChange,
  TurnSummary,
} from "../../server/api-types.ts";
import { Cost, TokenFlow } from "../parts/amounts.tsx";
import { StateBadge } from "../parts/state-badge.tsx";
import { Said } from "../parts/texts.tsx";
import { Duration, Moment as MomentTime } from "../parts/times.tsx";
import { countOf, formatClockSeconds, formatDay, formatDuration } from "../view-model/format.ts";
import { describeActor, describeChange, type Moment } from "../view-model/moments.ts";
import { nameOfTurn } from "../view-model/names.ts";
import "./moment-list.css";

/** Turns, settings changes, hook decisions, openings and ends, each at its time. */
export function MomentList({ moments }: { readonly moments: readonly Moment[] }): ReactNode {
  const nowMs = Date.now();
  const days = moments.map(({ timeMs }) => formatDay(timeMs, nowMs));
  if (moments.length === 0) return <p className="faint">Nothing was told of yet.</p>;
  return (
    <ol className="moments">
      {moments.map((moment, place) => (
        <li key={`${moment.type} ${moment.id}`} className={`moment moment-${moment.type}`}>
          {days[place] !== days[place - 1] && <p className="moment-day">{days[place]}</p>}
          <MomentBody moment={moment} />
        </li>
      ))}
    </ol>
  );
}

function MomentBody({ moment }: { readonly moment: Moment }): ReactNode {
  switch (moment.type) {
    case "turn":
      return <TurnLink turn={moment.turn} depth={moment.depth} />;
    case "change":
      return <Change change={moment.change} />;
    case "hook":
      return <Hook hook={moment.hook} />;
    case "opening":
      return <Opening opening={moment.opening} />;
  }
}

const Clock = ({ ms }: { readonly ms: number }): ReactNode => (
  <span className="moment-time">
    <MomentTime ms={ms}>{formatClockSeconds(ms)}</MomentTime>
  </span>
);

function TurnLink({
  turn,
  depth,
}: {
  readonly turn: TurnSummary;
  readonly depth: number;
}): ReactNode {
  const { id, state, startMs, durationMs, totals } = turn;
  return (
    <Link
      href={`/turns/${id}`}
      className="turn-link"
      data-item={id}
      style={{ marginInlineStart: `${depth * 1.75}rem` }}
    >
      <span className="turn-head">
        <Clock ms={startMs} />
        <span className="turn-name">
          <Said>{nameOfTurn(turn)}</Said>
        </span>
        <StateBadge turn={state} />
        <span className="turn-figures">
          <Duration startMs={startMs} durationMs={durationMs} isRunning={state === "running"} />
          <span className="turn-tokens">
            <TokenFlow of={totals} />
          </span>
          <Cost of={totals} />
        </span>
      </span>
      <TurnTexts turn={turn} />
    </Link>
  );
}

function TurnTexts({ turn }: { readonly turn: TurnSummary }): ReactNode {
  const { inputPreview, outputPreview, trigger } = turn;
  const problem = problemOf(turn);
  return (
    <span className="turn-texts">
      {inputPreview === null && trigger !== null && (
        <span className="turn-said faint">
          started by <Said>{trigger}</Said>
        </span>
      )}
      {inputPreview !== null && (
        <span className="turn-said turn-in">
          <Said>{inputPreview}</Said>
        </span>
      )}
      {outputPreview !== null && (
        <span className="turn-said turn-out">
          <Said>{outputPreview}</Said>
        </span>
      )}
      {problem !== undefined && (
        <span className={`turn-said turn-problem tone-${problem.tone}`}>
          <Said>{problem.text}</Said>
        </span>
      )}
    </span>
  );
}

function problemOf(
  turn: TurnSummary,
): { readonly tone: string; readonly text: string } | undefined {
  const { state, errorType, errorMessage, blockReason, blockHook } = turn;
  const join = (...texts: readonly (string | null)[]): string =>
    texts.filter((text) => text !== null).join(": ");
  if (state === "blocked") return { tone: "stopped", text: join(blockHook, blockReason) };
  if (state === "failed" || state === "abandoned") {
    return { tone: "bad", text: join(errorType, errorMessage) };
  }
  return undefined;
}

function Change({ change }: { readonly change: SettingsChange }): ReactNode {
  const { actor, source, timeMs } = change;
  return (
    <div className="moment-note">
      <Clock ms={timeMs} />
      <div>
        <p>
          <strong>Settings change</strong> by <Said>{describeActor(actor)}</Said>
          {source !== null && (
            <span className="faint">
              , in <Said>{source}</Said>
            </span>
          )}
        </p>
        <ul>
          {change.changes.map((one) => (
            <ChangedField key={one.field} {...describeChange(one)} />
          ))}
        </ul>
        {actor.evidence !== null && (
          <p className="faint">
            Known by <Said>{actor.evidence}</Said>
          </p>
        )}
      </div>
    </div>
  );
}

const ChangedField = ({ field, before, after }: ReturnType<typeof describeChange>): ReactNode => (
  <li className="changed-field">
    <Said>{field}</Said>{" "}
    {after === undefined ? (
      <span className="faint">changed; its value is not shown</span>
    ) : (
      <>
        <del>
          <Said>{before ?? ""}</Said>
        </del>
        <span aria-hidden="true"> → </span>
        <span className="visually-hidden">to</span>
        <ins>
          <Said>{after}</Said>
        </ins>
      </>
    )}
  </li>
);

function Hook({ hook }: { readonly hook: HookDecision }): ReactNode {
  const { failed, entry, decision, reason, errorType, errorMessage, durationMs } = hook;
  const said = failed ? [errorType, errorMessage] : [reason];
  const details = said.filter((text) => text !== null).join(": ");
  return (
    <div className="moment-note">
      <Clock ms={hook.timeMs} />
      <div>
        <p>
          <strong>Hook</strong> <Said>{entry ?? hook.hook ?? "unnamed"}</Said>{" "}
          <span className={failed ? "tone-bad toned" : "tone-stopped toned"}>
            <Said>{failed ? "failed" : (decision ?? "decided")}</Said>
          </span>
          {details !== "" && (
            <>
              : <Said>{details}</Said>
            </>
          )}
        </p>
        <p className="faint">
          <Said>{hook.hook ?? ""}</Said>
          {durationMs !== null && `, took ${formatDuration(durationMs)}`}
        </p>
      </div>
    </div>
  );
}

function Opening({ opening }: { readonly opening: SessionDetail["openings"][number] }): ReactNode {
  const { event, reason, timeMs, generation } = opening;
  return (
    <div className="moment-note">
      <Clock ms={timeMs} />
      <p>
        {event === "start" ? "Session opened" : "Session ended"}
        {reason !== null && (
          <>
            : <Said>{reason}</Said>
          </>
        )}
        {generation !== null && generation > 1 && (
          <span className="faint">, {countOf(generation, "opening")} by now</span>
        )}
      </p>
    </div>
  );
}
