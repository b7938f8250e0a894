import { spawn } from "node:child_process";
import { cp, mkdir, mkdtempDisposable, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { bundlePackage } from "../../scripts/bundle.ts";
import { bundlePlugin } from "../../scripts/bundle-plugin.ts";
import { findServer, readToken } from "../../src/base/running-server.ts";
import { makeSpan, traceRequest } from "../server/requests.ts";
import { runProcess } from "../support/run-process.ts";

const root = path.resolve(import.meta.dirname, "../..");

/** Node's own folder first: npm and npx start the Node that they find. */
const env = {
  ...process.env,
  PATH: `${path.dirname(process.execPath)}:${process.env["PATH"]}`,
  npm_config_update_notifier: "false",
};

async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await runProcess(command, args, { cwd, env });
  expect({ command, args, code, stderr: code === 0 ? "" : stderr }).toMatchObject({ code: 0 });
  return stdout;
}

/** The package as npm would publish it, without the checkout's own `dist`. */
async function pack(folder: string): Promise<string> {
  await mkdir(folder);
  for (const part of ["package.json", "bin", "schema", "CHANGELOG.md"]) {
    await cp(path.join(root, part), path.join(folder, part), { recursive: true });
  }
  await bundlePackage(path.join(folder, "dist"));
  const packed = await run("npm", ["pack", "--ignore-scripts", "--json"], folder);
  return path.join(folder, (JSON.parse(packed) as [{ filename: string }])[0].filename);
}

test("packed and installed into an empty folder, `npx turnspan up` serves and stores", async () => {
  await using temporary = await mkdtempDisposable(path.join(tmpdir(), "turnspan-package-"));
  const file = await pack(path.join(temporary.path, "package"));
  const app = path.join(temporary.path, "app");
  await mkdir(app);
  await run("npm", ["init", "--yes"], app);
  await run("npm", ["install", "--omit=dev", "--no-audit", "--no-fund", file], app);
  const data = path.join(temporary.path, "data");
  const up = ["turnspan", "up", "--port", "0", "--ui-port", "0", "--data", data];
  // A group of its own, ended as a terminal does it: npx passes no signals on.
  const child = spawn("npx", ["--no-install", ...up], { cwd: app, env, detached: true });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  try {
    await expect.poll(() => findServer(data)?.otlpUrl, { timeout: 60_000 }).toBeDefined();
    const { otlpUrl = "", uiUrl = "" } = findServer(data) ?? {};
    const attributes = { "gen_ai.operation.name": "chat", "session.id": "installed" };
    const sent = await fetch(`${otlpUrl}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(traceRequest([makeSpan({ startMs: Date.now(), attributes })])),
    });
    expect(sent.status).toBe(200);
    const answer = await fetch(`${uiUrl}/api/sessions`, {
      headers: { authorization: `Bearer ${readToken(data)}` },
    });
    expect(await answer.json()).toMatchObject({ sessions: [{ sessionId: "installed" }] });
  } finally {
    process.kill(-(child.pid ?? 0), "SIGINT");
    await ended;
  }
  expect(findServer(data)).toBeUndefined();
}, 300_000);

test("OpenClaw's plugin stands for itself: each of its files loads where there are no packages", async () => {
  await using folder = await mkdtempDisposable(path.join(tmpdir(), "turnspan-plugin-"));
  await bundlePlugin(folder.path);
  const files = (await readdir(folder.path)).filter((name) => name.endsWith(".js"));
  expect(files).toContain("plugin.js");
  expect(files.some((name) => name.includes("grpc"))).toBe(true);
  const imports = files.map((name) => `await import("./${name}");`).join("\n");
  const script = `${imports}\nconsole.log((await import("./plugin.js")).default.id);`;
  const told = await run(process.execPath, ["--input-type=module", "--eval", script], folder.path);
  expect(told).toBe("turnspan\n");
});
