import type { ReactNode } from "react";
import type { ServerStatus } from "../../server/api-report-types.ts";
import { useStreamState } from "../data/live.tsx";
import type { StreamState } from "../data/live-stream.ts";
import { useStatus } from "../data/queries.ts";
import { countOf, formatBytes, formatCount } from "../view-model/format.ts";
import "./footer.css";

const streamWords: Readonly<Record<StreamState, string>> = {
  connecting: "Connecting",
  live: "Live",
  down: "Not connected",
  paused: "Paused",
};

/** What the server has, and what it did not get. */
export function Footer(): ReactNode {
  const { data: status } = useStatus();
  const stream = useStreamState();
  return (
    <footer className="footer">
      <span className={`badge tone-${stream === "live" ? "good" : "quiet"}`}>
        <span className="badge-sign" />
        {streamWords[stream]}
      </span>
      {status !== undefined && <Stored status={status} />}
    </footer>
  );
}

function Stored({ status }: { readonly status: ServerStatus }): ReactNode {
  const { counts, storedBytes, maxBytes, maxAgeDays, otlpUrl, version } = status;
  const losses = listLosses(status);
  return (
    <>
      <span>
        {countOf(counts.turns, "turn")}, {countOf(counts.spans, "span")}; {formatBytes(storedBytes)}{" "}
        of {formatBytes(maxBytes)}, kept for {countOf(maxAgeDays, "day")}
      </span>
      <span>
        OTLP at <code>{otlpUrl}</code>
      </span>
      {losses.length > 0 && <span className="footer-losses">{losses.join("; ")}</span>}
      <span className="footer-version">Turnspan {version}</span>
    </>
  );
}

function listLosses({ received, senderDrops }: ServerStatus): string[] {
  const { rejectedItems, refusedRequests } = received;
  const drops = senderDrops.map(
    ({ service, signal, reason, count }) =>
      `${service ?? "a sender"} dropped ${formatCount(count)} ${signal ?? "items"} (${reason ?? "no reason told"})`,
  );
  return [
    ...(rejectedItems > 0 ? [`${countOf(rejectedItems, "item")} rejected`] : []),
    ...(refusedRequests > 0 ? [`${countOf(refusedRequests, "request")} refused`] : []),
    ...drops,
  ];
}
