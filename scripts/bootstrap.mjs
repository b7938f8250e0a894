// Runs a script of this checkout on Node 24, installing first what is missing:
//
//     node scripts/bootstrap.mjs TARGET [ARGS...]
//
// It works on every Node from 18 on, so that `npm test` in a fresh clone needs nothing but npm. Nothing but
// TARGET writes to standard output.
import { constants } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { runChild } from "./child.mjs";
// biome-ignore lint/correctness/useImportExtensions: JavaScript that has its types beside it.
import { findNode, installDependencies, isInstalled, isNewEnough } from "./install.mjs";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const [targetName = "", ...args] = process.argv.slice(2);
const target = path.resolve(root, targetName);

/** The Node to run the target on; installs the dependencies, and so that Node, where they are missing. */
async function prepare() {
  if (!isInstalled(root)) await installDependencies(root);
  if (isNewEnough(process.version)) return process.execPath;
  return await findNode(root);
}

/** Ends this process as the child ended, so that a shell or a supervisor sees no difference. */
function endLike({ code, signal }) {
  if (signal === null) {
    process.exitCode = code;
    return;
  }
  process.exitCode = 128 + constants.signals[signal];
  process.kill(process.pid, signal);
}

try {
  const node = await prepare();
  if (node === process.execPath) {
    process.argv = [node, target, ...args];
    await import(pathToFileURL(target).href);
  } else {
    const PATH = path.dirname(node) + path.delimiter + (process.env.PATH ?? "");
    const env = { ...process.env, PATH };
    endLike(await runChild(node, [target, ...args], { stdio: "inherit", env }));
  }
} catch (error) {
  if (error?.code !== "BOOTSTRAP_FAILED") throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
