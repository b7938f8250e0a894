import type { Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

const CHUNK_BYTES = 1024 * 1024;
/** By so many of its last bytes a file is known to be the one that was read before. */
const TAIL_BYTES = 256;

/** A file of lines that is written to while it is read: each of its bytes is read once. */
export class GrowingFile {
  readonly path: string;
  #position = 0;
  /** The bytes before the position. */
  #tail = Buffer.alloc(0);
  #inode: number | undefined;

  constructor(path: string) {
    this.path = path;
  }

  /** Whether there is more to be read. */
  hasMore({ size, ino }: Pick<Stats, "size" | "ino">): boolean {
    return size !== this.#position || (this.#inode !== undefined && ino !== this.#inode);
  }

  /** Reads what was added since. Resolves false, and reads nothing, where it is another file by now. */
  async read(take: (bytes: Buffer) => void, signal: AbortSignal): Promise<boolean> {
    await using handle = await open(this.path, "r");
    if (!(await this.#isSame(handle))) return false;
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let isMore = true; isMore; ) {
      signal.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, this.#position);
      isMore = bytesRead === buffer.length;
      const bytes = buffer.subarray(0, bytesRead);
      this.#position += bytesRead;
      this.#tail = Buffer.concat([this.#tail, bytes.subarray(-TAIL_BYTES)]).subarray(-TAIL_BYTES);
      take(bytes);
    }
    return true;
  }

  /** A file that was written anew has other bytes where those before the position were. */
  async #isSame(handle: FileHandle): Promise<boolean> {
    const { ino, size } = await handle.stat();
    this.#inode ??= ino;
    if (ino !== this.#inode || size < this.#position) return false;
    const tail = Buffer.alloc(this.#tail.length);
    await handle.read(tail, 0, tail.length, this.#position - tail.length);
    return tail.equals(this.#tail);
  }
}
