import { Component, type ReactNode } from "react";
import { useLocation } from "wouter";
import { Notice } from "./notice.tsx";

interface BoundaryProps {
  readonly children: ReactNode;
}

/** A page that cannot be drawn says so; the others go on. */
class Boundary extends Component<BoundaryProps, { readonly error: Error | undefined }> {
  override state: { readonly error: Error | undefined } = { error: undefined };

  static getDerivedStateFromError(error: Error): { readonly error: Error } {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <Notice tone="bad" title="This page could not be drawn">
        <p>{error.message}</p>
        <p>
          <button
            type="button"
            className="button"
            onClick={() => this.setState({ error: undefined })}
          >
            Try again
          </button>
        </p>
      </Notice>
    );
  }
}

export function PageBoundary({ children }: BoundaryProps): ReactNode {
  const [path] = useLocation();
  return <Boundary key={path}>{children}</Boundary>;
}
