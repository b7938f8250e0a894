import type { ReactNode } from "react";
import { Said } from "./texts.tsx";

interface FactsProps {
  /** Name and value; what is not known is left out. */
  readonly of: Readonly<Record<string, string | null>>;
  /** What stands before them. */
  readonly children?: ReactNode;
}

/** A line of small facts. */
export function Facts({ of, children }: FactsProps): ReactNode {
  return (
    <p className="facts">
      {children}
      {Object.entries(of).map(([name, value]) =>
        value === null ? null : (
          <span key={name}>
            <span className="faint">{name} </span>
            <Said>{value}</Said>
          </span>
        ),
      )}
    </p>
  );
}
