import { readFile, stat, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { makeAuditFolder, makeRecord, makeRecords, until } from "../support/audit-lane.ts";
import { createTarget, startAuditReceiver } from "../support/audit-receiver.ts";
import { startAgent } from "../support/audited-agent.ts";
import { runTurnspan } from "../support/cli.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";

type Folder = Awaited<ReturnType<typeof makeAuditFolder>>;

const runAudit = (folder: Folder, ...args: string[]) =>
  runTurnspan(["audit", ...args, "--folder", folder.path]);

/** Two processes that are gone, of three and two records. */
async function makeTwoLogs(): Promise<Folder> {
  const folder = await makeAuditFolder();
  const lanes = [await folder.openLane(), await folder.openLane()] as const;
  await Promise.all(
    [0, 1, 2, 3, 4].map((n) =>
      lanes[n === 1 || n === 3 ? 1 : 0].append(
        makeRecord(n, {
          "turnspan.session.key": n < 4 ? "k" : "=cmd()",
          "gen_ai.agent.id": n < 2 ? "main" : "other",
          "turnspan.reason": 'said "no",\nand left',
        }),
      ),
    ),
  );
  for (const lane of lanes) await lane.close();
  return folder;
}

const lines = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

test("audit status tells of every log what it holds, and whether its writer lives", async () => {
  await using folder = await makeAuditFolder();
  await using receiver = await startAuditReceiver();
  await (await folder.openLane()).close();
  await using lane = await folder.openLane({ targets: [createTarget(receiver.url)] });
  const session = startAgent(lane).openSession({ sessionKey: "k" });
  void session.turn({}, () => new Promise(() => {}));
  while (!(await lane.drain(1000))) await sleep(5);
  const { code, out } = await runAudit(folder, "status", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    folder: folder.path,
    logs: [
      {
        isAlive: true,
        nextSeq: 2,
        open: 2,
        gaps: [],
        damage: [],
        tornBytes: 0,
        deliveries: [{ destination: "test", delivered: 2, waiting: 0, deadLetters: 0 }],
      },
    ],
  });
  await lane.close();
  const text = (await runAudit(folder, "status")).out;
  expect(text).toMatch(/^LOG +STATE +SERVICE +RECORDS/);
  expect(text).toMatch(/\n[0-9a-f]{16} +ended +2 +/);
  expect(text).toMatch(/\n[0-9a-f]{16} +test +2 +0 +0 +0\n/);
});

test("audit status says what waits, and since when", async () => {
  await using folder = await makeAuditFolder();
  await using receiver = await startAuditReceiver((_, nth) => ({ status: nth === 0 ? 200 : 503 }));
  await using lane = await folder.openLane({ targets: [createTarget(receiver.url)] });
  await lane.append(makeRecord(0));
  await until(() => (lane.status()[0]?.deliveries[0]?.nextSeq ?? 0) === 1);
  await lane.append(makeRecord(1));
  await lane.append(makeRecord(2));
  await until(() => receiver.requests.length > 1);
  const [log] = JSON.parse((await runAudit(folder, "status", "--json")).out).logs;
  expect(log.deliveries).toMatchObject([
    { destination: "test", delivered: 1, waiting: 2, oldestWaitingAt: 1_700_000_000_001 },
  ]);
});

test("audit status names each gap and each damaged place, with exit code 1", async () => {
  await using folder = await makeAuditFolder();
  const lane = await folder.openLane({ maxWaitingBytes: 3000 });
  const acks = await Promise.all(makeRecords(50).map((record) => lane.append(record)));
  await lane.close();
  const lost = acks.filter(({ stored }) => !stored);
  const [place] = await folder.writers();
  const file = path.join(place?.folder ?? "", "00000001.log");
  const bytes = await readFile(file);
  bytes[bytes.indexOf("session.patch-2")] = 0x39;
  await writeFile(file, bytes);
  const { code, out } = await runAudit(folder, "status");
  expect(code).toBe(1);
  expect(out).toContain(
    `${lost.length} records missing from number ${lost[0]?.seq} on, since 2026-11-`,
  );
  expect(out).toMatch(/segment 1, bytes \d+ to \d+, cannot be read; record 1 is the last before/);
});

test("without an audit log every action says so, or has nothing to say", async () => {
  await using folder = await makeAuditFolder();
  expect(await runAudit(folder, "status")).toEqual({
    code: 1,
    out: `no audit log in ${folder.path}\n`,
    err: "",
  });
  expect(await runAudit(folder, "export")).toEqual({ code: 0, out: "", err: "" });
  expect(await runAudit(folder, "dead-letters")).toEqual({
    code: 0,
    out: "no dead letters\n",
    err: "",
  });
});

