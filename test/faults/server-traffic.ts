import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { logRequest, makeRecord, makeSpan, newId, traceRequest } from "../server/requests.ts";

/** What a sender was told: ids of requests that were answered 200, and of all that it sent. */
export interface Ledger {
  readonly acked: Set<string>;
  readonly sent: Set<string>;
  readonly refused: Map<number, number>;
}

export const createLedger = (): Ledger => ({
  acked: new Set(),
  sent: new Set(),
  refused: new Map(),
});

export type Signal = "traces" | "logs";

/** Sends requests of one item each, or with so much text, one after the other, until it is told to stop. */
export async function sendUntil(
  isOver: () => boolean,
  target: { readonly otlpUrl: string; readonly signal: Signal; readonly textLength?: number },
  ledger: Ledger,
): Promise<void> {
  while (!isOver()) {
    const status = await sendOne(target, ledger);
    if (status === undefined) return;
  }
}

/** Sends one item; returns how it was answered, `undefined` where nobody answered. */
export async function sendOne(
  target: { readonly otlpUrl: string; readonly signal: Signal; readonly textLength?: number },
  ledger: Ledger,
): Promise<number | undefined> {
  const { otlpUrl, signal, textLength = 100 } = target;
  const id = newId(16);
  ledger.sent.add(id);
  try {
    const response = await fetch(`${otlpUrl}/v1/${signal}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(makers[signal](id, textLength)),
    });
    await response.arrayBuffer();
    if (response.status === 200) ledger.acked.add(id);
    else ledger.refused.set(response.status, (ledger.refused.get(response.status) ?? 0) + 1);
    return response.status;
  } catch {
    return undefined;
  }
}

/** One nano-dollar for each call: sums tell how many were counted. */
const makers = {
  traces: (spanId: string, textLength: number) =>
    traceRequest([
      makeSpan({
        spanId,
        startMs: Date.now(),
        attributes: {
          "turnspan.kind": "model_call",
          "turnspan.run.id": `run-${spanId}`,
          "session.id": `session-${spanId.slice(0, 14)}`,
          "gen_ai.request.model": "m",
          "turnspan.cost.usd": 1e-9,
          padding: randomText(textLength),
        },
      }),
    ]),
  logs: (recordId: string, textLength: number) =>
    logRequest([
      makeRecord({
        event: "turnspan.session.patch",
        timeMs: Date.now(),
        attributes: {
          "turnspan.record.id": recordId,
          "session.id": "audited",
          padding: randomText(textLength),
        },
      }),
    ]),
} as const;

const randomText = (length: number): string =>
  Array.from({ length: Math.ceil(length / 10) }, () =>
    Math.random().toString(36).slice(2, 12),
  ).join("");

export interface StoreContent {
  readonly records: ReadonlySet<string>;
  readonly spans: ReadonlySet<string>;
  /** Calls by the sums of sessions and by those of the rollups. */
  readonly countedCalls: readonly number[];
  readonly problems: readonly string[];
}

/** Reads a store that nobody writes, as its files have it. */
export function readStore(folder: string): StoreContent {
  using spans = open(path.join(folder, "spans.db"));
  using audit = open(path.join(folder, "audit.db"));
  const number = (sql: string): number => Number(spans.all(sql)[0]?.["n"] ?? 0);
  return {
    records: new Set(audit.all("select record_id as id from record").map(({ id }) => String(id))),
    spans: new Set(
      spans.all("select hex(span_id) as id from span").map(({ id }) => String(id).toLowerCase()),
    ),
    countedCalls: [
      number("select sum(model_calls) as n from session"),
      number("select sum(model_calls) as n from cost_roll"),
      number("select sum(nano_usd) as n from session"),
    ],
    problems: [spans, audit]
      .flatMap((database) => database.all("pragma integrity_check"))
      .map((row) => String(row["integrity_check"]))
      .filter((line) => line !== "ok"),
  };
}

function open(file: string) {
  const database = new DatabaseSync(file);
  return {
    all: (sql: string) => database.prepare(sql).all(),
    [Symbol.dispose]: () => database.close(),
  };
}

/** A receiver that answers before it writes. */
export async function startNaiveServer(folder: string) {
  const program = path.resolve(import.meta.dirname, "programs/naive-server.ts");
  const child = spawn(process.execPath, [program], {
    env: { PATH: process.env["PATH"], FOLDER: folder },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const ended = once(child, "exit");
  return {
    otlpUrl: line.toString().trim(),
    end: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Ids that stand in what the naive receiver wrote. */
export function readNaive(folder: string): ReadonlySet<string> {
  using database = open(path.join(folder, "naive.db"));
  const ids = database
    .all("select text from item")
    .map(
      ({ text }) => /"(?:spanId":"|stringValue":")(a{4,}[0-9a-f]+)"/.exec(String(text))?.[1] ?? "",
    );
  return new Set(ids);
}

export const missing = (wanted: ReadonlySet<string>, found: ReadonlySet<string>): string[] =>
  [...wanted].filter((id) => !found.has(id));
