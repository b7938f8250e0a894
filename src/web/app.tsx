import type { ReactNode } from "react";
import { Route, Switch } from "wouter";
import { PageBoundary } from "./parts/page-boundary.tsx";
import { Shell } from "./parts/shell.tsx";
import { CostPage } from "./views/cost.tsx";
import { ErrorsPage } from "./views/errors.tsx";
import { NotFoundPage } from "./views/not-found.tsx";
import { SessionPage } from "./views/session.tsx";
import { SessionsPage } from "./views/sessions.tsx";
import { TracePage } from "./views/trace.tsx";
import { TurnPage } from "./views/turn.tsx";

/** A page for each address. A page of one thing begins anew for another thing. */
export function App(): ReactNode {
  return (
    <Shell>
      <PageBoundary>
        <Switch>
          <Route path="/" component={SessionsPage} />
          <Route path="/sessions/:id">{({ id }) => <SessionPage key={id} id={id} />}</Route>
          <Route path="/turns/:id">{({ id }) => <TurnPage key={id} id={id} />}</Route>
          <Route path="/traces/:id">{({ id }) => <TracePage key={id} id={id} />}</Route>
          <Route path="/cost" component={CostPage} />
          <Route path="/errors" component={ErrorsPage} />
          <Route component={NotFoundPage} />
        </Switch>
      </PageBoundary>
    </Shell>
  );
}
