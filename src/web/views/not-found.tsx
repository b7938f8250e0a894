import type { ReactNode } from "react";
import { Link } from "wouter";
import { PageTitle } from "../parts/page-title.tsx";

export function NotFoundPage(): ReactNode {
  return (
    <>
      <PageTitle title="No such page" />
      <h1>There is no such page</h1>
      <p>
        <Link href="/">All sessions</Link>
      </p>
    </>
  );
}
