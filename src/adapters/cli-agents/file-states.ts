import type { FileFacts } from "./transcript.ts";

/** What a reader knows of each file that it is in the middle of: files may be read by turns, as they grow. */
export class FileStates<State> {
  readonly #create: () => State;
  readonly #states = new Map<string, State>();

  constructor(create: () => State) {
    this.#create = create;
  }

  get all(): readonly State[] {
    return [...this.#states.values()];
  }

  /** The state of a file, made where the file is new. */
  of({ path }: FileFacts): State {
    const known = this.#states.get(path);
    if (known !== undefined) return known;
    const state = this.#create();
    this.#states.set(path, state);
    return state;
  }

  forget({ path }: FileFacts): void {
    this.#states.delete(path);
  }
}
