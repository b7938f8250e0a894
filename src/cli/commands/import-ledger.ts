import path from "node:path";
import { z } from "zod";
import type { SessionFiles } from "../../adapters/cli-agents/find-transcripts.ts";
import { makeOwnFolder, readIfThere, replaceFile } from "../../base/files.ts";

/** What was imported into each endpoint: sessions by their first file, with their size and time then. */
const Ledger = z.object({
  version: z.literal(1),
  endpoints: z.record(z.string(), z.record(z.string(), z.string())),
});

type Endpoints = z.infer<typeof Ledger>["endpoints"];

const keyOf = ({ agent, files }: SessionFiles): string => `${agent.id} ${files[0]?.path ?? ""}`;

/** A session that was written to since has another one. */
const markOf = ({ sizeBytes, modifiedMs, files }: SessionFiles): string =>
  `${files.length} ${sizeBytes} ${modifiedMs}`;

/** Remembers what was imported, so that the next import goes on from there. */
export class ImportLedger {
  readonly #file: string;
  readonly #endpoint: string;
  readonly #endpoints: Endpoints;

  private constructor(file: string, endpoint: string, endpoints: Endpoints) {
    this.#file = file;
    this.#endpoint = endpoint;
    this.#endpoints = endpoints;
  }

  /** A ledger that cannot be read is as good as none: what is imported again is there once. */
  static async open(dataFolder: string, endpoint: string): Promise<ImportLedger> {
    const file = path.join(dataFolder, "imported.json");
    const content = await readIfThere(file).catch(() => undefined);
    const known = Ledger.safeParse(parseJson(content ?? ""));
    return new ImportLedger(file, endpoint, known.success ? known.data.endpoints : {});
  }

  has(session: SessionFiles): boolean {
    return this.#endpoints[this.#endpoint]?.[keyOf(session)] === markOf(session);
  }

  /** Notes sessions that are safely where they were to go. */
  async add(sessions: readonly SessionFiles[]): Promise<void> {
    const own = this.#endpoints[this.#endpoint] ?? {};
    this.#endpoints[this.#endpoint] = own;
    for (const session of sessions) own[keyOf(session)] = markOf(session);
    await makeOwnFolder(path.dirname(this.#file));
    await replaceFile(
      this.#file,
      JSON.stringify({ version: 1, endpoints: this.#endpoints } satisfies z.infer<typeof Ledger>),
    );
  }
}

function parseJson(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}
