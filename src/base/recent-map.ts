/**
 * The entries set last: at least half of `capacity`, at most all of it. Forgets in lumps, by generations: to
 * take the oldest entry out of a Map, one by one, means to walk over all that were taken out before.
 */
export class RecentMap<K, V> {
  readonly #lump: number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  constructor(capacity: number) {
    this.#lump = capacity / 2;
  }

  has(key: K): boolean {
    return this.#young.has(key) || this.#old.has(key);
  }

  get(key: K): V | undefined {
    return this.#young.has(key) ? this.#young.get(key) : this.#old.get(key);
  }

  set(key: K, value: V): void {
    if (this.#young.size >= this.#lump) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  delete(key: K): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }
}
