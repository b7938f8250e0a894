import { mkdir, mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { createProviders } from "../../src/sdk/providers.ts";
import { makeAuditFolder, makeRecord, until } from "../support/audit-lane.ts";
import { createTarget, startAuditReceiver } from "../support/audit-receiver.ts";
import { copyAsCrashed, startAgent } from "../support/audited-agent.ts";
import { runTurnspan } from "../support/cli.ts";
import { findClosedPort, startOtlpSink } from "../support/otlp-sink.ts";

interface Finding {
  readonly state: string;
  readonly check: string;
  readonly found: string;
  readonly fix?: string;
}

/** A home with one config file, and a project beside it. */
async function makeWorld(telemetry: object = {}) {
  const folder = await mkdtempDisposable(path.join(tmpdir(), "turnspan-doctor-"));
  const home = path.join(folder.path, "home");
  const cwd = path.join(folder.path, "project");
  await mkdir(path.join(home, ".config/turnspan"), { recursive: true });
  await mkdir(cwd);
  await writeFile(
    path.join(home, ".config/turnspan/config.json"),
    JSON.stringify({ telemetry: { metrics: false, ...telemetry } }),
  );
  const run = (...args: string[]) => runTurnspan(["doctor", ...args], { env: { HOME: home }, cwd });
  return {
    cwd,
    run,
    findings: async (...args: string[]): Promise<Finding[]> =>
      JSON.parse((await run("--json", ...args)).out).findings,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

const find = (findings: readonly Finding[], check: string): Finding | undefined =>
  findings.find((finding) => finding.check.startsWith(check));

test("with a receiver that answers, all is well", async () => {
  await using sink = await startOtlpSink();
  await using world = await makeWorld({ endpoint: sink.url });
  const { code, out } = await world.run();
  expect(code).toBe(0);
  expect(out).toMatch(/^ok {3}node: 24/m);
  expect(out).toMatch(
    /^ok {3}endpoint \(traces\): http:.*\/v1\/traces by http\/protobuf: answers 200/m,
  );
  expect(out).toMatch(/^- {4}audit log: none in .*\n {5}→ to keep one, set "audit": \{\}/m);
});

test("an endpoint where nobody listens fails, with what to do", async () => {
  const endpoint = `http://127.0.0.1:${await findClosedPort()}`;
  await using world = await makeWorld({ endpoint });
  const { code, out } = await world.run();
  expect(code).toBe(1);
  expect(out).toMatch(/^FAIL endpoint \(logs\): .*ECONNREFUSED.*\n {5}→ start a receiver there/m);
});

test.each([
  [401, "token"],
  [404, "check the address"],
  [500, "receiver's log"],
])("an endpoint that answers %i fails, with what to do", async (status, fix) => {
  await using sink = await startOtlpSink({
    answer: (response) => response.writeHead(status).end(),
  });
  await using world = await makeWorld({ endpoint: sink.url });
  expect(find(await world.findings(), "endpoint (traces)")).toMatchObject({
    state: "fail",
    found: expect.stringContaining(`answers ${status}`),
    fix: expect.stringContaining(fix),
  });
});

test("a wrong config is a finding, and the rest is still looked at", async () => {
  await using world = await makeWorld({ audit: { mode: "eventually" } });
  const findings = await world.findings("--folder", world.cwd);
  expect(find(findings, "configuration")).toMatchObject({
    state: "fail",
    found: expect.stringContaining("telemetry.audit.mode"),
  });
  expect(find(findings, "audit log")?.state).toBe("info");
});

test("two copies of the OpenTelemetry API are found, wherever they lie", async () => {
  await using sink = await startOtlpSink();
  await using world = await makeWorld({ endpoint: sink.url });
  const addApi = async (modules: string, version: string): Promise<void> => {
    const folder = path.join(world.cwd, modules, "@opentelemetry/api");
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, "package.json"), JSON.stringify({ version }));
  };
  await addApi("node_modules", "1.10.0");
  expect(find(await world.findings(), "OpenTelemetry API")).toMatchObject({
    state: "ok",
    found: expect.stringContaining("1.10.0"),
  });
  await addApi("node_modules/@scope/agent/node_modules", "1.9.0");
  expect(find(await world.findings(), "OpenTelemetry API")).toMatchObject({
    state: "warn",
    found: expect.stringMatching(/^2 copies: 1\.10\.0 .*, 1\.9\.0 /),
    fix: expect.stringContaining("npm dedupe"),
  });
});

test("what waits is told with its age, and why the receiver does not get it", async () => {
  await using folder = await makeAuditFolder();
  await using receiver = await startAuditReceiver(() => ({ status: 503 }));
  await using lane = await folder.openLane({
    targets: [createTarget(receiver.url)],
    describe: () => ({ pid: 1, service: "shop", dropped: [] }),
  });
  await lane.append(makeRecord(0));
  await until(() => receiver.requests.length > 0);
  await lane.close();
  await using world = await makeWorld();
  const findings = await world.findings("--folder", folder.path);
  expect(find(findings, "audit log")).toMatchObject({
    state: "ok",
    check: expect.stringMatching(/^audit log [0-9a-f]{16} \(shop\)$/),
    found: expect.stringMatching(/^ended, 1 records, last fsync \d/),
  });
  expect(find(findings, "audit delivery")).toMatchObject({
    state: "warn",
    found: expect.stringMatching(/^0 delivered, 1 waiting, oldest unsent \d+\.\d h ago$/),
    fix: expect.stringContaining("start the program again"),
  });
});

test("dead letters and losses are told by reason, each with its fix", async () => {
  await using folder = await makeAuditFolder();
  await using receiver = await startAuditReceiver(() => ({ status: 400 }));
  {
    const destination = { name: "test", url: receiver.url, protocol: "http/json" } as const;
    await using telemetry = await createProviders({
      serviceName: "shop",
      metrics: false,
      endpoint: `http://127.0.0.1:${await findClosedPort()}`,
      audit: { folder: folder.path, destinations: [destination] },
    });
    using session = telemetry.turnspan.openSession({ sessionKey: "k" });
    await session.turn({}, () => {});
  }
  await using world = await makeWorld();
  const findings = await world.findings("--folder", folder.path);
  expect(find(findings, "audit delivery")).toMatchObject({
    state: "fail",
    found: expect.stringContaining("4 dead letters"),
    fix: expect.stringContaining("turnspan audit dead-letters"),
  });
  expect(find(findings, "lost by")).toMatchObject({
    state: "fail",
    found: expect.stringMatching(/^\d+ traces \((export_failed|shutdown)\)$/),
    fix: expect.any(String),
  });
});

test("what a dead process left open is told, with how it gets its end", async () => {
  await using folder = await makeAuditFolder();
  await using lane = await folder.openLane();
  startAgent(lane).openSession({ sessionKey: "k" });
  await lane.drain(5000);
  const crashed = await copyAsCrashed(folder.path);
  await using world = await makeWorld();
  expect(find(await world.findings("--folder", folder.path), "left open")).toBeUndefined();
  expect(find(await world.findings("--folder", crashed), "left open")).toMatchObject({
    state: "warn",
    found: "1 sessions and turns, by a process that is gone",
    fix: expect.stringContaining("recover()"),
  });
});

test("spans that wait in the spool are told", async () => {
  await using folder = await mkdtempDisposable(path.join(tmpdir(), "turnspan-doctor-"));
  await using sink = await startOtlpSink({ answer: (response) => response.writeHead(503).end() });
  const spool = { folder: folder.path };
  {
    await using telemetry = await createProviders({ metrics: false, endpoint: sink.url, spool });
    telemetry.tracerProvider.getTracer("t").startSpan("a").end();
    await telemetry.forceFlush(500);
  }
  await using world = await makeWorld({ spool });
  expect(find(await world.findings(), "spool of spans")).toMatchObject({
    found: expect.stringMatching(/^1 requests waiting, oldest unsent /),
  });
});
