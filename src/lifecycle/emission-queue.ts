/** How many times over receivers may tell something in answer to what they were told. Hooks stop at 3. */
const MAX_ROUNDS = 16;

interface Waiting {
  readonly emit: () => void;
  readonly depth: number;
}

/**
 * One emission at a time. What a receiver of a record tells (a hook that patches its session, ends it,
 * opens another) waits here until the record it heard of is out everywhere, with the others of its event.
 * So records stand in the order in which things happened, and every span is there when its end comes.
 */
export class EmissionQueue {
  #waiting: Waiting[] = [];
  #isBusy = false;
  #depth: number | undefined;

  /** An emission is under way; what is told now comes after it, before any promise is settled. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** How deep in hooks it was said what is emitted now; undefined: the running code's own depth. */
  get depth(): number | undefined {
    return this.#depth;
  }

  begin(): void {
    this.#isBusy = true;
  }

  /** `emit` must not throw. `depth`: how deep in hooks the caller is. */
  add(emit: () => void, depth: number): void {
    this.#waiting.push({ emit, depth });
  }

  /** Emits what has waited, and what that brought up. Returns how much was given up: answers to answers without end. */
  finish(): number {
    for (let round = 0; this.#waiting.length > 0 && round < MAX_ROUNDS; round += 1) {
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const { emit, depth } of waiting) {
        this.#depth = depth;
        emit();
      }
    }
    const left = this.#waiting.length;
    if (left > 0) this.#waiting = [];
    this.#depth = undefined;
    this.#isBusy = false;
    return left;
  }
}
