interface Keyed {
  readonly size: number;
  keys(): Iterator<string>;
  delete(key: string): boolean;
}

/** Drops what was added first until no more than `max` is left. */
export function forgetOldest(entries: Keyed, max: number): void {
  while (entries.size > max) {
    const oldest = entries.keys().next();
    if (oldest.done) return;
    entries.delete(oldest.value);
  }
}
