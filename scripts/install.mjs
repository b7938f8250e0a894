import { spawnSync } from "node:child_process";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runChild } from "./child.mjs";

const NEEDED_MAJOR = 24;
const ATTEMPTS = 3;
const RETRY_DELAY_MS = Number(process.env.TURNSPAN_INSTALL_RETRY_MS ?? 3_000);
const LOCK_POLL_MS = 200;
const LOCK_WAIT_MS = 15 * 60_000;

export function isNewEnough(version) {
  return Number.parseInt(version.replace(/^v/, ""), 10) >= NEEDED_MAJOR;
}

/**
 * Whether node_modules holds what package-lock.json asks for. Contents are compared, not file times: a clone, a
 * checkout and a restored cache all set times that say nothing.
 */
export function isInstalled(root) {
  const wanted = readPackages(path.join(root, "package-lock.json"));
  const installed = readPackages(path.join(root, "node_modules", ".package-lock.json"));
  if (wanted === undefined) throw failure(`package-lock.json is missing or broken in ${root}`);
  if (installed === undefined) return false;
  return Object.entries(wanted).every(
    ([name, entry]) =>
      name === "" || isOptional(entry) || installed[name]?.version === entry.version,
  );
}

/** Packages of another platform are in the lock file, but never installed. */
function isOptional(entry) {
  return entry.optional === true || entry.devOptional === true;
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    return undefined;
  }
}

/** Runs `npm ci`, once for all processes that ask at the same time. Quiet unless it fails. */
export async function installDependencies(root, options = []) {
  await withLock(path.join(root, ".install.lock"), async () => {
    if (isInstalled(root)) return;
    process.stderr.write("Installing dependencies (npm ci) ...\n");
    await runNpmCi(root, options);
  });
}

async function runNpmCi(root, options) {
  let output = "";
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    // NODE_ENV=production would leave out the tools, and the Node that runs them.
    const result = await runNpm(["ci", "--include=dev", "--loglevel=error", ...options], root);
    if (result.code === 0) return;
    output = result.output;
    if (result.signal !== null) break;
    process.stderr.write(`npm ci failed (attempt ${attempt} of ${ATTEMPTS})\n`);
    if (attempt < ATTEMPTS) await sleep(RETRY_DELAY_MS * attempt);
  }
  throw failure(`${output.trimEnd()}\nThe dependencies could not be installed.`);
}

/** npm run names its npm and its Node in the environment; that Node is not the one which `npm ci` replaces. */
function runNpm(args, cwd) {
  const { npm_execpath: cli, npm_node_execpath: node = process.execPath } = process.env;
  const stdio = ["ignore", "pipe", "pipe"];
  if (cli?.endsWith("npm-cli.js")) return runChild(node, [cli, ...args], { cwd, stdio });
  return runChild("npm", args, { cwd, stdio, shell: process.platform === "win32" });
}

/** The Node 24 that the `node` package brought. */
export async function findNode(root) {
  const found = findWorkingNode(root);
  if (found !== undefined) return found;
  // npm may be set to skip install scripts; this is the one that matters.
  await withLock(path.join(root, ".install.lock"), async () => {
    if (findWorkingNode(root) !== undefined) return;
    const cwd = path.join(root, "node_modules", "node");
    const args = ["installArchSpecificPackage"];
    await runChild(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  });
  const installed = findWorkingNode(root);
  if (installed !== undefined) return installed;
  throw failure(
    `Node.js ${NEEDED_MAJOR} or newer is needed (this is ${process.version}), and its npm package "node" ` +
      "has no binary here: install it from https://nodejs.org",
  );
}

function findWorkingNode(root) {
  const modules = path.join(root, "node_modules");
  const { platform, arch } = process;
  const name = platform === "win32" ? "node.exe" : "node";
  const candidates = [
    path.join(modules, "node", "bin", name),
    path.join(modules, `node-${platform}-${arch}`, "bin", name),
    path.join(modules, `node-bin-${platform}-${arch}`, "bin", name),
  ];
  return candidates.find((candidate) => {
    const { status, stdout } = spawnSync(candidate, ["--version"], { encoding: "utf8" });
    return status === 0 && isNewEnough(stdout);
  });
}

export async function withLock(file, body) {
  const deadline = Date.now() + LOCK_WAIT_MS;
  while (!tryLock(file)) {
    if (Date.now() > deadline) throw failure(`Another install holds ${file}: remove it to go on.`);
    await sleep(LOCK_POLL_MS);
  }
  try {
    await body();
  } finally {
    rmSync(file, { force: true });
  }
}

function tryLock(file) {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    // A link comes into being with its content: there is never a lock without an owner.
    linkSync(own, file);
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    removeStaleLock(file, own);
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Takes away the lock of an owner that is gone; one that is not is put back. */
function removeStaleLock(file, own) {
  if (!isOwnerGone(file)) return;
  const taken = `${own}.stale`;
  try {
    renameSync(file, taken);
    // Somebody else may have been quicker, and this be the lock of that new owner.
    if (!isOwnerGone(taken)) linkSync(taken, file);
  } catch (error) {
    if (error.code !== "ENOENT" && error.code !== "EEXIST") throw error;
  } finally {
    rmSync(taken, { force: true });
  }
}

function isOwnerGone(file) {
  try {
    process.kill(Number(readFileSync(file, "utf8")), 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
  }
}

function failure(message) {
  return Object.assign(new Error(message), { code: "BOOTSTRAP_FAILED" });
}
