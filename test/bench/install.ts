import path from "node:path";
import { pathToFileURL } from "node:url";

const root = path.resolve(import.meta.dirname, "../..");

// Plain JavaScript without types, because it also runs where nothing is installed.
const { installDependencies }: { installDependencies(folder: string): Promise<void> } =
  await import(pathToFileURL(path.join(root, "scripts/install.mjs")).href);

/** Installs a package folder of the checkout as its lock file says, where that is not done yet. */
export const installPackages = (folder: string): Promise<void> =>
  installDependencies(path.join(root, folder));
