import { existsSync } from "node:fs";

const CHECK_MS = 3_000;
const SETTING = "plugins.entries.turnspan.config.telemetry.endpoint";

/** Asks an OTLP receiver to take nothing. Undefined where it does, else what is wrong and how to mend it. */
export async function findEndpointProblem(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<string | undefined> {
  try {
    const { status } = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({ resourceSpans: [] }),
      signal: AbortSignal.timeout(CHECK_MS),
    });
    if (status < 400 || status === 415) return undefined;
    return `${url} answers ${status}: ${fixFor(status)}`;
  } catch {
    return `nobody answers at ${url}: ${isContainer() ? CONTAINER : ""}start "turnspan up" there, or set ${SETTING}`;
  }
}

const CONTAINER = "in a container 127.0.0.1 is the container itself; ";

const isContainer = (): boolean => existsSync("/.dockerenv");

const fixFor = (status: number): string =>
  status === 401 || status === 403
    ? "set its token in plugins.entries.turnspan.config.telemetry.headers"
    : `is that an OTLP receiver? Else set ${SETTING}`;
