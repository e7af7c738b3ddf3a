/**
 * Owns the limit on the size of a state. The stored size is known after each encoding; between encodings growth is
 * added up from upper bounds, and only when the sum passes the limit is anything measured. What is replaced or removed
 * counts until the next measurement, so the budget errs towards measuring, never towards admitting.
 */
import { StateError } from "./state-error.ts";

export interface SizeSource {
  /** Bytes of the stored text now, or an upper bound. */
  measure(): number;
}

export class SizeBudget {
  readonly max: number;
  readonly #source: SizeSource;
  #measured = 0;
  #growth = 0;

  constructor(max: number, source: SizeSource) {
    this.max = max;
    this.#source = source;
  }

  /** The state was just encoded to so many bytes. */
  measured(size: number): void {
    this.#measured = size;
    this.#growth = 0;
  }

  /**
   * Makes room for a change.
   * @param bound upper bound of the bytes it adds
   * @param exact the bytes it really adds; asked only near the limit
   * @throws StateError `too_large`
   */
  reserve(bound: number, exact: () => number, path: () => string): void {
    if (this.#measured + this.#growth + bound <= this.max) {
      this.#growth += bound;
      return;
    }
    this.measured(this.#source.measure());
    const size = exact();
    if (this.#measured + size > this.max) {
      throw new StateError("too_large", path(), `${path()} would make the state larger than ${this.max} bytes`);
    }
    this.#growth = size;
  }
}
