import { type ReactNode, useEffect, useState } from "react";

const themes = ["auto", "light", "dark"] as const;
type Theme = (typeof themes)[number];

const labels: Readonly<Record<Theme, string>> = { auto: "Auto", light: "Light", dark: "Dark" };
const ITEM = "turnspan-theme";

function readTheme(): Theme {
  const stored = localStorage.getItem(ITEM);
  return themes.find((theme) => theme === stored) ?? "auto";
}

/** Light, dark, or as the system has it. */
export function ThemeButton(): ReactNode {
  const [theme, setTheme] = useState(readTheme);
  useEffect(() => {
    localStorage.setItem(ITEM, theme);
    if (theme === "auto") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
  }, [theme]);
  const next = themes[(themes.indexOf(theme) + 1) % themes.length] ?? "auto";
  return (
    <button
      type="button"
      className="quiet-button"
      aria-label={`Theme: ${labels[theme]}. Change to ${labels[next]}`}
      onClick={() => setTheme(next)}
    >
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" strokeWidth="1.6" />
        <path d="M8 1.8a6.2 6.2 0 0 1 0 12.4z" fill="currentColor" />
      </svg>
      <span>{labels[theme]}</span>
    </button>
  );
}
