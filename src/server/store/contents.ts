import { hash } from "node:crypto";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { constants, zstdCompressSync } from "node:zlib";
import type { ContentPiece } from "../reading/contents.ts";

/** Shorter texts are not worth a compressor, which takes 50 µs to be made. */
const MIN_PACKED_CHARS = 2048;
const HASH_BYTES = 16;
const MAX_KNOWN = 16_384;

const ADD_CONTENT =
  "insert into content (hash, packed, body) values (?, ?, ?) on conflict do nothing";
const ADD_REFERENCE =
  "insert into span_content (span, piece, part, attribute, content) values (?, ?, ?, ?, ?)";
const FIND_CONTENT = "select id from content where hash = ?";

/** Messages, arguments and results, each text once: the history of a call is in all calls that follow it. */
export class Contents {
  readonly #addContent: StatementSync;
  readonly #addReference: StatementSync;
  readonly #findContent: StatementSync;
  /** Rows of texts that came lately, by their hashes. */
  readonly #known = new Map<string, number>();

  constructor(database: DatabaseSync) {
    this.#addContent = database.prepare(ADD_CONTENT);
    this.#addReference = database.prepare(ADD_REFERENCE);
    this.#findContent = database.prepare(FIND_CONTENT);
  }

  add(span: number, pieces: readonly ContentPiece[]): void {
    for (const [piece, { attribute, parts }] of pieces.entries()) {
      for (const [part, text] of parts.entries()) {
        this.#addReference.run(span, piece, part, attribute, this.#keep(text));
      }
    }
  }

  /** After a rollback, or when texts were removed. */
  clear(): void {
    this.#known.clear();
  }

  #keep(text: string): number {
    const digest = hash("sha256", text, "buffer").subarray(0, HASH_BYTES);
    const name = digest.toString("latin1");
    const id = this.#known.get(name) ?? this.#find(digest) ?? this.#add(digest, text);
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(name, id);
    return id;
  }

  #find(digest: Buffer): number | undefined {
    const row = this.#findContent.get(digest);
    return row === undefined ? undefined : Number(row["id"]);
  }

  #add(digest: Buffer, text: string): number {
    const isPacked = text.length >= MIN_PACKED_CHARS;
    const body = isPacked ? pack(text) : Buffer.from(text);
    return Number(this.#addContent.run(digest, isPacked ? 1 : 0, body).lastInsertRowid);
  }
}

/** Level 1: as small as level 3 on messages, and a quarter faster. */
const pack = (text: string): Buffer =>
  zstdCompressSync(text, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
