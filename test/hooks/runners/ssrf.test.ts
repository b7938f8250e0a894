import type { LookupAddress } from "node:dns";
import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import { classifyAddress } from "../../../src/hooks/runners/http/addresses.ts";
import { type Configured, startConfigured } from "../configured.ts";
import { startReceiver } from "./receiver.ts";

/** A port of this machine that counts who comes, whatever they say. */
async function startSink(host: string) {
  const seen = { connections: 0, bytes: 0 };
  const server = createServer((socket) => {
    seen.connections += 1;
    socket.on("data", (chunk) => (seen.bytes += chunk.length));
    socket.on("error", () => undefined);
    socket.end("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return {
    seen,
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

const fold = (text: string): string =>
  [...text].map((char) => String.fromCodePoint((char.codePointAt(0) ?? 0) + 0xfee0)).join("");

/** Spellings of this machine that a URL takes. */
const loopbacks = [
  ..."127.0.0.1 127.1 127.0.1 127.255.255.254 0177.0.0.1 0x7f.1 0x7f000001 2130706433 017700000001".split(
    " ",
  ),
  ..."0x7f.0x0.0x0.0x1 127.0.0.1. 00000177.1 0 0.0.0.0 0x0 localhost LOCALHOST localhost. LocalHost".split(
    " ",
  ),
  ..."a.localhost localhost.localdomain [::1] [0:0:0:0:0:0:0:1] [0000::0001] [::] [::ffff:127.0.0.1]".split(
    " ",
  ),
  ..."[::ffff:7f00:1] [::ffff:7f00:0001] [0:0:0:0:0:ffff:127.0.0.1] [::127.0.0.1] [64:ff9b::127.0.0.1]".split(
    " ",
  ),
  ..."[64:ff9b::7f00:1] [64:ff9b:1::7f00:1] [2002:7f00:1::] [2002:7f00:0001::1] [2001:0:7f00:1::]".split(
    " ",
  ),
  ..."[2001:0:0:0:0:0:80ff:fffe] [::ffff:0:127.0.0.1] [fe80::1] [fec0::1] [fc00::1] [fd12:3456::1]".split(
    " ",
  ),
  ..."[fd00:ec2::254] [ff02::1] [100::1] [5f00::1] [::2] [::ffff:0.0.0.0] [::ffff:10.0.0.1]".split(
    " ",
  ),
  ..."%31%32%37.0.0.1 127%2e0.0.1 user@127.0.0.1 user:pass@127.0.0.1 example.com@127.0.0.1".split(
    " ",
  ),
  ...["127。0。0。1", "①②⑦.⓪.⓪.①", fold("127.0.0.1").replaceAll(fold("."), "."), fold("localhost")],
];
/** Networks that are nobody's business, and services that give out a machine's credentials. */
const networks = [
  ..."10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.254 192.168.0.1 192.168.255.254 100.64.0.1".split(
    " ",
  ),
  ..."100.127.255.254 100.100.100.200 169.254.0.1 169.254.169.254 169.254.170.2 169.254.169.253".split(
    " ",
  ),
  ..."168.63.129.16 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 198.18.0.1 198.19.255.254 198.51.100.1".split(
    " ",
  ),
  ..."203.0.113.1 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255 0.1.2.3 2852039166 0xa9fea9fe".split(
    " ",
  ),
  ..."0251.0376.0251.0376 169.16689662 [::ffff:169.254.169.254] [::ffff:a9fe:a9fe] [64:ff9b::a9fe:a9fe]".split(
    " ",
  ),
  ..."[64:ff9b::169.254.169.254] [2002:a9fe:a9fe::] [64:ff9b::10.0.0.1] [::ffff:192.168.1.1] [fd20:ce::254]".split(
    " ",
  ),
  ..."[2001:db8::1] [2001:10::1] [2001:20::1] 3232235777 0xc0a80101 192.168.257 10.1 012.1 172.1048577".split(
    " ",
  ),
];

/** Every spelling as a URL that leads to the sink's port, as far as it leads anywhere. */
const spell = (port: number): string[] =>
  [...loopbacks, ...networks].flatMap((host) =>
    ["http", "https"].map((scheme) => `${scheme}://${host}:${port}/hook`),
  );

/** Sends one event to a URL that comes from the environment, so that no schema stands in between. */
async function send(hooks: Configured): Promise<string> {
  using session = hooks.turnspan.openSession({ sessionKey: "k" });
  const before = hooks.findings.length;
  await session.turn({}, () => "done");
  await hooks.settled();
  return String(hooks.findings[before]?.error ?? "sent");
}

const REFUSED = /may never be reached by a hook|add "[^"]+" to http\.allow/;

test("of more than 200 spellings of addresses that nobody allowed, none is sent a byte", async () => {
  await using sink = await startSink("127.0.0.1");
  const urls = spell(sink.port);
  expect(urls.length).toBeGreaterThan(200);
  const wrong: string[] = [];
  for (const url of urls) {
    using hooks = await startConfigured(
      { hooks: { afterTurn: [{ url: { env: "URL" }, timeoutMs: 60_000 }] } },
      { env: { URL: url } },
    );
    const outcome = await send(hooks);
    const isNoUrl = !URL.canParse(url) && outcome === "the variable of the URL holds no URL";
    const hasNoAddress = /ENOTFOUND|EAI_AGAIN/.test(outcome);
    if (!REFUSED.test(outcome) && !isNoUrl && !hasNoAddress) wrong.push(`${url}: ${outcome}`);
  }
  expect(wrong).toEqual([]);
  expect(sink.seen).toEqual({ connections: 0, bytes: 0 });
}, 300_000);

test("without this protection those spellings do reach the sink: the test above can fail", async () => {
  await using sink = await startSink("127.0.0.1");
  const plain = spell(sink.port).filter((url) => url.startsWith("http:") && URL.canParse(url));
  await Promise.allSettled(
    plain.slice(0, 12).map((url) => fetch(url, { signal: AbortSignal.timeout(2000) })),
  );
  expect(sink.seen.connections).toBeGreaterThan(3);
});

test.each([
  ["its URL's host and port", (port: number) => [`127.0.0.1:${port}`], "127.0.0.1"],
  ["a name", (port: number) => [`localhost:${port}`], "localhost"],
  ["a name in another spelling", (port: number) => [`LOCALHOST.:${port}`], "localhost"],
  ["the address that a name has", (port: number) => [`127.0.0.1:${port}`], "localhost"],
  ["a range", () => ["127.0.0.0/8"], "127.0.0.1"],
  [
    "one of several",
    (port: number) => ["10.0.0.0/8", `[::1]:${port}`, `127.0.0.1:${port}`],
    "127.0.0.1",
  ],
])("what is listed by %s is reached, every time", async (_what, list, host) => {
  await using receiver = await startReceiver();
  const port = Number(receiver.target.split(":").at(-1));
  using hooks = await startConfigured(
    { hooks: { afterTurn: [{ url: `http://${host}:${port}/hook` }] }, http: { allow: list(port) } },
    { resolveHost: async () => [{ address: "127.0.0.1", family: 4 }] },
  );
  for (let times = 0; times < 20; times += 1) expect(await send(hooks)).toBe("sent");
  expect(receiver.received).toHaveLength(20);
});

test.each([
  ["another port", ["127.0.0.1:1"]],
  ["another address", ["127.0.0.2:PORT"]],
  ["another range", ["10.0.0.0/8"]],
])("listing %s allows nothing else, and the refusal names the setting", async (_what, list) => {
  await using receiver = await startReceiver();
  const port = receiver.target.split(":").at(-1) ?? "";
  using hooks = await startConfigured({
    hooks: { afterTurn: [{ url: receiver.url }] },
    http: { allow: list.map((entry) => entry.replace("PORT", port)) },
  });
  expect(await send(hooks)).toBe(
    `127.0.0.1 is an address of this machine or of a private network; to allow it, add "${receiver.target}" to http.allow`,
  );
  expect(receiver.received).toEqual([]);
});

test("a metadata service is refused even where it is listed", async () => {
  using hooks = await startConfigured({
    hooks: { afterTurn: [{ url: "http://169.254.169.254/latest" }] },
    http: { allow: ["169.254.169.254:80", "169.254.0.0/16"] },
  });
  expect(await send(hooks)).toBe("169.254.169.254 may never be reached by a hook");
});

test("a name that means a public address when it is judged and this machine when it is called is not called", async () => {
  await using sink = await startSink("127.0.0.1");
  const answers: LookupAddress[][] = [];
  let asked = 0;
  using hooks = await startConfigured(
    { hooks: { afterTurn: [{ url: `https://rebind.example:${sink.port}/`, timeoutMs: 60_000 }] } },
    {
      // As a hostile name server does: another answer each time.
      resolveHost: async () => {
        asked += 1;
        const address = asked % 2 === 1 ? "203.0.113.5" : "127.0.0.1";
        const answer = [{ address, family: 4 }];
        answers.push(answer);
        return answer;
      },
    },
  );
  for (let times = 0; times < 10; times += 1) expect(await send(hooks)).toMatch(REFUSED);
  // One question a request: the address that was judged is the one that is used.
  expect(answers).toHaveLength(10);
  expect(sink.seen).toEqual({ connections: 0, bytes: 0 });
});

test("of several addresses only those that are allowed are tried", async () => {
  await using receiver = await startReceiver();
  await using sink = await startSink("127.0.0.2");
  const port = Number(receiver.target.split(":").at(-1));
  using hooks = await startConfigured(
    {
      hooks: { afterTurn: [{ url: `http://mixed.example:${port}/hook` }] },
      http: { allow: [`127.0.0.1:${port}`] },
    },
    {
      resolveHost: async () => [
        { address: "127.0.0.2", family: 4 },
        { address: "169.254.169.254", family: 4 },
        { address: "127.0.0.1", family: 4 },
      ],
    },
  );
  expect(await send(hooks)).toBe("sent");
  expect(receiver.received).toHaveLength(1);
  expect(sink.seen.connections).toBe(0);
});

test.each([301, 302, 303, 307, 308])(
  "a redirect (%i) from an allowed receiver leads nowhere",
  async (status) => {
    await using sink = await startSink("127.0.0.1");
    await using receiver = await startReceiver(() => ({
      status,
      headers: { location: `http://127.0.0.1:${sink.port}/` },
    }));
    using hooks = await startConfigured({
      hooks: { afterTurn: [{ url: receiver.url }] },
      http: { allow: [receiver.target] },
    });
    expect(await send(hooks)).toBe(`the receiver answered with status ${status}`);
    expect(sink.seen.connections).toBe(0);
  },
);

test("a public host is not reached without encryption unless it is listed", async () => {
  using hooks = await startConfigured(
    { hooks: { afterTurn: [{ url: "http://example.com/hook" }] } },
    { resolveHost: async () => [{ address: "93.184.215.14", family: 4 }] },
  );
  expect(await send(hooks)).toBe(
    'example.com would be reached without encryption; to allow it, add "example.com:80" to http.allow',
  );
});

test("proxies that the environment names are not asked", async () => {
  await using sink = await startSink("127.0.0.1");
  await using receiver = await startReceiver();
  const proxy = `http://127.0.0.1:${sink.port}`;
  const env = { HTTP_PROXY: proxy, http_proxy: proxy, NODE_USE_ENV_PROXY: "1" };
  using hooks = await startConfigured(
    { hooks: { afterTurn: [{ url: receiver.url }] }, http: { allow: [receiver.target] } },
    { env },
  );
  expect(await send(hooks)).toBe("sent");
  expect(sink.seen.connections).toBe(0);
});

test.each([
  ["8.8.8.8", "public"],
  ["::ffff:8.8.8.8", "public"],
  ["64:ff9b::808:808", "public"],
  ["2606:4700::1111", "public"],
  ["127.0.0.1", "private"],
  ["fd12::1", "private"],
  ["fe80::1%eth0", "never"],
  ["64:ff9b::7f00:1", "never"],
  ["not an address", "never"],
])("the address %s is %s", (address, expected) => {
  expect(classifyAddress(address)).toBe(expected);
});