test("audit export writes the records of all logs in order of time, a line each", async () => {
  await using folder = await makeTwoLogs();
  const { code, out } = await runAudit(folder, "export");
  expect(code).toBe(0);
  const records = lines(out);
  expect(records.map(({ timestamp }) => Number(timestamp) - 1_700_000_000_000)).toEqual([
    0, 1, 2, 3, 4,
  ]);
  expect(records.map(({ number }) => number)).toEqual([0, 0, 1, 1, 2]);
  expect(new Set(records.map(({ log }) => log)).size).toBe(2);
  expect(records[0]).toMatchObject({
    eventName: "turnspan.session.patch",
    attributes: { "turnspan.session.key": "k" },
  });
});

test("audit export takes filters by time, session, agent and event", async () => {
  await using folder = await makeTwoLogs();
  const numbers = async (...args: string[]): Promise<number[]> => {
    const { out } = await runAudit(folder, "export", ...args);
    return out === "" ? [] : lines(out).map(({ timestamp }) => Number(timestamp) % 1000);
  };
  const since = new Date(1_700_000_000_001).toISOString();
  const until = new Date(1_700_000_000_003).toISOString();
  expect(await numbers("--since", since, "--until", until)).toEqual([1, 2]);
  expect(await numbers("--session", "k", "--agent", "other")).toEqual([2, 3]);
  expect(await numbers("--event", "session.end")).toEqual([]);
  expect(await numbers("--event", "session.end", "--event", "turnspan.session.patch")).toHaveLength(
    5,
  );
});

test("audit export --format csv quotes what must be, and no cell is a formula", async () => {
  await using folder = await makeTwoLogs();
  const { out } = await runAudit(folder, "export", "--format", "csv");
  const rows = out.split("\r\n");
  expect(rows[0]).toMatch(/^time,event,severity,session_key,session_id,agent_id,run_id,/);
  expect(rows).toHaveLength(7);
  expect(rows[1]).toMatch(/^2023-11-14T22:13:20\.000Z,turnspan\.session\.patch,INFO,k,,main,/);
  expect(rows[1]).toContain('"said ""no"",\nand left"');
  expect(rows[5]).toContain(",'=cmd(),");
});

test("audit export --format otlp is what a receiver takes", async () => {
  await using folder = await makeTwoLogs();
  await using receiver = await startAuditReceiver();
  const { out } = await runAudit(folder, "export", "--format", "otlp");
  for (const body of out.trimEnd().split("\n")) {
    const headers = { "content-type": "application/json" };
    expect((await fetch(receiver.url, { method: "POST", headers, body })).status).toBe(200);
  }
  // Grouped by the processes that wrote them.
  expect(receiver.accepted.map(({ timeUnixNano }) => timeUnixNano.slice(-9)).sort()).toEqual(
    [0, 1, 2, 3, 4].map((n) => `00${n}000000`),
  );
  expect(receiver.accepted[0]?.resource).toMatchObject({ "service.name": "test" });
});

test("audit export --output writes a file that is its owner's only, whole or not at all", async () => {
  await using folder = await makeTwoLogs();
  const file = path.join(folder.path, "trail.jsonl");
  const { code, out } = await runAudit(folder, "export", "--output", file);
  expect([code, out]).toEqual([0, ""]);
  expect(lines(await readFile(file, "utf8"))).toHaveLength(5);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const { code: wrongCode, err } = await runAudit(
    folder,
    "export",
    "--output",
    "/no/such/folder/x",
  );
  expect([wrongCode, err]).toEqual([2, expect.stringContaining("/no/such/folder/x cannot be")]);
});

test("audit export says what it cannot read, and writes the rest", async () => {
  await using folder = await makeTwoLogs();
  const [place] = await folder.writers();
  const file = path.join(place?.folder ?? "", "00000001.log");
  const bytes = await readFile(file);
  bytes[bytes.indexOf("session.patch-")] = 0x39;
  await writeFile(file, bytes);
  const { code, out, err } = await runAudit(folder, "export");
  expect(code).toBe(1);
  expect(lines(out)).toHaveLength(4);
  expect(err).toMatch(/segment 1, bytes \d+ to \d+, cannot be read/);
});

