import path from "node:path";
import { readIfThere, replaceFile } from "../../base/files.ts";
import { captureFolder } from "./capture-script.ts";
import { record, text } from "./fields.ts";

/** What the user chose when capture was installed. */
export interface CaptureSettings {
  /** `local`: prompts, answers and what tools were given and gave back are kept on this machine. */
  readonly content: "none" | "local";
  /** Where sessions go too, without content: a server for a team, or any other OTLP receiver. */
  readonly endpoint?: string | undefined;
  readonly token?: string | undefined;
}

const fileOf = (dataFolder: string): string =>
  path.join(captureFolder(dataFolder), "settings.json");

/** What cannot be read keeps nothing that could be private, and sends nothing. */
export async function readCaptureSettings(dataFolder: string): Promise<CaptureSettings> {
  try {
    const kept = record(JSON.parse((await readIfThere(fileOf(dataFolder))) ?? "{}"));
    const { content, endpoint, token } = kept;
    const mode = content === "local" ? "local" : "none";
    return { content: mode, endpoint: text(endpoint), token: text(token) };
  } catch {
    return { content: "none" };
  }
}

/** Only its owner may read it: it may hold a token. */
export const writeCaptureSettings = (
  dataFolder: string,
  settings: CaptureSettings,
): Promise<void> => replaceFile(fileOf(dataFolder), `${JSON.stringify(settings)}\n`);
