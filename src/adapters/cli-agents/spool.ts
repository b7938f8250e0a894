import { hash } from "node:crypto";
import { appendFile, mkdir, readdir, readFile, rename, rm, stat, unlink } from "node:fs/promises";
import path from "node:path";
import { isErrno, OWNER_ONLY_FILE, OWNER_ONLY_FOLDER } from "../../base/files.ts";
import { agentHooks } from "./agent-hooks.ts";
import { isCopilots } from "./agents/copilot/hooks.ts";
import { isCliAgent } from "./agents.ts";
import { captureFolder, spoolFolder } from "./capture-script.ts";
import { isFields } from "./fields.ts";
import { type HookMoment, readMoment, withoutMessages } from "./hook-moment.ts";

/** A moment, and whether it was taken from the spool before: then it was told of by an earlier process. */
export interface KeptMoment {
  readonly moment: HookMoment;
  readonly isKnown: boolean;
}

/** Events that are larger are cut by their agents already; one that is not is rubbish. */
const MAX_EVENT_BYTES = 64 * 1024 * 1024;
/** What capture writes before an event: whose it is, of which process and of which `turnspan run`. */
const HEAD = /^turnspan 1 ([a-z-]+) (\d*)(?: ([\w-]+))?$/;
/** Events that are taken in one go. */
const MAX_BATCH = 1000;

/**
 * What capture left: an event is taken from the spool into the journal of its session, without content
 * unless that is wanted, and stays there until its session is over and safely stored.
 */
export class Spool {
  readonly #spool: string;
  readonly #journals: string;
  readonly #broken: string;
  readonly #content: boolean;
  brokenEvents = 0;

  constructor(dataFolder: string, content: boolean) {
    this.#spool = spoolFolder(dataFolder);
    this.#journals = path.join(captureFolder(dataFolder), "sessions");
    this.#broken = path.join(captureFolder(dataFolder), "broken");
    this.#content = content;
  }

  /** What sessions that are not over have in their journals. */
  async readJournals(): Promise<KeptMoment[]> {
    const kept: KeptMoment[] = [];
    for (const name of await list(this.#journals, ".jsonl")) {
      const content = await readFile(path.join(this.#journals, name), "utf8");
      for (const line of content.split("\n")) {
        const moment = parseMoment(line);
        if (moment !== undefined) kept.push({ moment, isKnown: true });
      }
    }
    return kept.sort(byTime);
  }

  /** Takes events that have come since, in the order of their times. */
  async take(): Promise<KeptMoment[]> {
    const files = await this.#listEvents();
    const kept: KeptMoment[] = [];
    for (const { file, timeMs } of files) {
      const moment = await this.#read(file, timeMs);
      if (moment === undefined) {
        await this.#setAside(file);
        continue;
      }
      await this.#journal(moment);
      await unlink(file);
      kept.push({ moment, isKnown: false });
    }
    return kept.sort(byTime);
  }

  /** A session is over and all of it is stored. */
  async forget(moment: HookMoment): Promise<void> {
    await rm(this.#journalOf(moment), { force: true });
  }

  async #listEvents(): Promise<{ readonly file: string; readonly timeMs: number }[]> {
    const names = (await list(this.#spool, ".event")).slice(0, MAX_BATCH);
    const files = await Promise.all(
      names.map(async (name) => {
        const file = path.join(this.#spool, name);
        const { mtimeNs } = await stat(file, { bigint: true });
        return { file, timeMs: Number(mtimeNs / 1000n) / 1000 };
      }),
    );
    return files.sort((a, b) => a.timeMs - b.timeMs);
  }

  async #read(file: string, receivedMs: number): Promise<HookMoment | undefined> {
    const { size } = await stat(file);
    if (size > MAX_EVENT_BYTES) return undefined;
    const content = await readFile(file, "utf8");
    const end = content.indexOf("\n");
    const [, name = "", pid, run] = HEAD.exec(content.slice(0, end)) ?? [];
    if (!isCliAgent(name)) return undefined;
    const payload = parseJson(content.slice(end + 1));
    if (!isFields(payload)) return undefined;
    const agent = name === "claude-code" && isCopilots(payload) ? "copilot" : name;
    const hooks = agentHooks[agent];
    const known = pid === undefined || pid === "" ? undefined : Number(pid);
    const about = { agent, hooks, receivedMs, pid: known };
    const options = { ...about, content: this.#content, messages: true };
    const moment = readMoment(payload, options);
    return moment && { ...moment, run };
  }

  async #journal(moment: HookMoment): Promise<void> {
    await mkdir(this.#journals, { recursive: true, mode: OWNER_ONLY_FOLDER });
    const kept = this.#content ? moment : withoutMessages(moment);
    const line = `${JSON.stringify(kept)}\n`;
    await appendFile(this.#journalOf(moment), line, { mode: OWNER_ONLY_FILE });
  }

  /** Kept, to be looked at, and out of the way. */
  async #setAside(file: string): Promise<void> {
    this.brokenEvents += 1;
    await mkdir(this.#broken, { recursive: true, mode: OWNER_ONLY_FOLDER });
    await rename(file, path.join(this.#broken, path.basename(file)));
  }

  #journalOf({ agent, sessionId }: HookMoment): string {
    const name = hash("sha256", sessionId).slice(0, 32);
    return path.join(this.#journals, `${agent}-${name}.jsonl`);
  }
}

const byTime = (a: KeptMoment, b: KeptMoment): number => a.moment.timeMs - b.moment.timeMs;

async function list(folder: string, ending: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith(ending));
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A line of a journal is one of ours; the last may be torn. */
function parseMoment(line: string): HookMoment | undefined {
  const value = parseJson(line);
  return isFields(value) && "kind" in value ? (value as unknown as HookMoment) : undefined;
}
