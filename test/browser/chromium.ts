import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The installed browser: `TURNSPAN_CHROMIUM`, else the first one on the path. */
function findChromium(): string {
  const named = process.env["TURNSPAN_CHROMIUM"];
  if (named !== undefined) return named;
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const found = NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(
    isProgram,
  );
  if (found !== undefined) return found;
  throw new Error(
    "no Chromium was found: install it (bash .ci/install-chromium), or name one by TURNSPAN_CHROMIUM",
  );
}

export const launchChromium = (): Promise<Browser> =>
  chromium.launch({
    executablePath: findChromium(),
    // A container has no user namespaces for the sandbox, and no graphics card.
    args: ["--no-sandbox", "--disable-gpu"],
  });
