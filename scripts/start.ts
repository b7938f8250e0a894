// `npm start`: a server with a session to look at. It builds the viewer where that is missing, takes a data folder of
// its own, plays a recorded session of an OpenClaw gateway as if it had just ended, and runs a demo agent that has a
// turn now and then. Ctrl-C stops it; the next start begins anew.
//
//     start.ts [FOLDER]
//
// FOLDER: for the data, those of the last start are removed; default: .turnspan/demo in the checkout.
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CodedError } from "../src/base/errors.ts";
import { askLoginUrl } from "../src/cli/login-url.ts";
import { startServer, type TurnspanServer } from "../src/server/server.ts";
import { lockFolder } from "../src/server/writer/lock.ts";
import { buildMissingViewer, VIEWER_FOLDER } from "./build-viewer.ts";
import { playRecordedSession } from "./demo/recorded-session.ts";
import { runSupportBot } from "./demo/support-bot.ts";

const dataFolder = process.argv[2] ?? fileURLToPath(new URL("../.turnspan/demo", import.meta.url));
/** What is removed at the start. A browser that was let in stays so. */
const OLD = /^(spans|audit)\.db|^server\.json$/;
const PAUSE_MS = 15_000;

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof CodedError && error.code === code;

/** Throws SERVER_DATA_IN_USE where a demo runs already. */
function clearData(): void {
  using _lock = lockFolder(dataFolder);
  for (const name of readdirSync(dataFolder).filter((one) => OLD.test(one))) {
    rmSync(join(dataFolder, name), { recursive: true });
  }
}

/** On the usual ports, where they are free: then telemetry of one's own arrives here too. */
function startDemoServer(): Promise<TurnspanServer> {
  const options = { dataFolder, viewerFolder: VIEWER_FOLDER, home: process.env["HOME"] };
  return startServer(options).catch((error: unknown) => {
    if (!hasCode(error, "SERVER_PORT_TAKEN")) throw error;
    return startServer({ ...options, port: 0, uiPort: 0 });
  });
}

async function runDemo(signal: AbortSignal): Promise<void> {
  clearData();
  await using server = await startDemoServer();
  await Promise.all([buildMissingViewer(), playRecordedSession(server.otlpUrl, Date.now())]);
  process.stdout.write(`Turnspan shows a recorded session at\n\n  ${server.createLoginUrl()}\n\n`);
  process.stdout.write("A demo agent has a turn now and then; Ctrl-C stops both.\n");
  await Promise.race([
    runSupportBot({ otlpUrl: server.otlpUrl, pauseMs: PAUSE_MS, signal }),
    server.failed.then((error) => Promise.reject(error)),
  ]);
}

const controller = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => controller.abort());
}
try {
  await runDemo(controller.signal);
} catch (error) {
  const open = hasCode(error, "SERVER_DATA_IN_USE")
    ? await askLoginUrl(dataFolder, fetch)
    : undefined;
  if (open === undefined) throw error;
  process.stdout.write(`The demo is running already, at\n\n  ${open.loginUrl}\n`);
}
