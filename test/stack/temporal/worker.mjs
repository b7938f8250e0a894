// Runs the example's workflow against the server at the port given, until standard input ends.

import path from "node:path";
import { fileURLToPath } from "node:url";
import { DefaultLogger, NativeConnection, Runtime, Worker } from "@temporalio/worker";

const [port, taskQueue] = process.argv.slice(2);
const example = new URL("../../../examples/hooks/temporal/workflow.mjs", import.meta.url);
Runtime.install({ logger: new DefaultLogger("WARN") });
const connection = await NativeConnection.connect({ address: `127.0.0.1:${port}` });
const worker = await Worker.create({
  connection,
  taskQueue,
  workflowsPath: fileURLToPath(example),
  bundlerOptions: {
    // The example's packages are installed here.
    webpackConfigHook: (config) => ({
      ...config,
      resolve: {
        ...config.resolve,
        modules: [path.join(import.meta.dirname, "node_modules"), "node_modules"],
      },
    }),
  },
});
process.stdin.resume().once("end", () => worker.shutdown());
console.log("ready");
await worker.run();
await connection.close();
