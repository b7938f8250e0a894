import { type RefObject, useEffect, useRef } from "react";
import { stepIn } from "../view-model/keys.ts";
import { useKeys } from "./keyboard.tsx";

/** The item that was opened last from each page: coming back finds it again. */
const opened = new Map<string, string>();

const findItems = (list: HTMLElement | null): HTMLElement[] =>
  list === null ? [] : [...list.querySelectorAll<HTMLElement>("[data-item]")];

/** The place from which a step is made: the focused item, else the edge of what is seen. */
function findPlace(items: readonly HTMLElement[], by: 1 | -1): number {
  const focused = items.findIndex((item) => item.contains(document.activeElement));
  if (focused !== -1) return focused;
  const firstSeen = items.findIndex((item) => item.getBoundingClientRect().top >= 0);
  return by > 0 && firstSeen > 0 ? firstSeen - 1 : -1;
}

/** `j` and `k` go through the links of a list that carry `data-item`; Enter opens one, as for every link. */
export function useListKeys(list: RefObject<HTMLElement | null>, what: string): void {
  const address = useRef(window.location.pathname);
  const step = (by: 1 | -1): void => {
    const items = findItems(list.current);
    const item = items[stepIn(items.length, findPlace(items, by), by)];
    item?.focus({ preventScroll: true });
    item?.scrollIntoView({ block: "nearest" });
  };
  useKeys([
    { keys: ["j"], label: `Next ${what}`, run: () => step(1) },
    { keys: ["k"], label: `${capital(what)} before`, run: () => step(-1) },
    {
      keys: ["o"],
      label: `Open the ${what}`,
      run: () =>
        findItems(list.current)
          .find((item) => item === document.activeElement)
          ?.click(),
    },
  ]);
  useEffect(() => {
    const { current: path } = address;
    const wanted = opened.get(path);
    findItems(list.current)
      .find((item) => item.dataset["item"] === wanted)
      ?.focus({ preventScroll: true });
    const onClick = ({ target }: MouseEvent): void => {
      const item = target instanceof Element && target.closest<HTMLElement>("[data-item]");
      if (item) opened.set(path, item.dataset["item"] ?? "");
    };
    const element = list.current;
    element?.addEventListener("click", onClick);
    return () => element?.removeEventListener("click", onClick);
  }, [list]);
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
