import { z } from "zod";
import { findDataFolder } from "../base/data-folder.ts";
import { CodedError } from "../base/errors.ts";
import { findServer, readToken } from "../base/running-server.ts";
import type { CliContext } from "./context.ts";

/** Options that every command has which asks the server. */
export const serverOptions = {
  url: { type: "string" },
  token: { type: "string" },
  data: { type: "string" },
  json: { type: "boolean" },
} as const;

export const serverOptionsHelp = `  --url URL      the server's address (default: the one that runs here)
  --token T      its read token (default: TURNSPAN_READ_TOKEN, else this machine's)
  --data DIR     the server's data folder
  --json         print JSON
  -h, --help     print this
`;

export interface ServerChoice {
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  readonly data?: string | undefined;
}

const DEFAULT_URL = "http://127.0.0.1:4319";
const TIMEOUT_MS = 30_000;

const Failure = z.object({ error: z.object({ message: z.string() }) });

/** Asks the query API for one answer. Throws SERVER_UNREACHABLE, with what to do about it. */
export async function askServer<Answer>(
  path: string,
  query: Readonly<Record<string, string | undefined>>,
  choice: ServerChoice,
  cli: CliContext,
): Promise<Answer> {
  const response = await request(path, query, choice, cli);
  if (response.ok) return (await response.json()) as Answer;
  const body = Failure.safeParse(await response.json().catch(() => undefined));
  const message = body.data?.error.message ?? `it answered ${response.status}`;
  if (response.status === 404) throw new CodedError("USAGE", `${path} is not known to the server`);
  if (response.status === 400) throw new CodedError("USAGE", message);
  throw new CodedError("SERVER_UNREACHABLE", `the server does not answer: ${message}`);
}

async function request(
  path: string,
  query: Readonly<Record<string, string | undefined>>,
  choice: ServerChoice,
  cli: CliContext,
): Promise<Response> {
  const folder = choice.data ?? findDataFolder(cli.env);
  const running = folder === undefined ? undefined : findServer(folder);
  const base = choice.url ?? running?.uiUrl ?? DEFAULT_URL;
  const token =
    choice.token ?? cli.env["TURNSPAN_READ_TOKEN"] ?? (folder && readToken(folder)) ?? "";
  if (!URL.canParse(base)) {
    throw new CodedError("USAGE", `--url ${base} is no address, such as ${DEFAULT_URL}`);
  }
  const url = new URL(path, base);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  try {
    return await cli.fetch(url, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.any([cli.signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
  } catch (cause) {
    cli.signal.throwIfAborted();
    throw new CodedError(
      "SERVER_UNREACHABLE",
      `no server answers at ${base}: start one with turnspan up, or name one with --url`,
      { cause },
    );
  }
}
