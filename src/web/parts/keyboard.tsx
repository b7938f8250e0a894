import {
  createContext,
  type ReactNode,
  type RefObject,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { type KeyPress, matchKeys } from "../view-model/keys.ts";
import { KeyHelp } from "./key-help.tsx";

/** What keys do on the page that is shown. */
export interface KeyBinding {
  /** `"j"`, or a chord such as `"g s"`; several do the same. */
  readonly keys: readonly string[];
  readonly label: string;
  readonly run: () => void;
}

interface KeyboardValue {
  readonly register: (bindings: RefObject<readonly KeyBinding[]>) => () => void;
  readonly openHelp: () => void;
}

const KeyboardContext = createContext<KeyboardValue>({
  register: () => () => {},
  openHelp: () => {},
});

const OFF_ITEM = "turnspan-keys-off";

/** Keys belong to whatever is typed into, and to dialogs. */
function isTaken(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return true;
  const { target } = event;
  return (
    target instanceof Element &&
    target.closest("input, textarea, select, dialog, [contenteditable]") !== null
  );
}

/** Hears the keyboard for all pages, with one listener; `?` tells what the keys do. */
export function Keyboard({ children }: { readonly children: ReactNode }): ReactNode {
  const groups = useRef(new Set<RefObject<readonly KeyBinding[]>>());
  const [shown, setShown] = useState<readonly KeyBinding[]>();
  const [isOn, setOn] = useState(() => localStorage.getItem(OFF_ITEM) === null);
  const value = useMemo<KeyboardValue>(
    () => ({
      register: (bindings) => {
        groups.current.add(bindings);
        return () => void groups.current.delete(bindings);
      },
      openHelp: () => setShown(listBindings(groups.current)),
    }),
    [],
  );
  useEffect(() => {
    if (!isOn) return;
    let before: KeyPress | undefined;
    const onKey = (event: KeyboardEvent): void => {
      if (isTaken(event) || event.key === "Shift") return;
      const pressed = { key: event.key, timeMs: event.timeStamp };
      const help = { keys: ["?"], label: "These keys", run: value.openHelp };
      const bindings = [...listBindings(groups.current), help];
      const match = matchKeys(
        bindings.map(({ keys }) => keys),
        pressed,
        before,
      );
      before = pressed;
      if (match.type !== "run") return;
      before = undefined;
      event.preventDefault();
      bindings[match.place]?.run();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [isOn, value]);
  const setKeysOn = (on: boolean): void => {
    setOn(on);
    if (on) localStorage.removeItem(OFF_ITEM);
    else localStorage.setItem(OFF_ITEM, "yes");
  };
  return (
    <KeyboardContext value={value}>
      {children}
      {shown !== undefined && (
        <KeyHelp
          bindings={shown}
          isOn={isOn}
          onSetOn={setKeysOn}
          onClose={() => setShown(undefined)}
        />
      )}
    </KeyboardContext>
  );
}

/** What was registered last comes first: a page's keys go before the shell's. */
const listBindings = (
  groups: ReadonlySet<RefObject<readonly KeyBinding[]>>,
): readonly KeyBinding[] => [...groups].toReversed().flatMap(({ current }) => current);

/** Binds keys for as long as the component is there. */
export function useKeys(bindings: readonly KeyBinding[]): void {
  const { register } = useContext(KeyboardContext);
  const latest = useRef(bindings);
  useEffect(() => {
    latest.current = bindings;
  });
  useEffect(() => register(latest), [register]);
}

export const useKeyHelp = (): (() => void) => useContext(KeyboardContext).openHelp;
