import { type BlockList, isIP } from "node:net";
import { classifyAddress, toBlockList } from "./addresses.ts";

/** Where a request wants to go. */
export interface Target {
  /** As it stands in the URL: no brackets, no dot at its end. */
  readonly host: string;
  readonly port: number;
  readonly isEncrypted: boolean;
}

/** Decides which addresses requests may go to: public ones, encrypted, and those that were listed. */
export class AllowedTargets {
  readonly #targets: ReadonlySet<string>;
  readonly #ranges: BlockList;

  /** `allow`: `host:port` and ranges such as `10.1.0.0/16`, as the setting `http.allow` has them. */
  constructor(allow: readonly string[]) {
    const isRange = (entry: string): boolean => entry.includes("/");
    this.#targets = new Set(allow.filter((entry) => !isRange(entry)).map(normalize));
    this.#ranges = toBlockList(allow.filter(isRange));
  }

  /** Why the target must not be reached at this address; undefined where it may. */
  findObjection(target: Target, address: string): string | undefined {
    const kind = classifyAddress(address);
    if (kind === "never") return `${address} may never be reached by a hook`;
    if (this.#isListed(target, address)) return undefined;
    const entry = JSON.stringify(`${bracket(target.host)}:${target.port}`);
    if (kind === "private") {
      return `${address} is an address of this machine or of a private network; to allow it, add ${entry} to http.allow`;
    }
    if (target.isEncrypted) return undefined;
    return `${target.host} would be reached without encryption; to allow it, add ${entry} to http.allow`;
  }

  #isListed({ host, port }: Target, address: string): boolean {
    if (this.#targets.has(`${host}:${port}`) || this.#targets.has(`${address}:${port}`))
      return true;
    return this.#ranges.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");
  }
}

/** Where a URL leads. */
export function toTarget(url: URL): Target {
  const isEncrypted = url.protocol === "https:";
  const host = url.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  return { host, port: Number(url.port) || (isEncrypted ? 443 : 80), isEncrypted };
}

/** `[::1]:80` and `LOCALHOST.:80` as `::1:80` and `localhost:80`: every spelling that a URL takes. */
function normalize(entry: string): string {
  const { host, port } = toTarget(new URL(`http://${entry}/`));
  return `${host}:${port}`;
}

const bracket = (host: string): string => (isIP(host) === 6 ? `[${host}]` : host);
