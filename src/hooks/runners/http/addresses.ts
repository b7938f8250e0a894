import { BlockList, isIP } from "node:net";

/**
 * What an address is: anybody's, one of this machine or of a private network, or one that no hook may ever
 * reach: link-local and metadata services, which give out a machine's credentials, and what is no host.
 */
export type AddressClass = "public" | "private" | "never";

/** Networks by class; the first class that has the address counts. Everything else of IPv4 is public. */
const networks: Readonly<Record<Exclude<AddressClass, "public">, readonly string[]>> = {
  never: [
    ...["0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4"],
    // Metadata services outside the link-local network.
    ...["100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32"],
    ...["fd00:ec2::254/128", "fd20:ce::254/128"],
    ...["::/128", "fe80::/10", "fec0::/10", "ff00::/8", "100::/64"],
    // Tunnels: the address that counts is hidden inside, and who unpacks it is unknown.
    ...["2001::/23", "2002::/16", "64:ff9b:1::/48"],
  ],
  private: [
    ...["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"],
    ...["192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24"],
    ...["203.0.113.0/24", "::1/128", "fc00::/7", "2001:db8::/32"],
  ],
};

type Family = "ipv4" | "ipv6";
const familyOf = (address: string): Family => (isIP(address) === 4 ? "ipv4" : "ipv6");

/** Makes a list of networks such as `10.0.0.0/8`. Throws where one of them is none. */
export function toBlockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [network = "", bits] = range.split("/");
    list.addSubnet(network, Number(bits), familyOf(network));
  }
  return list;
}

const lists = { never: toBlockList(networks.never), private: toBlockList(networks.private) };
/** IPv6 addresses that anybody can have. */
const globalUnicast = toBlockList(["2000::/3"]);

/** Judges an address as the resolver or a URL gives it. What is no address is `never`. */
export function classifyAddress(address: string): AddressClass {
  const plain = address.replace(/%.*$/, "");
  if (isIP(plain) === 0) return "never";
  const inner = isIP(plain) === 6 ? embeddedAddress(plain) : undefined;
  if (inner !== undefined) return classifyEmbedded(inner);
  const family = familyOf(plain);
  if (lists.never.check(plain, family)) return "never";
  if (lists.private.check(plain, family)) return "private";
  return family === "ipv4" || globalUnicast.check(plain, "ipv6") ? "public" : "never";
}

interface Embedded {
  readonly address: string;
  readonly by: "mapped" | "nat64" | "compatible";
}

/** A translator reaches public addresses; behind it, a private one is not the one that was listed. */
function classifyEmbedded({ address, by }: Embedded): AddressClass {
  const inner = classifyAddress(address);
  if (by === "mapped" || (by === "nat64" && inner === "public")) return inner;
  return "never";
}

const prefixes: readonly (readonly [by: Embedded["by"], groups: readonly number[]])[] = [
  ["mapped", [0, 0, 0, 0, 0, 0xffff]],
  ["nat64", [0x64, 0xff9b, 0, 0, 0, 0]],
  ["compatible", [0, 0, 0, 0, 0, 0]],
];

/** The IPv4 address inside an IPv6 one, where it has one in its last four bytes. */
function embeddedAddress(address: string): Embedded | undefined {
  const groups = toGroups(address);
  const [high = 0, low = 0] = groups.slice(6);
  // `::` and `::1` begin like an embedded address, and are none.
  if (high === 0 && low <= 1) return undefined;
  const found = prefixes.find(([, prefix]) => prefix.every((group, at) => groups[at] === group));
  if (found === undefined) return undefined;
  const bytes = [high >> 8, high & 0xff, low >> 8, low & 0xff];
  return { by: found[0], address: bytes.join(".") };
}

/** The eight groups of an IPv6 address; a URL writes every spelling of one the same way. */
function toGroups(address: string): number[] {
  const spelled = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = "", tail] = spelled.split("::");
  const parse = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16));
  const [before, after] = [parse(head), parse(tail ?? "")];
  return [...before, ...Array(8 - before.length - after.length).fill(0), ...after];
}
