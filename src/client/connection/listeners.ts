/** Owns sets of callbacks. One that throws stops none of the others; its error goes to whoever was named for it. */
import type { EventUnsubscribe } from "../types.ts";

export class Listeners<Args extends unknown[]> {
  readonly #listeners = new Set<{ readonly call: (...args: Args) => void }>();
  readonly #onThrow: (error: unknown) => void;

  constructor(onThrow: (error: unknown) => void) {
    this.#onThrow = onThrow;
  }

  get size(): number {
    return this.#listeners.size;
  }

  /** The same function twice is two listeners. */
  readonly add = (call: (...args: Args) => void): EventUnsubscribe => {
    const listener = { call };
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };

  emit(...args: Args): void {
    for (const { call } of [...this.#listeners]) {
      try {
        call(...args);
      } catch (error) {
        this.#onThrow(error);
      }
    }
  }
}
