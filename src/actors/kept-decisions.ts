/**
 * Owns what a `pure` decision answered on one connection (ruling 17): by entrypoint, for one generation of the lease and one
 * policy epoch. Strict booleans are kept and nothing else. G12: the keys are entrypoints of the definition, never names of a
 * peer. G7: answers of an older lease or policy are never given.
 */
import type { Lease } from "../boundary/lease.ts";

/** An entrypoint as the compiled definition holds it. */
export type Entry = object;

/** What an answer stands on. */
export interface Ground {
  readonly generation: number;
  readonly epoch: number;
}

export class KeptDecisions {
  readonly #lease: Lease;
  readonly #params: unknown;
  readonly #verdicts = new Map<Entry, boolean>();
  #ground: Ground = { generation: 0, epoch: -1 };

  /** @param params what the peer sent; copied, because code of the actor may change what it is given */
  constructor(lease: Lease, params: unknown) {
    this.#lease = lease;
    this.#params = copied(params);
  }

  /** The parameters as they were sent. */
  get params(): unknown {
    return copied(this.#params);
  }

  get size(): number {
    return this.#verdicts.size;
  }

  /** What a decision that begins now stands on. */
  groundAt(epoch: number): Ground {
    return { generation: this.#lease.generation, epoch };
  }

  /** The answer that stands; undefined where nobody was asked under this lease and policy. */
  recall(entry: Entry, epoch: number): boolean | undefined {
    const isCurrent = this.#ground.generation === this.#lease.generation && this.#ground.epoch === epoch;
    return isCurrent ? this.#verdicts.get(entry) : undefined;
  }

  /** Keeps an answer, unless the lease or the policy is another than when it was asked for. */
  keep(entry: Entry, verdict: unknown, asked: Ground, epoch: number): void {
    if (typeof verdict !== "boolean") return;
    if (asked.generation !== this.#lease.generation || asked.epoch !== epoch) return;
    if (this.#ground.generation !== asked.generation || this.#ground.epoch !== asked.epoch) this.#verdicts.clear();
    this.#ground = asked;
    this.#verdicts.set(entry, verdict);
  }
}

function copied(params: unknown): unknown {
  return typeof params === "object" && params !== null ? structuredClone(params) : params;
}
