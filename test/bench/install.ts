import path from "node:path";
import { installDependencies } from "../support/install.ts";

const root = path.resolve(import.meta.dirname, "../..");

/** Installs a package folder of the checkout as its lock file says, where that is not done yet. */
export const installPackages = (folder: string): Promise<void> =>
  installDependencies(path.join(root, folder));
