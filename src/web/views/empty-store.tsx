import type { ReactNode } from "react";
import type { ServerStatus } from "../../server/api-report-types.ts";
import { useStatus } from "../data/queries.ts";
import { Copy } from "../parts/texts.tsx";
import "./empty-store.css";

/** What a newcomer sees: that it works, what was found here, and what to do. It goes by itself. */
export function EmptyStore(): ReactNode {
  const { data: status } = useStatus();
  const otlpUrl = status?.otlpUrl ?? "http://127.0.0.1:4318";
  return (
    <div className="empty">
      <p className="badge tone-live">
        <span className="badge-sign" />
        Waiting for the first turn
      </p>
      <h1>Nothing was received yet</h1>
      <p className="empty-lead">
        This page shows a turn the moment it starts. Leave it open while you set up what is to be
        seen.
      </p>
      {status !== undefined && <Found found={status.found} />}
      <ol className="empty-steps">
        <Step
          title="An agent of your own, in TypeScript"
          command="npm install turnspan @opentelemetry/api"
        >
          Open a session, run its turns; three calls in all. Telemetry comes here by itself.
        </Step>
        <Step
          title="Anything that speaks OpenTelemetry"
          command={`export OTEL_EXPORTER_OTLP_ENDPOINT=${otlpUrl}`}
        >
          OTLP over HTTP, protobuf or JSON. Spans of OpenInference, OpenLLMetry and the Vercel AI
          SDK are understood.
        </Step>
        <Step
          title="A recording of an OpenClaw gateway"
          command={`turnspan replay --host openclaw FILE --endpoint ${otlpUrl}`}
        >
          Plays it at its own times.
        </Step>
      </ol>
    </div>
  );
}

/** The agents that are used here, and how each is made to tell of itself. */
function Found({ found }: Pick<ServerStatus, "found">): ReactNode {
  if (found.length === 0) return <p>No agent that Turnspan knows was found on this machine.</p>;
  return (
    <section className="empty-found panel">
      <h2>Found on this machine</h2>
      <ul>
        {found.map(({ name, evidence, command }) => (
          <li key={name}>
            <span className="empty-agent">
              {name} <code>{evidence}</code>
            </span>
            <Command command={command} />
          </li>
        ))}
      </ul>
      <p>
        <code>turnspan import</code> brings the past sessions of the CLI agents among them, from
        their own files; <code>turnspan cost --today</code> says what today came to.
      </p>
    </section>
  );
}

const Step = ({
  title,
  command,
  children,
}: {
  readonly title: string;
  readonly command: string;
  readonly children: ReactNode;
}): ReactNode => (
  <li className="panel">
    <h2>{title}</h2>
    <p>{children}</p>
    <Command command={command} />
  </li>
);

const Command = ({ command }: { readonly command: string }): ReactNode => (
  <span className="command">
    <code>{command}</code>
    <Copy name={`“${command}”`} text={command} />
  </span>
);
