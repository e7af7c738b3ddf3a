/** Owns the abort signal of one invocation: made when it is first asked for, since most handlers never do. */

export class LazyAbort {
  readonly #source: () => AbortSignal | null;
  #controller: AbortController | null = null;
  #signal: AbortSignal | null = null;
  #reason: unknown;
  #aborted = false;

  /** `source` fires when the peer goes away; null where there is none. */
  constructor(source: () => AbortSignal | null) {
    this.#source = source;
  }

  get signal(): AbortSignal {
    if (this.#signal !== null) return this.#signal;
    const controller = new AbortController();
    const source = this.#source();
    this.#controller = controller;
    this.#signal = source === null ? controller.signal : AbortSignal.any([source, controller.signal]);
    if (this.#aborted) controller.abort(this.#reason);
    return this.#signal;
  }

  abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}
