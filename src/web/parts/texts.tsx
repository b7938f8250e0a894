import { type ReactNode, useState } from "react";
import "./texts.css";

/** What others wrote: kept from bending what stands beside it, whichever way it is read. */
export function Said({ children }: { readonly children: string }): ReactNode {
  return <bdi dir="auto">{children}</bdi>;
}

/** An id, which can be copied. */
export function Id({ name, value }: { readonly name: string; readonly value: string }): ReactNode {
  return (
    <span className="id">
      <code>
        <Said>{value}</Said>
      </code>
      <Copy name={name} text={value} />
    </span>
  );
}

const SHOWN_MS = 1500;

/** Copies a text; `name` says which. */
export function Copy({ name, text }: { readonly name: string; readonly text: string }): ReactNode {
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), SHOWN_MS);
  };
  return (
    <button
      type="button"
      className="copy"
      aria-label={`Copy ${name}`}
      onClick={() => void copy().catch(() => setCopied(false))}
    >
      {copied ? "Copied" : "Copy"}
    </button>
  );
}

const LONG_CHARS = 1500;

/** A text that may be very long: its beginning, and the rest on demand. */
export function LongText({
  text,
  isCode = false,
}: {
  readonly text: string;
  readonly isCode?: boolean;
}): ReactNode {
  const [isOpen, setOpen] = useState(false);
  const isLong = text.length > LONG_CHARS;
  const shown = isLong && !isOpen ? `${text.slice(0, LONG_CHARS).toWellFormed()}…` : text;
  return (
    <div className={isCode ? "long-text is-code" : "long-text"}>
      <Said>{shown}</Said>
      {isLong && (
        <button type="button" className="link-button" onClick={() => setOpen(!isOpen)}>
          {isOpen ? "Show less" : `Show all ${text.length.toLocaleString("en-US")} characters`}
        </button>
      )}
    </div>
  );
}
