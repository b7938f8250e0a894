import path from "node:path";

/**
 * What every program that a test starts has in its environment: nothing of this machine's, and a cache of
 * what Node compiled of its modules, which halves the work of starting it.
 */
export const programEnvironment = {
  PATH: process.env["PATH"],
  HOME: "/nonexistent",
  NODE_COMPILE_CACHE: path.resolve(import.meta.dirname, "../../node_modules/.cache/test-programs"),
} as const;
