/**
 * Owns the counts of rate rules that several threads share, so that a limit is one limit however many threads there are. The
 * algorithm is that of `RateTable`; the table is memory that all threads see, in sets of slots, each set under a lock.
 *
 * R1 Bounded: a full set forgets the key that has been quiet longest, which a caller over his limit who keeps coming never is. R2 No lock outlives its holder: the main thread frees
 * those of a thread that ended, and who waits too long takes one over. R3 Keys are held as keyed digests, so that nobody can choose keys that share a slot.
 */
import { hash } from "node:crypto";
import type { RateCounter } from "../../../boundary/rate.ts";

const WAYS = 4;
const SETS = 16_384;
/** Two words of digest a slot. */
const DIGEST_WORDS = 2;
/** Attempts at a lock between two looks at the time, and how long it is waited for, ms: longer than a thread is off its processor. */
const SPINS = 10_000;
const LOCK_PATIENCE = 250;
/** Digests of keys that a thread remembers. */
const MAX_DIGESTS = 8192;

/** The memory of one table, and the key of its digests. Sent to every thread. */
export interface SharedTable {
  readonly locks: SharedArrayBuffer;
  readonly digests: SharedArrayBuffer;
  /** A slot: the instant at which the room of its key is whole. */
  readonly times: SharedArrayBuffer;
  /** A slot: when its key last came. */
  readonly seen: SharedArrayBuffer;
  /** Whether anything was ever counted. */
  readonly used: SharedArrayBuffer;
  readonly seed: string;
}

/** Room for four keys a set; 65,536 unless told otherwise. `seed` is secret and random. */
export function newSharedTable(seed: string, sets = SETS): SharedTable {
  const slots = sets * WAYS;
  return {
    locks: new SharedArrayBuffer(sets * 4),
    digests: new SharedArrayBuffer(slots * DIGEST_WORDS * 4),
    times: new SharedArrayBuffer(slots * 8),
    seen: new SharedArrayBuffer(slots * 8),
    used: new SharedArrayBuffer(4),
    seed,
  };
}

/** Frees the locks a thread held when it ended. `holder` as given to {@link SharedRateTable}. */
export function freeLocks({ locks }: SharedTable, holder: number): void {
  const words = new Int32Array(locks);
  for (let set = 0; set < words.length; set++) Atomics.compareExchange(words, set, holder, 0);
}

export class SharedRateTable implements RateCounter {
  readonly #interval: number;
  readonly #tolerance: number;
  readonly #holder: number;
  readonly #locks: Int32Array;
  readonly #digests: Int32Array;
  readonly #times: Float64Array;
  readonly #seen: Float64Array;
  readonly #used: Int32Array;
  readonly #seed: string;
  /** Digests of keys seen lately; the oldest is forgotten. */
  readonly #known = new Map<string, readonly [low: number, high: number]>();

  /** `limit` takings in `window` ms; `holder` is the thread's number, above 0. */
  constructor(limit: number, window: number, table: SharedTable, holder: number) {
    this.#interval = window / limit;
    this.#tolerance = window - this.#interval;
    this.#holder = holder;
    this.#locks = new Int32Array(table.locks);
    this.#digests = new Int32Array(table.digests);
    this.#times = new Float64Array(table.times);
    this.#seen = new Float64Array(table.seen);
    this.#used = new Int32Array(table.used);
    this.#seed = table.seed;
  }

  /** 0 while nothing was ever counted. */
  get size(): number {
    return Atomics.load(this.#used, 0);
  }

  wait(key: string, now: number): number {
    return this.#inSet(key, (slot) => (slot === -1 ? 0 : this.#waitAt(slot, now)));
  }

  take(key: string, now: number): number {
    return this.#inSet(key, (known, set, low, high) => {
      const slot = known === -1 ? this.#place(set, low, high) : known;
      const wait = this.#waitAt(slot, now);
      this.#seen[slot] = now;
      if (wait === 0) this.#times[slot] = Math.max(this.#times[slot]!, now) + this.#interval;
      return wait;
    });
  }

  #waitAt(slot: number, now: number): number {
    const wholeAt = this.#times[slot]!;
    return wholeAt <= now ? 0 : Math.max(0, wholeAt - now - this.#tolerance);
  }

  /** Runs with the set of a key locked, on its slot, or −1. */
  #inSet(key: string, run: (slot: number, set: number, low: number, high: number) => number): number {
    const [low, high] = this.#digestOf(key);
    const set = (low >>> 0) % this.#locks.length;
    this.#lock(set);
    try {
      return run(this.#find(set, low, high), set, low, high);
    } finally {
      Atomics.store(this.#locks, set, 0);
    }
  }

  /**
   * Held for some ten operations of another thread. One that was ended in the middle of them would hold for ever, and the main
   * thread, which frees its locks, may be the one that waits: past a while the lock is taken over, at the cost of a count.
   */
  #lock(set: number): void {
    let until = 0;
    for (let round = 1; Atomics.compareExchange(this.#locks, set, 0, this.#holder) !== 0; round++) {
      if (round % SPINS !== 0) continue;
      if (until === 0) until = performance.now() + LOCK_PATIENCE;
      else if (performance.now() > until) {
        Atomics.store(this.#locks, set, this.#holder);
        return;
      }
    }
  }

  #find(set: number, low: number, high: number): number {
    for (let slot = set * WAYS; slot < (set + 1) * WAYS; slot++) {
      if (this.#digests[slot * 2] === low && this.#digests[slot * 2 + 1] === high) return slot;
    }
    return -1;
  }

  /** Takes the slot that has been quiet longest; an empty one has been since the epoch. */
  #place(set: number, low: number, high: number): number {
    let quietest = set * WAYS;
    for (let slot = quietest + 1; slot < (set + 1) * WAYS; slot++) {
      if (this.#seen[slot]! < this.#seen[quietest]!) quietest = slot;
    }
    this.#digests[quietest * 2] = low;
    this.#digests[quietest * 2 + 1] = high;
    this.#times[quietest] = 0;
    Atomics.store(this.#used, 0, 1);
    return quietest;
  }

  #digestOf(key: string): readonly [low: number, high: number] {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const bytes = hash("sha256", this.#seed + key, "buffer");
    const digest = [bytes.readInt32LE(0), bytes.readInt32LE(4)] as const;
    if (this.#known.size >= MAX_DIGESTS) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(key, digest);
    return digest;
  }
}
