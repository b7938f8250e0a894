import { chmodSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test, vi } from "vitest";
import { findServer } from "../../src/base/running-server.ts";
import { makeSpan, traceRequest } from "../server/requests.ts";
import { runTurnspan } from "../support/cli.ts";
import { startTestServer } from "../support/server.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { startUp } from "../support/up-process.ts";

/** Processes are started, which takes long on a machine that does other things too. */
vi.setConfig({ testTimeout: 120_000 });

const FREE_PORTS = ["--port", "0", "--ui-port", "0"];

const sendSpan = (otlpUrl: string, session: string): Promise<Response> =>
  fetch(`${otlpUrl}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(
      traceRequest([
        makeSpan({
          startMs: Date.now(),
          attributes: { "gen_ai.operation.name": "chat", "session.id": session },
        }),
      ]),
    ),
  });

test.each(["SIGINT", "SIGTERM"] as const)(
  "%s stops the server: what was taken is there at the next start, and nobody is said to run",
  async (signal) => {
    using folder = makeTemporaryFolder();
    const first = await startUp(folder.path);
    expect((await sendSpan(first.otlpUrl, "kept")).status).toBe(200);
    expect(await first.end(signal)).toBe(0);
    expect(findServer(folder.path)).toBeUndefined();
    const second = await startUp(folder.path);
    const { code, out } = await runTurnspan(["sessions", "--json", "--data", folder.path]);
    await second.end("SIGTERM");
    expect(code).toBe(0);
    expect(JSON.parse(out).sessions).toMatchObject([{ sessionId: "kept" }]);
  },
);

test("it prints the viewer's address, which opens once; the OTLP port leads a browser to it", async () => {
  using folder = makeTemporaryFolder();
  const up = await startUp(folder.path);
  const root = await fetch(`${up.otlpUrl}/`, { redirect: "manual" });
  expect([root.status, root.headers.get("location")]).toEqual([302, `${up.uiUrl}/`]);
  await up.end("SIGTERM");
  const printed = await up.printed;
  expect(printed).toContain(`OTLP    ${up.otlpUrl}  (http/protobuf and http/json)`);
  expect(printed).toMatch(
    new RegExp(`viewer  ${up.uiUrl}/login\\?code=[\\w-]{22}  \\(opens once\\)`),
  );
  expect(printed).toContain(`data    ${folder.path}`);
});

test("where a server runs on the folder already, its address is printed", async () => {
  await using running = await startTestServer();
  const { code, out } = await runTurnspan(["up", ...FREE_PORTS, "--data", running.folder]);
  expect(code).toBe(0);
  expect(out).toContain(`is running already (process ${process.pid})`);
  const url = /(http:\S+login\S+)/.exec(out)?.[1] ?? "";
  expect((await fetch(url, { redirect: "manual" })).status).toBe(303);
});

/** Something that has a port. */
async function occupy(server: Server): Promise<AsyncDisposable & { readonly port: string }> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: String((server.address() as AddressInfo).port),
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

const refuseToTalk = (): Server => createTcpServer((socket) => void socket.destroy());
const answerWith = (status: number): Server =>
  createHttpServer((_, response) => void response.writeHead(status).end("{}"));

test.each([
  ["an OpenTelemetry Collector, or another OTLP receiver", () => answerWith(200)],
  ["another HTTP server", () => answerWith(404)],
  ["another program", refuseToTalk],
])("a port that is taken by %s is said so, and free ones are offered", async (owner, make) => {
  using folder = makeTemporaryFolder();
  await using taken = await occupy(make());
  const args = ["up", "--port", taken.port, "--ui-port", "0", "--data", folder.path];
  const { code, err } = await runTurnspan(args);
  expect(code).toBe(2);
  expect(err).toMatch(
    new RegExp(
      `^turnspan: port ${taken.port} is taken by ${owner}; free are: turnspan up --port \\d+ --ui-port \\d+\n$`,
    ),
  );
});

test("a port that another turnspan has is said so", async () => {
  using folder = makeTemporaryFolder();
  await using other = await startTestServer();
  const { port } = new URL(other.server.otlpUrl);
  const { err } = await runTurnspan([
    "up",
    "--port",
    port,
    "--ui-port",
    "0",
    "--data",
    folder.path,
  ]);
  expect(err).toContain(`port ${port} is taken by another turnspan; free are:`);
});

test("an address that others can reach needs both kinds of tokens", async () => {
  using folder = makeTemporaryFolder();
  const open = ["up", ...FREE_PORTS, "--data", folder.path, "--listen", "0.0.0.0"];
  const { code, err } = await runTurnspan(open);
  expect(code).toBe(2);
  expect(err).toContain("an ingest token and a read token must be given");
  const half = await runTurnspan([...open, "--ingest-token", "in"]);
  expect(half.err).toContain("which others can reach, a read token must be given");
  // From the environment they count as well.
  const controller = new AbortController();
  const run = runTurnspan([...open, "--ingest-token", "in"], {
    env: { TURNSPAN_READ_TOKEN: "out" },
    signal: controller.signal,
  });
  await expect.poll(() => findServer(folder.path)?.otlpUrl, { timeout: 20_000 }).toBeDefined();
  const { otlpUrl = "" } = findServer(folder.path) ?? {};
  expect((await sendSpan(otlpUrl, "s")).status).toBe(401);
  controller.abort();
  const { code: ended, out } = await run;
  expect(ended).toBe(0);
  // Whoever may read types the token: a code in a terminal's history would be one for all.
  expect(out).not.toContain("code=");
});

test("a store of a newer version is refused with one line", async () => {
  using folder = makeTemporaryFolder();
  const database = new DatabaseSync(path.join(folder.path, "spans.db"));
  database.exec("pragma user_version = 99");
  database.close();
  const { code, err } = await runTurnspan(["up", ...FREE_PORTS, "--data", folder.path]);
  expect(code).toBe(2);
  expect(err).toMatch(/^turnspan: .* was written by a newer turnspan \(layout 99, .*\n$/);
});

const TOKENS = ["--ingest-token", "in", "--read-token", "out"];

test.each([
  [["--port", "5000", "--ui-port", "5000"], "a port each, and both were given 5000"],
  [["--listen", ""], "the address to listen on is empty"],
  [["--listen", "0.0.0.0", "--ingest-token", "", "--read-token", "out"], "a token is empty"],
  [["--listen", "0.0.0.0", "--ingest-token", "in", "--read-token", "a b"], "has a blank in it"],
  [
    [...FREE_PORTS, "--listen", "203.0.113.1", ...TOKENS],
    "cannot listen on 203.0.113.1, port 0: this machine has no such address",
  ],
])("turnspan up %j is refused with the reason", async (args, problem) => {
  using folder = makeTemporaryFolder();
  const { code, err } = await runTurnspan(["up", ...args, "--data", path.join(folder.path, "d")]);
  expect(code).toBe(2);
  expect(err).toContain(problem);
  expect(err.trim().split("\n")).toHaveLength(1);
});

test("a data folder that cannot be one is said so in one line, and a broken store too", async () => {
  using folder = makeTemporaryFolder();
  const file = path.join(folder.path, "file");
  writeFileSync(file, "some text");
  const { code, err } = await runTurnspan(["up", ...FREE_PORTS, "--data", file]);
  expect(code).toBe(2);
  expect(err).toMatch(
    /^turnspan: cannot use the data folder \S+: EEXIST.*; name another one with --data\n$/,
  );
  writeFileSync(path.join(folder.path, "spans.db"), "no database at all, ".repeat(40));
  const broken = await runTurnspan(["up", ...FREE_PORTS, "--data", folder.path]);
  expect(broken.code).toBe(2);
  expect((await runTurnspan(["up", "--data", ""])).err).toContain("--data is empty");
  expect(broken.err).toMatch(/^turnspan: cannot open the store \S+: file is not a database\n$/);
});

test("what it keeps is for its user alone, journals too, in a folder that others can read", async () => {
  using folder = makeTemporaryFolder();
  chmodSync(folder.path, 0o755);
  await using server = await startTestServer({ dataFolder: folder.path });
  expect((await sendSpan(server.server.otlpUrl, "private")).status).toBe(200);
  const files = readdirSync(folder.path).filter((name) => name !== "lock.db");
  expect(files).toContain("spans.db-wal");
  for (const name of files) {
    const { mode } = statSync(path.join(folder.path, name));
    expect([name, (mode & 0o777).toString(8)]).toEqual([name, "600"]);
  }
});

test.each([
  [["--port", "70000"], "--port 70000 is no number from 0 to 65535"],
  [["--ui-port", "x"], "--ui-port x is no number"],
  [["--max-age", "-1"], "--max-age"],
  [["--max-size", "5"], "--max-size 5 is no size from 10MB on"],
  [["here"], "here is too much"],
  [["--nope"], "--nope"],
])("turnspan up %j says what is wrong", async (args, problem) => {
  const { code, err } = await runTurnspan(["up", ...args, "--data", "/nonexistent"]);
  expect(code).toBe(2);
  expect(err).toContain(problem);
  expect(err.trim().split("\n")).toHaveLength(1);
});
