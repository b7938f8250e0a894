import path from "node:path";

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The user's own folder for our settings: `$XDG_CONFIG_HOME/turnspan`, by default `~/.config/turnspan`.
 * Undefined where the environment names no home.
 */
export function findConfigFolder(env: Env): string | undefined {
  // The XDG specification wants a relative path ignored.
  const configHome = env["XDG_CONFIG_HOME"] ?? "";
  if (path.isAbsolute(configHome)) return path.join(configHome, "turnspan");
  const home = env["HOME"] ?? env["USERPROFILE"];
  return home ? path.join(home, ".config", "turnspan") : undefined;
}
