// Runs commands that print 100 MB and writes by how many bytes this process grew at most.
import { runProcessTree } from "../../../src/hooks/runners/command/process-tree.ts";

const spec = { program: "sh", cwd: "/", env: { PATH: "/usr/bin:/bin" }, timeoutMs: 20_000 };
const print = (args: readonly string[]) =>
  runProcessTree({ ...spec, args, input: "x".repeat(1024 * 1024), keepsAlive: true });

await print(["-c", "true"]);
const before = process.memoryUsage.rss();
let most = before;
const watching = setInterval(() => {
  most = Math.max(most, process.memoryUsage.rss());
}, 2);
for (const goal of ["", ">&2", ""]) await print(["-c", `head -c 100000000 /dev/zero ${goal}`]);
clearInterval(watching);
console.log(most - before);
