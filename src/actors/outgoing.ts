/**
 * Owns what an actor, or the services of a registry, hold open towards other actors. It ends with its owner: nothing that
 * acts under the name of an actor outlives that actor's stop.
 */

/** Something open; `end` is called once, with why. */
export interface OpenEnd {
  end(reason: unknown): void;
}

export class OutgoingLinks {
  readonly #open = new Set<OpenEnd>();
  readonly #onActivity: () => void;
  #over: { readonly reason: unknown } | null = null;

  /** `onActivity` is told of every frame that arrives. */
  constructor(onActivity: () => void) {
    this.#onActivity = onActivity;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Keeps track of what is open; where the owner has stopped already it ends at once. Returns how to forget it. */
  add(link: OpenEnd): () => void {
    if (this.#over === null) this.#open.add(link);
    else link.end(this.#over.reason);
    return () => this.#open.delete(link);
  }

  readonly arrived = (): void => this.#onActivity();

  /** The owner has stopped. */
  close(reason: unknown): void {
    if (this.#over !== null) return;
    this.#over = { reason };
    const open = [...this.#open];
    this.#open.clear();
    for (const link of open) link.end(reason);
  }
}
