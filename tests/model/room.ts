/** Owns counts of callers, as the model keeps them. */

/** A bucket of room for each key; room comes back evenly. In ms of window, so that it is exact. */
export class Room {
  readonly #limit: number;
  readonly #window: number;
  readonly #left = new Map<string, { credit: number; at: number }>();

  constructor(limit: number, window: number) {
    this.#limit = limit;
    this.#window = window;
  }
  has(key: string, now: number): boolean {
    return this.#credit(key, now) >= this.#window / this.#limit;
  }
  take(key: string, now: number): boolean {
    const has = this.has(key, now);
    const credit = this.#credit(key, now) - (has ? this.#window / this.#limit : 0);
    this.#left.set(key, { credit, at: now });
    return has;
  }
  #credit(key: string, now: number): number {
    const left = this.#left.get(key);
    return left === undefined ? this.#window : Math.min(this.#window, left.credit + now - left.at);
  }
}
