import type { CliContext } from "./context.ts";

/** A line that says how far a command is; nothing on a pipe, and nothing in the first two seconds. */
export interface Progress {
  count(done: number): void;
  end(): void;
}

const QUIET_MS = 2000;
const EVERY_MS = 250;

const BAR_WIDTH = 24;

/** A bar of a known length, in front of the numbers. */
function bar(done: number, total: number): string {
  const part = Math.min(1, done / total);
  const full = Math.floor(part * BAR_WIDTH);
  return `[${"#".repeat(full)}${"-".repeat(BAR_WIDTH - full)}] ${Math.floor(part * 100)} %  `;
}

/** `every`: how many counts lie between two looks at the clock. `total`: where the end is known. */
export function startProgress(
  cli: CliContext,
  what: string,
  every = 512,
  total: number | undefined = undefined,
): Progress {
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
      const ahead = total === undefined ? "" : bar(done, total);
      cli.stderr.write(`\r${ahead}${done} ${what}, ${perSecond} a second\x1b[K`);
    },
    end() {
      if (shown) cli.stderr.write("\r\x1b[K");
    },
  };
}
