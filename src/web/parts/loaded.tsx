import type { ReactNode } from "react";
import { ApiProblem } from "../data/ask.ts";
import { Notice } from "./notice.tsx";
import { PageTitle } from "./page-title.tsx";
import "./loaded.css";

interface LoadedProps<Data> {
  readonly query: { readonly data: Data | undefined; readonly error: Error | null };
  /** What is asked for, such as "session". */
  readonly what: string;
  readonly children: (data: Data) => ReactNode;
}

/** What was asked for; else that it is on its way, or why it does not come. */
export function Loaded<Data>({ query, what, children }: LoadedProps<Data>): ReactNode {
  const { data, error } = query;
  if (data !== undefined) return children(data);
  return error === null ? <Loading what={what} /> : <Problem error={error} what={what} />;
}

function Loading({ what }: { readonly what: string }): ReactNode {
  return (
    <div className="loading" role="status">
      <span className="visually-hidden">Loading the {what}</span>
      <span className="loading-line" />
      <span className="loading-line" />
      <span className="loading-line" />
    </div>
  );
}

function Problem({ error, what }: { readonly error: Error; readonly what: string }): ReactNode {
  const status = error instanceof ApiProblem ? error.status : undefined;
  if (status === 404) {
    return (
      <>
        <PageTitle title={`No such ${what}`} />
        <h1>There is no such {what} here</h1>
        <p>
          It may have been removed by age: sessions are kept for 30 days unless the server was told
          otherwise.
        </p>
      </>
    );
  }
  if (status === 401) {
    return (
      <Notice tone="bad" title="This browser is not let in">
        <p>
          Run <code>turnspan up</code> in a terminal of the server's machine: it prints an address
          that opens this page.
        </p>
      </Notice>
    );
  }
  return (
    <Notice tone="bad" title={`The ${what} could not be read`}>
      <p>{error.message}</p>
    </Notice>
  );
}
