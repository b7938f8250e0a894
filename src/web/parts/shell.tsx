import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { Footer } from "./footer.tsx";
import { useKeyHelp, useKeys } from "./keyboard.tsx";
import { ServerState } from "./server-state.tsx";
import { ThemeButton } from "./theme.tsx";
import "./shell.css";

const pages = [
  { path: "/", label: "Sessions", keys: "g s", owns: /^\/($|sessions|turns|traces)/ },
  { path: "/cost", label: "Cost", keys: "g c", owns: /^\/cost/ },
  { path: "/errors", label: "Errors", keys: "g e", owns: /^\/errors/ },
] as const;

/** What is around every page. */
export function Shell({ children }: { readonly children: ReactNode }): ReactNode {
  const [path, navigate] = useLocation();
  const openHelp = useKeyHelp();
  useKeys(
    pages.map((page) => ({
      keys: [page.keys],
      label: `Go to ${page.label}`,
      run: () => navigate(page.path),
    })),
  );
  return (
    <>
      <a className="skip-link" href="#main">
        Skip to the page
      </a>
      <header className="top">
        <div className="top-inside">
          <Link href="/" className="brand" aria-label="Turnspan, all sessions">
            <Mark />
            <span>Turnspan</span>
          </Link>
          <nav aria-label="Pages">
            {pages.map(({ path: to, label, owns }) => (
              <Link
                key={to}
                href={to}
                className="nav-link"
                aria-current={owns.test(path) ? "page" : undefined}
              >
                {label}
              </Link>
            ))}
          </nav>
          <div className="top-tools">
            <ThemeButton />
            <button type="button" className="quiet-button" aria-label="Keys" onClick={openHelp}>
              <kbd>?</kbd>
            </button>
          </div>
        </div>
      </header>
      <ServerState />
      <main id="main" className="page" tabIndex={-1}>
        {children}
      </main>
      <Footer />
    </>
  );
}

const Mark = (): ReactNode => (
  <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
    <rect width="32" height="32" rx="8" fill="#1f5f63" />
    <rect x="7" y="8" width="18" height="4" rx="2" fill="#f4efe4" />
    <rect x="11" y="14" width="10" height="4" rx="2" fill="#9fd4cd" />
    <rect x="17" y="20" width="8" height="4" rx="2" fill="#f0a35e" />
  </svg>
);
