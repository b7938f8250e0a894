import { readFile } from "node:fs/promises";
import { type Fields, record } from "./fields.ts";

/** What an agent wrote beside a subagent's transcript; nothing where it wrote nothing that is JSON. */
export async function readMetaFile(transcript: string): Promise<Fields> {
  try {
    return record(JSON.parse(await readFile(transcript.replace(/\.jsonl$/, ".meta.json"), "utf8")));
  } catch {
    return {};
  }
}
