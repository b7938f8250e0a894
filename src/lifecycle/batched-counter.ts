import type { Attributes, Counter } from "@opentelemetry/api";

/** What was added under one set of attributes since the counter was last told. */
interface Sum {
  readonly values: readonly (string | undefined)[];
  units: number;
}

type Value = string | undefined;

/** As many sets, and as many additions, wait at most: a meter that never asks is told as well. */
const MAX_SUMS = 1000;
const MAX_ADDITIONS = 1000;

/**
 * Adds up what a counter is to be told, and tells it when metrics are collected: by then the SDK has many
 * points less to work on. Units are whole numbers, so that sums of nano-dollars are exact.
 */
export class BatchedCounter {
  readonly #counter: Counter;
  readonly #names: readonly [string, string, string?];
  readonly #unitsInOne: number;
  readonly #sums = new Map<string, Sum>();
  /** Most additions go where the one before went. */
  #last: Sum | undefined;
  #additions = 0;

  /** `names`: of the attributes whose values `add` takes. `unitsInOne`: units in one of the counter's. */
  constructor(counter: Counter, names: readonly [string, string, string?], unitsInOne = 1) {
    this.#counter = counter;
    this.#names = names;
    this.#unitsInOne = unitsInOne;
  }

  add(units: number, one: Value, two: Value, three?: Value): void {
    const last = this.#last;
    const isSame =
      last !== undefined &&
      last.values[0] === one &&
      last.values[1] === two &&
      last.values[2] === three;
    const sum = isSame ? last : this.#sumOf([one, two, three]);
    sum.units += units;
    this.#last = sum;
    this.#additions += 1;
    if (this.#additions >= MAX_ADDITIONS || this.#sums.size >= MAX_SUMS) this.flush();
  }

  /** Tells the counter what is there. */
  flush(): void {
    for (const { values, units } of this.#sums.values()) {
      this.#counter.add(units / this.#unitsInOne, this.#attributesOf(values));
    }
    this.#sums.clear();
    this.#last = undefined;
    this.#additions = 0;
  }

  #sumOf(values: readonly Value[]): Sum {
    const key = values.join("\0");
    const known = this.#sums.get(key);
    if (known !== undefined) return known;
    const sum = { values, units: 0 };
    this.#sums.set(key, sum);
    return sum;
  }

  #attributesOf(values: readonly Value[]): Attributes {
    const attributes: Attributes = {};
    for (const [index, name] of this.#names.entries()) {
      if (name !== undefined) attributes[name] = values[index];
    }
    return attributes;
  }
}
