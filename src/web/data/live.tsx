import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { LiveCache } from "./live-cache.ts";
import { listenLive, type StreamState } from "./live-stream.ts";

const StreamContext = createContext<StreamState>("connecting");

/** Keeps all that is shown up to date, and tells whether it is. */
export function LiveUpdates({ children }: { readonly children: ReactNode }): ReactNode {
  const client = useQueryClient();
  const [state, setState] = useState<StreamState>("connecting");
  useEffect(() => {
    const cache = new LiveCache(client);
    const stream = listenLive({
      onEvent: (event) => cache.apply(event),
      onGap: () => cache.refreshAll(),
      onState: setState,
    });
    return () => {
      stream[Symbol.dispose]();
      cache[Symbol.dispose]();
    };
  }, [client]);
  return <StreamContext value={state}>{children}</StreamContext>;
}

export const useStreamState = (): StreamState => useContext(StreamContext);
