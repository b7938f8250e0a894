import { writeSync } from "node:fs";
import { isErrno } from "../../../src/base/files.ts";

const clock = new Int32Array(new SharedArrayBuffer(4));

/**
 * Writes a line to standard output before it returns: it is with the operating system then, whatever
 * happens to this process next. Waits where the pipe is full, since its reader may be slow.
 */
export function say(line: string): void {
  const bytes = Buffer.from(`${line}\n`);
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(1, bytes, done);
    } catch (error) {
      if (!isErrno(error, "EAGAIN")) throw error;
      Atomics.wait(clock, 0, 0, 1);
    }
  }
}
