/** An OTLP address as it is called, and the header that a name and password in it stand for. */
export interface Endpoint {
  /** Without name and password: it may be shown and logged, but for its query. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Reads a base URL, or a signal's own. A signal's path is added to that of the base, before its query. Name
 * and password become Basic authorization, as with curl and browsers. Undefined where it is no http or
 * https URL.
 */
export function readEndpoint(text: string, signalPath = ""): Endpoint | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (!/^https?:$/.test(url.protocol)) return undefined;
  const { username, password } = url;
  url.username = "";
  url.password = "";
  url.hash = "";
  if (signalPath !== "") url.pathname = `${url.pathname.replace(/\/+$/, "")}/${signalPath}`;
  if (username === "" && password === "") return { url: url.href };
  const pair = Buffer.from(`${decode(username)}:${decode(password)}`).toString("base64");
  return { url: url.href, headers: { Authorization: `Basic ${pair}` } };
}

/** A `%` that begins no code stands for itself. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** An address to be shown: what may be secret in it, name, password and query, is left out. */
export function showEndpoint(text: string): string {
  if (!URL.canParse(text)) return text.replace(/\/\/[^/]*@/, "//").replace(/[?#].*$/, "");
  const { protocol, host, pathname } = new URL(text);
  return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
}