test("a half-written end is no damage: its writer may be about to write the rest", async () => {
  await using folder = await makeTwoLogs();
  const [place] = await folder.writers();
  const file = path.join(place?.folder ?? "", "00000001.log");
  await truncate(file, (await stat(file)).size - 5);
  const { code, out } = await runAudit(folder, "export");
  expect([code, lines(out).length]).toEqual([0, 5]);
});

test("audit dead-letters lists what was refused, and why", async () => {
  await using folder = await makeAuditFolder();
  await using receiver = await startAuditReceiver(() => ({ status: 400 }));
  await using lane = await folder.openLane({ targets: [createTarget(receiver.url)] });
  await Promise.all(makeRecords(2).map((record) => lane.append(record)));
  while (!(await lane.drain(1000))) await sleep(5);
  const { code, out } = await runAudit(folder, "dead-letters", "--json");
  expect(code).toBe(1);
  expect(lines(out)).toMatchObject([
    { destination: "test", kind: "refused", reason: "HTTP 400 Bad Request", seq: 0 },
    { destination: "test", kind: "refused", seq: 1, record: { eventName: expect.any(String) } },
  ]);
  const table = await runAudit(folder, "dead-letters", "--destination", "test");
  expect(table.out).toMatch(/test +refused +[0-9a-f]{16} +0 +turnspan.session.patch +HTTP 400/);
  expect((await runAudit(folder, "dead-letters", "--destination", "none")).code).toBe(0);
});

test("audit resend sends dead letters again, to where it is told", async () => {
  await using folder = await makeAuditFolder();
  await using receiver = await startAuditReceiver((_, nth) => ({ status: nth === 0 ? 400 : 200 }));
  await using lane = await folder.openLane({ targets: [createTarget(receiver.url)] });
  await Promise.all(makeRecords(2).map((record) => lane.append(record)));
  while (!(await lane.drain(1000))) await sleep(5);
  const unknown = await runAudit(folder, "resend");
  expect([unknown.code, unknown.err]).toEqual([
    2,
    expect.stringContaining("no destination test, only otlp; say where to by --to"),
  ]);
  const wrong = await runAudit(folder, "resend", "--to", "no-address");
  expect([wrong.code, wrong.err]).toEqual([
    2,
    expect.stringContaining("--to no-address: expected an http or https URL"),
  ]);
  const to = ["--to", receiver.url, "--protocol", "http/json"];
  expect(await runAudit(folder, "resend", ...to)).toEqual({
    ...{ code: 0, out: "test: 2 sent\n", err: "" },
  });
  expect(receiver.accepted).toHaveLength(2);
  expect(await runAudit(folder, "resend", ...to)).toMatchObject({ out: "no dead letters\n" });
  const { logs } = JSON.parse((await runAudit(folder, "status", "--json")).out);
  expect(logs[0].deliveries).toMatchObject([{ deadLetters: 0 }]);
});

test("audit resend knows destinations by the config, and tells what stays", async () => {
  await using folder = await makeAuditFolder();
  await using receiver = await startAuditReceiver(() => ({ status: 401 }));
  await using lane = await folder.openLane({ targets: [createTarget(receiver.url)] });
  await Promise.all(makeRecords(3).map((record) => lane.append(record)));
  while (!(await lane.drain(1000))) await sleep(5);
  const destination = { name: "test", url: receiver.url, protocol: "http/json" };
  const audit = { folder: folder.path, destinations: [destination] };
  using home = makeTemporaryFolder({
    ".config/turnspan/config.json": { telemetry: { metrics: false, audit } },
  });
  const world = { env: { HOME: home.path }, cwd: home.path };
  expect(await runTurnspan(["audit", "resend"], world)).toEqual({
    ...{ code: 1, err: "" },
    out: "test: 0 sent, 3 not taken (turnspan audit dead-letters says why)\n",
  });
  receiver.answer = () => ({ status: 200 });
  expect(await runTurnspan(["audit", "resend", "--json"], world)).toMatchObject({
    ...{ code: 0, out: '{"destination":"test","delivered":3,"refused":0,"left":0}\n' },
  });
});

test.each([
  [["audit", "export", "--format", "xml"], "--format xml is not known"],
  [["audit", "export", "--since", "yesterday"], '--since "yesterday" is no time'],
  [["audit", "verify-all"], 'no action "verify-all"'],
])("%j is wrong use, and says what is right", async (args, message) => {
  const { code, err } = await runTurnspan(args);
  expect([code, err]).toEqual([2, expect.stringContaining(message)]);
});
