import type { ReactNode } from "react";
import "./stats.css";

/** Figures in a row. */
export function Stats({ children }: { readonly children: ReactNode }): ReactNode {
  return <dl className="stats">{children}</dl>;
}

interface StatProps {
  readonly label: string;
  readonly children: ReactNode;
  /** What explains the figure. */
  readonly note?: ReactNode;
  readonly tone?: "bad" | "live" | undefined;
  /** Drawn in the corner, where there is room. */
  readonly aside?: ReactNode;
}

export function Stat({ label, children, note, tone, aside }: StatProps): ReactNode {
  return (
    <div className={tone === undefined ? "stat" : `stat tone-${tone}`}>
      <dt>{label}</dt>
      <dd>
        <span className="stat-value">{children}</span>
        {note !== undefined && <span className="stat-note">{note}</span>}
        {aside !== undefined && <span className="stat-aside">{aside}</span>}
      </dd>
    </div>
  );
}
