import { closeSync, fdatasyncSync, fsyncSync, openSync, writeSync } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { platform } from "node:os";
import path from "node:path";
import { OWNER_ONLY_FILE, syncFolder } from "./files.ts";
import { FrameBuffer } from "./segment-frame.ts";
import { segmentRef } from "./segment-reader.ts";

/** One segment that is written to, by nobody else. */
export class SegmentFile {
  readonly number: number;
  readonly #handle: FileHandle;
  #position: number;
  /** Frames that precede whatever is written first. */
  #lead: Buffer | undefined;

  private constructor(number: number, handle: FileHandle, position: number, lead?: Buffer) {
    this.number = number;
    this.#handle = handle;
    this.#position = position;
    this.#lead = lead;
  }

  /** Makes a new segment, which begins with `header`. Its name is safe on return, its content is not. */
  static async create(folder: string, number: number, header: string): Promise<SegmentFile> {
    const { file } = segmentRef(folder, number);
    const handle = await open(file, "wx", OWNER_ONLY_FILE);
    try {
      await syncFolder(folder);
    } catch (error) {
      await handle.close();
      await rm(file, { force: true });
      throw error;
    }
    return new SegmentFile(number, handle, 0, headerFrame(header));
  }

  /** Goes on in a segment that its last writer closed in order, so that all of it is known to be safe. */
  static async reopen(folder: string, number: number, size: number): Promise<SegmentFile> {
    const handle = await open(segmentRef(folder, number).file, "r+");
    return new SegmentFile(number, handle, size);
  }

  /** Where the next write begins. */
  get position(): number {
    return this.#position;
  }

  /**
   * Writes at the end. Where it fails the position stays, and writing the same again is safe: what was
   * half written is written over.
   */
  async write(bytes: Buffer): Promise<void> {
    if (this.#lead !== undefined) {
      await this.#writeAll(this.#lead);
      this.#lead = undefined;
    }
    await this.#writeAll(bytes);
  }

  /** Makes everything written safe. After it failed once the file must not be used again: see `SegmentLog`. */
  async sync(): Promise<void> {
    await this.#handle.datasync();
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #writeAll(bytes: Buffer): Promise<void> {
    const start = this.#position;
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#handle.write(
        bytes,
        done,
        bytes.length - done,
        start + done,
      );
      done += bytesWritten;
    }
    this.#position = start + bytes.length;
  }
}

/**
 * Writes a whole segment and makes it safe without waiting for the event loop: for the moment when the
 * process exits. Throws what the file system says.
 */
export function writeSegmentSync(
  folder: string,
  number: number,
  header: string,
  parts: readonly Buffer[],
): void {
  const file = openSync(segmentRef(folder, number).file, "wx", OWNER_ONLY_FILE);
  try {
    for (const part of [headerFrame(header), ...parts]) writeAllSync(file, part);
    fdatasyncSync(file);
  } finally {
    closeSync(file);
  }
  if (platform() === "win32") return;
  const names = openSync(path.resolve(folder), "r");
  try {
    fsyncSync(names);
  } finally {
    closeSync(names);
  }
}

function writeAllSync(file: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
}

function headerFrame(header: string): Buffer {
  const frame = new FrameBuffer();
  frame.add(header);
  return frame.bytes;
}
