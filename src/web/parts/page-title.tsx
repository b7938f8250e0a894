import { type ReactNode, useEffect } from "react";

/** Names the browser's window after the page. */
export function PageTitle({ title }: { readonly title: string }): ReactNode {
  useEffect(() => {
    document.title = `${title} · Turnspan`;
  }, [title]);
  return null;
}
