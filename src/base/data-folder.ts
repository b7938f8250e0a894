import { isAbsolute, join } from "node:path";

/**
 * Finds the folder that Turnspan's data lie in: `TURNSPAN_DATA`, else `$XDG_DATA_HOME/turnspan`, else
 * `~/.local/share/turnspan`. `undefined` where the environment names no home.
 */
export function findDataFolder(
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const own = env["TURNSPAN_DATA"] ?? "";
  if (own !== "") return own;
  // The XDG specification wants a relative path ignored.
  const dataHome = env["XDG_DATA_HOME"] ?? "";
  if (isAbsolute(dataHome)) return join(dataHome, "turnspan");
  const home = env["HOME"] ?? env["USERPROFILE"];
  return home ? join(home, ".local", "share", "turnspan") : undefined;
}
