import { mkdirSync, mkdtempDisposableSync, realpathSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export interface TemporaryFolder extends Disposable {
  readonly path: string;
  /** Writes a file and its folders; objects as JSON. Returns its path. */
  write(file: string, content: string | object, mode?: number): string;
}

/** A folder of its own for one test, with these files in it. */
export function makeTemporaryFolder(
  files: Readonly<Record<string, string | object>> = {},
): TemporaryFolder {
  const folder = mkdtempDisposableSync(path.join(realpathSync(tmpdir()), "turnspan-test-"));
  const write: TemporaryFolder["write"] = (file, content, mode = 0o644) => {
    const target = path.join(folder.path, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, typeof content === "string" ? content : JSON.stringify(content), {
      mode,
    });
    return target;
  };
  for (const [file, content] of Object.entries(files)) write(file, content);
  return { path: folder.path, write, [Symbol.dispose]: () => folder.remove() };
}
