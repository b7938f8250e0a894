import type { LiveEvent } from "../../server/api-report-types.ts";

/** `paused`: nobody looks, so nothing is asked for. */
export type StreamState = "connecting" | "live" | "down" | "paused";

interface StreamOptions {
  readonly onEvent: (event: LiveEvent) => void;
  /** Something may have been missed. */
  readonly onGap: () => void;
  readonly onState: (state: StreamState) => void;
}

const RETRY_MS = [500, 1000, 2000, 4000] as const;

/**
 * Listens to the server's events while the page is looked at: browsers open only six connections to a server,
 * and hidden pages would take them all. Reconnects by itself.
 */
export function listenLive({ onEvent, onGap, onState }: StreamOptions): Disposable {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let hasMissed = false;

  const stop = (): void => {
    clearTimeout(timer);
    source?.close();
    source = undefined;
  };
  const retry = (): void => {
    stop();
    hasMissed = true;
    onState("down");
    timer = setTimeout(start, RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]);
    failures += 1;
  };
  const start = (): void => {
    stop();
    source = new EventSource("/api/live");
    source.onopen = () => {
      failures = 0;
      onState("live");
      if (hasMissed) onGap();
      hasMissed = false;
    };
    source.onmessage = ({ data }) => onEvent(JSON.parse(String(data)) as LiveEvent);
    source.onerror = retry;
  };
  const onVisibility = (): void => {
    if (document.visibilityState === "visible") {
      start();
      return;
    }
    stop();
    hasMissed = true;
    onState("paused");
  };

  document.addEventListener("visibilitychange", onVisibility);
  start();
  return {
    [Symbol.dispose]: () => {
      document.removeEventListener("visibilitychange", onVisibility);
      stop();
    },
  };
}
