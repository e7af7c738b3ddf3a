/** Owns the bounds of an attack: how many requests and sockets it may send, and how long it may take. */

export interface BudgetOptions {
  /** Requests and sockets together. */
  readonly requests: number;
  /** Seconds. */
  readonly seconds: number;
}

/** The budget is spent: the attack ends, and its report is incomplete. */
export class BudgetSpent extends Error {
  override readonly name = "BudgetSpent";
}

export class Budget {
  readonly #requests: number;
  readonly #until: number;
  readonly #seconds: number;
  #used = 0;

  constructor({ requests, seconds }: BudgetOptions) {
    this.#requests = requests;
    this.#seconds = seconds;
    this.#until = performance.now() + seconds * 1000;
  }

  get used(): number {
    return this.#used;
  }

  get left(): number {
    return this.#requests - this.#used;
  }

  /** Counts one request or socket. @throws BudgetSpent */
  take(count = 1): void {
    if (performance.now() > this.#until) throw new BudgetSpent(`the time of ${this.#seconds} s is over`);
    if (this.#used + count > this.#requests) throw new BudgetSpent(`the ${this.#requests} requests are used up`);
    this.#used += count;
  }
}
