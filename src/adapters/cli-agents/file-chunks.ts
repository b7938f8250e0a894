import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { createZstdDecompress } from "node:zlib";

const CHUNK_BYTES = 1024 * 1024;

interface FileToRead {
  readonly path: string;
  /** As it was when it was found; it may have grown since. */
  readonly sizeBytes: number;
}

/** The bytes of a transcript, in chunks that are valid until the next one; `.zst` is unpacked. */
export function readChunks(file: FileToRead, signal: AbortSignal): AsyncGenerator<Buffer> {
  return file.path.endsWith(".zst") ? readPacked(file, signal) : readPlain(file, signal);
}

/** One byte more than the file has: a read that leaves room is the last. */
async function* readPlain(file: FileToRead, signal: AbortSignal): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(Math.min(file.sizeBytes + 1, CHUNK_BYTES));
  await using handle = await open(file.path, "r");
  for (let isMore = true; isMore; ) {
    signal.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, buffer.length);
    isMore = bytesRead === buffer.length;
    if (bytesRead > 0) yield buffer.subarray(0, bytesRead);
  }
}

async function* readPacked(file: FileToRead, signal: AbortSignal): AsyncGenerator<Buffer> {
  const unpacked = createZstdDecompress({ chunkSize: CHUNK_BYTES });
  const packed = createReadStream(file.path, { signal });
  packed.on("error", (error) => unpacked.destroy(error));
  for await (const chunk of packed.pipe(unpacked)) yield chunk as Buffer;
}
