import { findDataFolder } from "../../base/data-folder.ts";
import { CodedError } from "../../base/errors.ts";
import { findPriceFile } from "../../pricing/price-file.ts";
import { startServer, type TurnspanServer } from "../../server/server.ts";
import type { ServerOptions } from "../../server/server-options.ts";
import { VERSION } from "../../version.ts";
import { type Command, parseOptions, wrongUse } from "../command.ts";
import type { CliContext } from "../context.ts";
import { giveBackMemory } from "../give-back-memory.ts";
import { askLoginUrl } from "../login-url.ts";
import { findViewer } from "../viewer-folder.ts";
import { PostedHooks } from "./posted-hooks.ts";
import { startCapture } from "./up-capture.ts";

const usage = `Usage: turnspan up [--port N] [--ui-port N] [--data DIR] [OPTIONS]

Runs the server: it takes telemetry by OTLP over HTTP, keeps it in files on this machine, and shows it in
a browser. It listens on this machine alone. Ctrl-C stops it; nothing that was taken is lost.

  --port N           port of OTLP over HTTP (default 4318)
  --ui-port N        port of the viewer and the query API (default 4319)
  --data DIR         data folder (default: TURNSPAN_DATA, else $XDG_DATA_HOME/turnspan)
  --max-age DAYS     sessions last heard of longer ago are removed (default 30)
  --max-size SIZE    bytes of spans to keep, such as 500MB or 5GB (default 5GB)

For a team, on an address that others can reach, with tokens for both sides:
  --listen ADDR      address to listen on; 0.0.0.0 is all
  --ingest-token T   lets telemetry in; may be repeated (or TURNSPAN_INGEST_TOKEN)
  --read-token T     opens the viewer and the API; may be repeated (or TURNSPAN_READ_TOKEN)
  --host NAME        a name that the server is called by; may be repeated

  -h, --help         print this
`;

const options = {
  port: { type: "string" },
  "ui-port": { type: "string" },
  data: { type: "string" },
  "max-age": { type: "string" },
  "max-size": { type: "string" },
  listen: { type: "string" },
  "ingest-token": { type: "string", multiple: true },
  "read-token": { type: "string", multiple: true },
  host: { type: "string", multiple: true },
} as const;

/** Reads what follows `turnspan up`. Throws USAGE. */
export function readUpOptions(args: readonly string[], cli: CliContext): ServerOptions {
  const { values, positionals } = parseOptions("up", args, options);
  if (positionals.length > 0) throw wrong(`${positionals[0]} is too much`);
  const dataFolder = values.data ?? findDataFolder(cli.env);
  if (dataFolder === undefined) throw wrong("no home folder is known: name a folder with --data");
  if (dataFolder === "") throw wrong("--data is empty");
  const tokens = (given: readonly string[] | undefined, variable: string): string[] => [
    ...(given ?? []),
    ...[cli.env[variable]?.trim() ?? ""].filter((token) => token !== ""),
  ];
  return {
    dataFolder,
    port: readNumber("--port", values.port, 65_535),
    uiPort: readNumber("--ui-port", values["ui-port"], 65_535),
    listen: values.listen,
    ingestTokens: tokens(values["ingest-token"], "TURNSPAN_INGEST_TOKEN"),
    readTokens: tokens(values["read-token"], "TURNSPAN_READ_TOKEN"),
    hosts: values.host,
    maxAgeDays: readNumber("--max-age", values["max-age"], 36_500),
    maxBytes: readSize(values["max-size"]),
    pricesFile: findPriceFile(cli.env),
    viewerFolder: findViewer(),
    home: cli.env["HOME"] ?? cli.env["USERPROFILE"],
  };
}

const wrong = (problem: string): CodedError => wrongUse("up", problem);

function readNumber(name: string, text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (text !== "" && Number.isInteger(number) && number >= 0 && number <= most) return number;
  throw wrong(`${name} ${text} is no number from 0 to ${most}`);
}

const sizes: Readonly<Record<string, number>> = { MB: 1e6, GB: 1e9, TB: 1e12 };
const MIN_BYTES = 10e6;

function readSize(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, amount, unit] = /^(\d+(?:\.\d+)?) ?(MB|GB|TB)$/i.exec(text) ?? [];
  const bytes = Number(amount) * (sizes[unit?.toUpperCase() ?? ""] ?? Number.NaN);
  if (bytes >= MIN_BYTES) return bytes;
  throw wrong(`--max-size ${text} is no size from 10MB on, such as 500MB or 5GB`);
}

function describe(server: TurnspanServer, { dataFolder, listen }: ServerOptions): string {
  const viewer =
    listen === undefined ? `${server.createLoginUrl()}  (opens once)` : `${server.uiUrl}/`;
  return [
    `turnspan ${VERSION} is running; Ctrl-C stops it`,
    `  viewer  ${viewer}`,
    `  OTLP    ${server.otlpUrl}  (http/protobuf and http/json)`,
    `  data    ${dataFolder}`,
    "",
  ].join("\n");
}

async function runUp(args: readonly string[], cli: CliContext): Promise<number> {
  const given = readUpOptions(args, cli);
  const posted = new PostedHooks(given.dataFolder);
  const server = await startServer({ ...given, takeHook: posted.take }).catch((error: unknown) =>
    pointOut(error, given, cli),
  );
  if (server === undefined) return 0;
  cli.stdout.write(describe(server, given));
  const stopped = Promise.withResolvers<undefined>();
  cli.signal.addEventListener("abort", () => stopped.resolve(undefined), { once: true });
  if (cli.signal.aborted) stopped.resolve(undefined);
  const capture = await startCapture(server.otlpUrl, given, cli);
  posted.answer = capture.answer;
  await giveBackMemory();
  const failure = await Promise.race([stopped.promise, server.failed]);
  await capture[Symbol.asyncDispose]();
  await server.close();
  if (failure !== undefined) throw failure;
  return 0;
}

/** Where a server runs on this data folder already, that is what was wanted: its address is printed. */
async function pointOut(
  error: unknown,
  { dataFolder }: ServerOptions,
  cli: CliContext,
): Promise<undefined> {
  const isInUse = error instanceof CodedError && error.code === "SERVER_DATA_IN_USE";
  const open = isInUse ? await askLoginUrl(dataFolder, cli.fetch) : undefined;
  if (open === undefined) throw error;
  const { running, loginUrl } = open;
  cli.stdout.write(
    `turnspan ${running.version} is running already (process ${running.pid})\n  viewer  ${loginUrl}  (opens once)\n  OTLP    ${running.otlpUrl}\n`,
  );
}

/** `turnspan up`: runs the server until it is interrupted. */
export const upCommand: Command = {
  name: "up",
  summary: "run the server: take telemetry, keep it, show it in a browser",
  usage,
  run: runUp,
};
