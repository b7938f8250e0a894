import path from "node:path";
import { readIfThere, replaceFile } from "../../base/files.ts";
import { captureFolder } from "./capture-script.ts";
import { record } from "./fields.ts";

/** What the user chose when capture was installed. */
export interface CaptureSettings {
  /** `local`: prompts, answers and what tools were given and gave back are kept on this machine. */
  readonly content: "none" | "local";
}

const fileOf = (dataFolder: string): string =>
  path.join(captureFolder(dataFolder), "settings.json");

/** What cannot be read keeps nothing that could be private. */
export async function readCaptureSettings(dataFolder: string): Promise<CaptureSettings> {
  try {
    const { content } = record(JSON.parse((await readIfThere(fileOf(dataFolder))) ?? "{}"));
    return { content: content === "local" ? "local" : "none" };
  } catch {
    return { content: "none" };
  }
}

export const writeCaptureSettings = (
  dataFolder: string,
  { content }: CaptureSettings,
): Promise<void> => replaceFile(fileOf(dataFolder), `${JSON.stringify({ content })}\n`);
