import { readFile } from "node:fs/promises";
import path from "node:path";
import { type Fields, record } from "./fields.ts";
import { readChunks } from "./file-chunks.ts";
import type { SessionFiles, TranscriptFile } from "./find-transcripts.ts";
import { LineScanner } from "./line-scanner.ts";
import type { SeenCalls } from "./seen-calls.ts";
import type { TranscriptCall, TranscriptReader } from "./transcript.ts";

export interface ReadOptions {
  /** Shared by all sessions that are read in one go. */
  readonly seen: SeenCalls;
  readonly signal: AbortSignal;
  readonly onBytes?: (bytes: number) => void;
  /** Lines of a file were skipped. */
  readonly onBrokenLines?: (path: string, lines: number) => void;
  /** A file could not be read, or not to its end. */
  readonly onUnreadable?: (path: string, error: unknown) => void;
}

/**
 * Reads the model calls of a session: each once, with its final usage. Memory does not grow with the size
 * of the files. What cannot be read is told to the callbacks; only the signal's reason is thrown.
 */
export function readSession(
  session: SessionFiles,
  options: ReadOptions,
): AsyncGenerator<readonly TranscriptCall[]> {
  const { transcripts } = session.agent;
  return readTranscripts(session, {
    ...options,
    reader: transcripts.openReader(options.seen),
    marks: transcripts.usageMarks,
  });
}

interface Reading extends Omit<ReadOptions, "seen"> {
  readonly reader: TranscriptReader;
  /** Only lines that hold one of these are parsed; none: all are. */
  readonly marks: readonly string[];
}

/** Hands the lines of all files of a session to a reader, and on what it makes of them. */
export async function* readTranscripts(
  { agent, files }: SessionFiles,
  reading: Reading,
): AsyncGenerator<readonly TranscriptCall[]> {
  const { reader, signal } = reading;
  for (const file of files) {
    const name = file.path.replaceAll(path.sep, "/");
    reader.beginFile({ ...(await agent.transcripts.describeFile(name)), path: name });
    try {
      yield* file.path.endsWith(".json") ? readWhole(file, reading) : readLines(file, reading);
    } catch (error) {
      signal.throwIfAborted();
      reading.onUnreadable?.(file.path, error);
    }
    reader.endFile();
  }
  yield reader.takeSettled();
  yield reader.rest();
}

async function* readLines(
  file: TranscriptFile,
  { reader, marks, signal, ...options }: Reading,
): AsyncGenerator<readonly TranscriptCall[]> {
  const scanner = new LineScanner((line) => reader.read(line), marks);
  for await (const chunk of readChunks(file, signal)) {
    scanner.push(chunk);
    options.onBytes?.(chunk.length);
    const settled = reader.takeSettled();
    if (settled.length > 0) yield settled;
  }
  scanner.end();
  if (scanner.broken > 0) options.onBrokenLines?.(file.path, scanner.broken);
}

/** The largest text that fits a string of ours is some eight times this. */
const MAX_WHOLE_BYTES = 64 * 1024 * 1024;

/** Older versions of Gemini CLI write one document: its head, and its messages in a list. */
async function* readWhole(
  file: TranscriptFile,
  { reader, signal, ...options }: Reading,
): AsyncGenerator<readonly TranscriptCall[]> {
  const isWhole = await readDocument(file, { reader, signal });
  options.onBytes?.(file.sizeBytes);
  if (!isWhole) options.onBrokenLines?.(file.path, 1);
  yield reader.takeSettled();
}

/** Hands a document's head and messages to a reader. Resolves to whether it has any. */
export async function readDocument(
  file: Pick<TranscriptFile, "path" | "sizeBytes">,
  { reader, signal }: Pick<Reading, "reader" | "signal">,
): Promise<boolean> {
  if (file.sizeBytes > MAX_WHOLE_BYTES) throw new RangeError("the file is too large");
  const content = await readFile(file.path, { encoding: "utf8", signal });
  const { messages, ...head } = parseDocument(content);
  if (!Array.isArray(messages)) return false;
  reader.read(head);
  for (const message of messages) reader.read(record(message));
  return true;
}

function parseDocument(content: string): Fields {
  try {
    return record(JSON.parse(content));
  } catch {
    return {};
  }
}
