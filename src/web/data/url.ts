import { useCallback, useEffect, useRef, useState } from "react";
import { useSearch } from "wouter";
import { navigate } from "wouter/use-browser-location";

/** Changes one value of the address's query, without an entry in the history. */
function replaceValue(name: string, value: string | undefined): void {
  const params = new URLSearchParams(window.location.search);
  if (value === undefined || value === "") params.delete(name);
  else params.set(name, value);
  const query = params.size === 0 ? "" : `?${params}`;
  navigate(window.location.pathname + query, { replace: true });
}

type UrlValue = readonly [
  value: string | undefined,
  /** `undefined` takes it out. */
  set: (value: string | undefined) => void,
];

/** A value of the address's query. */
export function useUrlValue(name: string): UrlValue {
  const search = useSearch();
  const set = useCallback((value: string | undefined) => replaceValue(name, value), [name]);
  return [new URLSearchParams(search).get(name) ?? undefined, set];
}

/** Browsers refuse more than a few hundred changes of the address in ten seconds. */
const SETTLE_MS = 150;

/** As `useUrlValue`, for what changes as fast as keys repeat: the address follows when it has settled. */
export function useSettledUrlValue(name: string): UrlValue {
  const [inUrl, setUrl] = useUrlValue(name);
  const [value, setValue] = useState(inUrl);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => setValue(inUrl), [inUrl]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const set = useCallback(
    (next: string | undefined): void => {
      setValue(next);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => setUrl(next), SETTLE_MS);
    },
    [setUrl],
  );
  return [value, set];
}
