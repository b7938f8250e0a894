// Types for the tests: install.mjs itself is plain JavaScript, because it also runs where nothing is installed.

/** Runs `npm ci` in a folder unless that is done, once for all processes that ask; `options` are npm's. */
export function installDependencies(folder: string, options?: readonly string[]): Promise<void>;

/** Runs `body` while no other process holds `file`; waits 15 minutes at most. */
export function withLock(file: string, body: () => Promise<void>): Promise<void>;
