import { hash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";

/** Who may speak to a listener. */
export interface AccessRules {
  /** Names and addresses that a request may call us by, without ports. */
  readonly hosts: ReadonlySet<string>;
  /** Tokens that open it; empty: none is needed. */
  readonly tokens: readonly string[];
}

/** The names of this machine for itself. */
export const LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "[::1]"] as const;

/** How an address stands in a URL. */
export const inUrl = (address: string): string => (isIP(address) === 6 ? `[${address}]` : address);

/** The host of a `Host` header without its port, or `undefined` where it is none. */
function hostName(header: string | undefined): string | undefined {
  const match = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?$/.exec(header ?? "");
  return match?.[1]?.toLowerCase();
}

/** A name that leads here by somebody else's DNS is not one of ours: rebinding ends here. */
export function isKnownHost(header: string | undefined, { hosts }: AccessRules): boolean {
  const name = hostName(header);
  return name !== undefined && hosts.has(name);
}

/** A page's request names its origin; programs name none. */
export function isKnownOrigin(
  headers: { readonly origin?: string | undefined; readonly fetchSite?: string | undefined },
  rules: AccessRules,
): boolean {
  const { origin, fetchSite } = headers;
  if (fetchSite === "cross-site") return false;
  if (origin === undefined) return true;
  return URL.canParse(origin) && isKnownHost(new URL(origin).host, rules);
}

/** Compares in a time that tells nothing of either. */
export function isSameToken(one: string, other: string): boolean {
  const digest = (text: string): Buffer => hash("sha256", text, "buffer");
  return timingSafeEqual(digest(one), digest(other));
}

/** Whether a `Bearer` header names one of the tokens. */
export function hasToken(header: string | undefined, tokens: readonly string[]): boolean {
  const given = /^Bearer +(\S+)$/i.exec(header ?? "")?.[1];
  if (given === undefined) return false;
  return tokens.map((token) => isSameToken(given, token)).includes(true);
}
