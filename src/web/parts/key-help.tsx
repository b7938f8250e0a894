import { type ReactNode, useEffect, useRef } from "react";
import type { KeyBinding } from "./keyboard.tsx";
import "./key-help.css";

interface KeyHelpProps {
  readonly bindings: readonly KeyBinding[];
  readonly isOn: boolean;
  readonly onSetOn: (on: boolean) => void;
  readonly onClose: () => void;
}

/** The keys of the page that is shown, and a switch for those who type by voice. */
export function KeyHelp({ bindings, isOn, onSetOn, onClose }: KeyHelpProps): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} className="key-help" aria-labelledby="key-help-title" onClose={onClose}>
      <header className="key-help-head">
        <h2 id="key-help-title">Keys</h2>
        <button type="button" className="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </header>
      <dl>
        {bindings.map(({ keys, label }) => (
          <div key={label} className="key-help-row">
            <dt>
              {keys.map((chord) => (
                <KeyNames key={chord} chord={chord} />
              ))}
            </dt>
            <dd>{label}</dd>
          </div>
        ))}
      </dl>
      <label className="key-help-switch">
        <input type="checkbox" checked={isOn} onChange={() => onSetOn(!isOn)} /> Single keys do
        something
      </label>
    </dialog>
  );
}

const KeyNames = ({ chord }: { readonly chord: string }): ReactNode => (
  <span className="key-names">
    {chord.split(" ").map((key) => (
      <kbd key={key}>{key}</kbd>
    ))}
  </span>
);
