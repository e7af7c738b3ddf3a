/** Owns time in the model: work that waits is a generator, and what falls due meanwhile happens in order. */

/** Work that yields how many ms it waits. */
export type Work<T> = Generator<number, T, void>;

export class Timeline {
  #now: number;
  #order = 0;
  readonly #tasks: { readonly at: number; readonly order: number; readonly run: () => void }[] = [];

  constructor(now: number) {
    this.#now = now;
  }

  get now(): number {
    return this.#now;
  }

  later(ms: number, run: () => void): void {
    this.#tasks.push({ at: this.#now + ms, order: this.#order++, run });
  }

  start<T>(work: Work<T>, done: (result: T) => void): void {
    const { value, done: isDone } = work.next();
    if (isDone) done(value);
    else this.later(value, () => this.start(work, done));
  }

  advance(until: number): void {
    for (;;) {
      this.#tasks.sort((a, b) => a.at - b.at || a.order - b.order);
      const first = this.#tasks[0];
      if (first === undefined || first.at > until) break;
      this.#tasks.shift();
      this.#now = first.at;
      first.run();
    }
    this.#now = until;
  }
}
