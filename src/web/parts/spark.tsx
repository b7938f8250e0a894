import type { ReactNode } from "react";
import "./spark.css";

/** Small columns beside a figure: how it came about. Whatever they say is said by a page too. */
export function Spark({ values }: { readonly values: readonly number[] }): ReactNode {
  const most = Math.max(...values);
  if (!(most > 0)) return null;
  return (
    <span className="spark" aria-hidden="true">
      {values.map((value, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a column is known by its place alone.
        <span key={place} style={{ blockSize: `${(value / most) * 100}%` }} />
      ))}
    </span>
  );
}
