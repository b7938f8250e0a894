import { cp, mkdir, mkdtempDisposable, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { findOldNode } from "../support/old-node.ts";
import { type EndedProcess, type RunOptions, runProcess } from "../support/run-process.ts";

const scripts = path.resolve(import.meta.dirname, "../../scripts");
const oldNode = findOldNode();

/** Stands in for npm: notes each call, fails as often as told, then installs one package and a Node. */
const NPM_STUB = `
const fs = require("node:fs");
fs.appendFileSync("npm-calls", process.argv.slice(2).join(" ") + "\\n");
console.log("npm talks on standard output");
const calls = fs.readFileSync("npm-calls", "utf8").trim().split("\\n").length;
if (calls <= Number(process.env.STUB_FAILURES ?? 0)) {
  console.error("npm could not reach its registry");
  process.exit(7);
}
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
fs.mkdirSync("node_modules/node/bin", { recursive: true });
fs.rmSync("node_modules/node/bin/node", { force: true });
fs.symlinkSync(process.env.STUB_NODE, "node_modules/node/bin/node");
fs.copyFileSync("package-lock.json", "node_modules/.package-lock.json");
`;

interface Checkout extends AsyncDisposable {
  readonly folder: string;
  run(args: readonly string[], options?: CheckoutRunOptions): Promise<EndedProcess>;
  npmCalls(): Promise<readonly string[]>;
}

interface CheckoutRunOptions extends RunOptions {
  readonly node?: string;
}

/** A checkout with these scripts, one dependency in its lock file, and nothing installed. */
async function createCheckout(): Promise<Checkout> {
  const temporary = await mkdtempDisposable(path.join(tmpdir(), "turnspan-checkout-"));
  const folder = temporary.path;
  const packages = { "": {}, "node_modules/zod": { version: "4.6.7" } };
  await cp(scripts, path.join(folder, "scripts"), { recursive: true });
  await writeFile(path.join(folder, "package-lock.json"), JSON.stringify({ packages }));
  await writeFile(path.join(folder, "npm-cli.js"), NPM_STUB);
  await writeFile(path.join(folder, "target.ts"), TARGET);
  return {
    folder,
    run: (args, { node = process.execPath, env, ...options } = {}) =>
      runProcess(node, [path.join(folder, "scripts/bootstrap.mjs"), ...args], {
        cwd: folder,
        env: {
          ...process.env,
          npm_execpath: path.join(folder, "npm-cli.js"),
          npm_node_execpath: process.execPath,
          STUB_NODE: process.execPath,
          TURNSPAN_INSTALL_RETRY_MS: "1",
          ...env,
        },
        ...options,
      }),
    npmCalls: async () => {
      const calls = await readFile(path.join(folder, "npm-calls"), "utf8").catch(() => "");
      return calls.split("\n").filter(Boolean);
    },
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
}

const TARGET = `
const [what, value]: string[] = process.argv.slice(2);
if (what === "exit") process.exitCode = Number(value);
else if (what === "wait") {
  process.on("SIGTERM", () => {
    console.log("stopping");
    process.exitCode = 3;
    clearInterval(timer);
  });
  const timer = setInterval(() => {}, 1_000);
  console.log("waiting");
} else if (what === "die") process.kill(process.pid, "SIGKILL");
else console.log(JSON.stringify({ major: parseInt(process.versions.node), args: process.argv.slice(2) }));
`;

test("a first run installs, and only the target writes to standard output", async () => {
  await using checkout = await createCheckout();
  const { code, stdout, stderr } = await checkout.run(["target.ts", "a b", "--c"]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout).args).toEqual(["a b", "--c"]);
  expect(stderr).toBe("Installing dependencies (npm ci) ...\n");
  expect(await checkout.npmCalls()).toEqual(["ci --include=dev --loglevel=error"]);
});

test("a second run installs nothing and says nothing", async () => {
  await using checkout = await createCheckout();
  await checkout.run(["target.ts"]);
  const { stderr } = await checkout.run(["target.ts"]);
  expect(stderr).toBe("");
  expect(await checkout.npmCalls()).toHaveLength(1);
});

test("a changed lock file installs again", async () => {
  await using checkout = await createCheckout();
  await checkout.run(["target.ts"]);
  const packages = { "node_modules/zod": { version: "4.6.8" } };
  await writeFile(path.join(checkout.folder, "package-lock.json"), JSON.stringify({ packages }));
  await checkout.run(["target.ts"]);
  expect(await checkout.npmCalls()).toHaveLength(2);
});

test("packages of another platform are not missed", async () => {
  await using checkout = await createCheckout();
  await checkout.run(["target.ts"]);
  const packages = {
    "node_modules/zod": { version: "4.6.7" },
    "node_modules/for-another-platform": { version: "1.0.0", optional: true },
  };
  await writeFile(path.join(checkout.folder, "package-lock.json"), JSON.stringify({ packages }));
  await checkout.run(["target.ts"]);
  expect(await checkout.npmCalls()).toHaveLength(1);
});

test("a failed install is tried three times", async () => {
  await using checkout = await createCheckout();
  const { code, stdout } = await checkout.run(["target.ts"], { env: { STUB_FAILURES: "2" } });
  expect(code).toBe(0);
  expect(JSON.parse(stdout).args).toEqual([]);
  expect(await checkout.npmCalls()).toHaveLength(3);
});

test("an install that fails for good shows what npm said, and the target does not run", async () => {
  await using checkout = await createCheckout();
  const { code, stdout, stderr } = await checkout.run(["target.ts"], {
    env: { STUB_FAILURES: "9" },
  });
  expect(code).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toContain("npm could not reach its registry");
  expect(stderr).toMatch(/The dependencies could not be installed\.\n$/);
  expect(await checkout.npmCalls()).toHaveLength(3);
});

test("runs that start together install once", async () => {
  await using checkout = await createCheckout();
  const runs = await Promise.all([1, 2, 3].map(() => checkout.run(["target.ts"])));
  expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
  expect(await checkout.npmCalls()).toHaveLength(1);
});

test("the lock of an install that died is taken over", async () => {
  await using checkout = await createCheckout();
  const dead = await runProcess(process.execPath, ["-p", "process.pid"]);
  await writeFile(path.join(checkout.folder, ".install.lock"), dead.stdout.trim());
  const runs = await Promise.all([1, 2, 3, 4].map(() => checkout.run(["target.ts"])));
  expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  expect(await checkout.npmCalls()).toHaveLength(1);
  const left = await readdir(checkout.folder);
  expect(left.filter((name) => name.startsWith(".install.lock"))).toEqual([]);
});

test("the target's exit code is the run's", async () => {
  await using checkout = await createCheckout();
  expect((await checkout.run(["target.ts", "exit", "5"])).code).toBe(5);
});

test.skipIf(!oldNode)("an older Node hands over to the one that was installed", async () => {
  await using checkout = await createCheckout();
  const { stdout } = await checkout.run(["target.ts", "x"], { node: oldNode ?? "" });
  expect(JSON.parse(stdout)).toEqual({ major: 24, args: ["x"] });
});

test.skipIf(!oldNode)("an older Node passes on exit codes, signals and deaths", async () => {
  await using checkout = await createCheckout();
  const node = oldNode ?? "";
  expect((await checkout.run(["target.ts", "exit", "5"], { node })).code).toBe(5);
  const stopped = await checkout.run(["target.ts", "wait"], {
    node,
    when: ["waiting", (kill) => kill("SIGTERM")],
  });
  expect(stopped).toMatchObject({ code: 3, stdout: "waiting\nstopping\n" });
  expect((await checkout.run(["target.ts", "die"], { node })).signal).toBe("SIGKILL");
});

test.skipIf(!oldNode)("an install that skipped scripts is completed", async () => {
  await using checkout = await createCheckout();
  const node = oldNode ?? "";
  await checkout.run(["target.ts"], { node });
  const modules = path.join(checkout.folder, "node_modules");
  const installer = `
    require("node:fs").mkdirSync("bin");
    require("node:fs").symlinkSync(process.env.STUB_NODE, "bin/node");`;
  await rm(path.join(modules, "node"), { recursive: true });
  await mkdir(path.join(modules, "node"));
  await writeFile(path.join(modules, "node/installArchSpecificPackage.js"), installer);
  const { code, stdout } = await checkout.run(["target.ts"], { node });
  expect(code).toBe(0);
  expect(JSON.parse(stdout).major).toBe(24);
});

test.skipIf(!oldNode)("without any new Node the run says what is needed", async () => {
  await using checkout = await createCheckout();
  const node = oldNode ?? "";
  const { code, stderr } = await checkout.run(["target.ts"], { node, env: { STUB_NODE: node } });
  expect(code).toBe(1);
  expect(stderr).toContain("Node.js 24 or newer is needed (this is v");
});
