import type { ReactNode } from "react";
import type { LogRecord } from "../../server/api-types.ts";
import { Said } from "../parts/texts.tsx";
import { Moment } from "../parts/times.tsx";
import { countOf, formatDuration } from "../view-model/format.ts";

interface RecordListProps {
  readonly records: readonly LogRecord[];
  readonly startMs: number;
}

/** Records past these are not listed: they are in the API. */
const MAX_RECORDS = 200;

/** What was recorded of a trace beside its spans. */
export function RecordList({ records, startMs }: RecordListProps): ReactNode {
  if (records.length === 0) return null;
  return (
    <details className="more">
      <summary>{countOf(records.length, "record")}</summary>
      <ul className="record-list">
        {records.slice(0, MAX_RECORDS).map(({ id, event, body, timeMs }) => (
          <li key={id}>
            <Moment ms={timeMs}>
              {timeMs < startMs ? "before" : `+${formatDuration(timeMs - startMs)}`}
            </Moment>
            <code>
              <Said>{event ?? "log"}</Said>
            </code>
            <span className="truncate">{body !== null && <Said>{body}</Said>}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
