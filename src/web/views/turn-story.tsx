import type { ReactNode } from "react";
import { Link } from "wouter";
import type {
  HookDecision,
  SessionDetail,
  SettingsChange,
  TurnSummary,
} from "../../server/api-types.ts";
import { Notice } from "../parts/notice.tsx";
import { LongText, Said } from "../parts/texts.tsx";
import { Moment } from "../parts/times.tsx";
import { explainTurn } from "../view-model/explain.ts";
import { formatClockSeconds, formatDuration } from "../view-model/format.ts";
import {
  describeActor,
  describeChange,
  findChangesDuring,
  findHooksOf,
  findModelChange,
} from "../view-model/moments.ts";
import type { TimelineRow } from "../view-model/timeline.ts";
import "./turn-story.css";

interface TurnStoryProps {
  readonly turn: TurnSummary;
  readonly detail: SessionDetail | undefined;
  readonly rows: readonly TimelineRow[];
  readonly onSelect: (id: string) => void;
}

/** Why a turn ended as it did, what was set, and what hooks said. */
export function TurnStory({ turn, detail, rows, onSelect }: TurnStoryProps): ReactNode {
  const explanation = explainTurn(turn, rows);
  return (
    <>
      {explanation !== undefined && (
        <Notice tone={explanation.tone} title={explanation.headline}>
          {explanation.message !== null && <LongText text={explanation.message} />}
          {explanation.cause !== undefined && (
            <Cause cause={explanation.cause} turn={turn} onSelect={onSelect} />
          )}
        </Notice>
      )}
      {detail !== undefined && <Settings turn={turn} detail={detail} />}
      {findHooksOf(detail?.hookDecisions ?? [], turn).map((hook) => (
        <HookLine key={hook.id} hook={hook} />
      ))}
    </>
  );
}

function Cause({
  cause,
  turn,
  onSelect,
}: {
  readonly cause: TimelineRow;
  readonly turn: TurnSummary;
  readonly onSelect: (id: string) => void;
}): ReactNode {
  return (
    <p>
      The step that failed:{" "}
      <button type="button" className="link-button" onClick={() => onSelect(cause.id)}>
        <Said>{cause.name}</Said>
      </button>
      , {formatDuration((cause.endMs ?? cause.startMs) - turn.startMs)} into the turn
    </p>
  );
}

/** Who set the model that was in force, and what changed meanwhile. */
function Settings({
  turn,
  detail,
}: {
  readonly turn: TurnSummary;
  readonly detail: SessionDetail;
}): ReactNode {
  const before = findModelChange(detail.settingsChanges, turn.startMs);
  const during = findChangesDuring(detail.settingsChanges, turn);
  const changes =
    before === undefined ? during : [before, ...during.filter((one) => one !== before)];
  if (changes.length === 0) return null;
  return (
    <ul className="story-settings">
      {changes.map((change) => (
        <ChangeLine key={change.id} change={change} />
      ))}
      <li>
        <Link href={`/sessions/${turn.sessionId}`}>All of the session</Link>
      </li>
    </ul>
  );
}

function ChangeLine({ change }: { readonly change: SettingsChange }): ReactNode {
  return (
    <li>
      {change.changes.map((one) => {
        const { field, before, after } = describeChange(one);
        return (
          <span key={field}>
            <Said>{field}</Said>{" "}
            {after !== undefined && (
              <>
                changed from <Said>{before ?? ""}</Said> to{" "}
                <strong>
                  <Said>{after}</Said>
                </strong>{" "}
              </>
            )}
          </span>
        );
      })}
      by <Said>{describeActor(change.actor)}</Said>
      {change.source !== null && (
        <>
          {" "}
          in <Said>{change.source}</Said>
        </>
      )}
      , <Moment ms={change.timeMs}>{formatClockSeconds(change.timeMs)}</Moment>
    </li>
  );
}

const HookLine = ({ hook }: { readonly hook: HookDecision }): ReactNode => (
  <p className="story-hook">
    Hook <Said>{hook.entry ?? hook.hook ?? "unnamed"}</Said>{" "}
    <Said>{hook.failed ? "failed" : `decided ${hook.decision ?? "something"}`}</Said>
    {(hook.reason ?? hook.errorMessage) !== null && (
      <>
        : <Said>{hook.reason ?? hook.errorMessage ?? ""}</Said>
      </>
    )}
  </p>
);
