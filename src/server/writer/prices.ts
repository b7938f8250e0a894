import { stat } from "node:fs/promises";
import type { PriceBook } from "../../pricing/price-book.ts";

/**
 * The price list, loaded when the first call needs it: it takes 50 MB, and what Turnspan itself sends is priced
 * already. Loaded anew when the user's file has changed; a broken file leaves the prices that were there.
 */
export class Prices {
  readonly #userFile: string | undefined;
  #book: PriceBook | undefined;
  #loadedFrom = "";

  constructor(userFile: string | undefined) {
    this.#userFile = userFile;
  }

  get price(): PriceBook["price"] | undefined {
    return this.#book?.price;
  }

  async load(): Promise<void> {
    if (this.#book === undefined) await this.#read();
  }

  async refresh(): Promise<void> {
    if (this.#book === undefined || (await this.#version()) === this.#loadedFrom) return;
    await this.#read();
  }

  async #read(): Promise<void> {
    const { createPriceBook } = await import("../../pricing/price-book.ts");
    this.#loadedFrom = await this.#version();
    const withUser = createPriceBook({ userFile: this.#userFile });
    this.#book = await withUser.catch(() => this.#book ?? createPriceBook());
  }

  async #version(): Promise<string> {
    if (this.#userFile === undefined) return "none";
    const file = await stat(this.#userFile).catch(() => undefined);
    return file === undefined ? "none" : `${file.mtimeMs} ${file.size}`;
  }
}
