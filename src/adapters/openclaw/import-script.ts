import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/**
 * A module that no file holds. The gateway runs a plugin from copies of its files, and copies what those
 * import as well: a script would not find what lies beside it. What this module imports is left alone.
 */
const importer = "data:text/javascript,export default (url) => import(url)";

/**
 * Imports a user's script where it lies, by its file URL; again where the file has changed since. Rejects as
 * `import()` does.
 */
export async function importScript(url: string): Promise<unknown> {
  const { mtimeMs } = await stat(fileURLToPath(url));
  const { default: load } = (await import(importer)) as {
    default: (url: string) => Promise<unknown>;
  };
  return load(`${url}?changed=${mtimeMs}`);
}
