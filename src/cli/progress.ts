import type { CliContext } from "./context.ts";

/** A line that says how far a command is; nothing on a pipe, and nothing in the first two seconds. */
export interface Progress {
  count(done: number): void;
  end(): void;
}

const QUIET_MS = 2000;
const EVERY_MS = 250;

/** `every`: how many counts lie between two looks at the clock. */
export function startProgress(cli: CliContext, what: string, every = 512): Progress {
  const began = cli.now();
  let nextAt = began + QUIET_MS;
  let shown = false;
  return {
    count(done) {
      if (cli.stderr.isTTY !== true || done % every !== 0) return;
      const now = cli.now();
      if (now < nextAt) return;
      nextAt = now + EVERY_MS;
      shown = true;
      const perSecond = Math.round((done * 1000) / (now - began));
      cli.stderr.write(`\r${done} ${what}, ${perSecond} a second\x1b[K`);
    },
    end() {
      if (shown) cli.stderr.write("\r\x1b[K");
    },
  };
}
