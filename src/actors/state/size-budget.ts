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

/** Bytes of a text in UTF-8; lone surrogates count as the replacement character they become. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    bytes += unit < 0x800 ? 1 : 2;
    // A pair is four bytes for two units; counted here with its first half.
    if (unit >= 0xd800 && unit < 0xdc00 && isLowSurrogate(text.charCodeAt(index + 1))) index += 1;
  }
  return bytes;
}

const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit < 0xe000;
