import type { ReactNode } from "react";
import { useStreamState } from "../data/live.tsx";
import { useStatus } from "../data/queries.ts";
import "./server-state.css";

/** Says on every page what keeps it from being up to date. */
export function ServerState(): ReactNode {
  const stream = useStreamState();
  const { data: status } = useStatus();
  if (stream === "down") {
    return (
      <Band>
        <strong>The server does not answer.</strong> What is shown may be old; trying again. Is{" "}
        <code>turnspan up</code> running?
      </Band>
    );
  }
  const store = status?.store;
  if (store === undefined || store.state === "ok") return null;
  return (
    <Band>
      <strong>
        {store.state === "full" ? "The disk is full: nothing new is stored." : "The store failed."}
      </strong>{" "}
      {store.state === "full"
        ? "Senders are told to try again; it goes on by itself when there is room."
        : store.problem}
    </Band>
  );
}

const Band = ({ children }: { readonly children: ReactNode }): ReactNode => (
  <div className="band tone-bad" role="alert">
    <p>{children}</p>
  </div>
);
