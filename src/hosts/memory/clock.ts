/**
 * Owns virtual time: a `Clock` that stands still until a test advances it. Timers run in order of their due time, then
 * in the order they were set; between two of them everything that is ready to run on the event loop's microtask queue
 * has run, so that what one timer starts is done before the next one fires.
 */
import type { Clock, Timer } from "../port.ts";

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly task: () => void;
}

/** The instant a virtual clock starts at unless told: 2026-01-01T00:00:00Z. */
const DEFAULT_START = 1_767_225_600_000;

/**
 * Turns of the microtask queue one drain takes at most. A chain of awaits takes a few turns each; only code that never
 * yields needs more, and it must not hang the test.
 */
const MAX_TURNS = 10_000;
/** A drain ends after so many turns in which nobody set or cancelled a timer. */
const QUIET_TURNS = 64;

/** Timers that may run at one instant; more is a timer that sets itself again for now. */
const MAX_AT_ONCE = 100_000;

export class VirtualClock implements Clock {
  #now: number;
  #order = 0;
  #touched = 0;
  readonly #pending = new Map<number, Pending>();

  constructor(start: number = DEFAULT_START) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  /** Timers set and neither run nor cancelled. */
  get pending(): number {
    return this.#pending.size;
  }

  /** When the earliest timer is due; null when there is none. */
  get next(): number | null {
    return this.#earliest()?.at ?? null;
  }

  after(delay: number, task: () => void): Timer {
    const order = ++this.#order;
    this.#touched += 1;
    this.#pending.set(order, { at: this.#now + Math.max(0, Number.isFinite(delay) ? delay : 0), order, task });
    return {
      cancel: () => {
        this.#touched += 1;
        this.#pending.delete(order);
      },
    };
  }

  /**
   * Moves time on by `ms`, running every timer that falls due on the way, those set on the way included. What a timer
   * throws rejects the returned promise, with time standing at that timer.
   */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0)) throw new RangeError(`Time moves forwards: advance(${ms})`);
    await this.advanceTo(this.#now + ms);
  }

  /** Moves time on to an instant, epoch ms; does nothing but drain when it is past. */
  async advanceTo(instant: number): Promise<void> {
    await this.drain();
    let standing = 0;
    for (;;) {
      const first = this.#earliest();
      if (first === null || first.at > instant) break;
      standing = first.at > this.#now ? 0 : standing + 1;
      if (standing > MAX_AT_ONCE) throw new Error(`Timers at ${this.#now} set each other without end`);
      this.#now = Math.max(this.#now, first.at);
      this.#pending.delete(first.order);
      first.task();
      await this.drain();
    }
    this.#now = Math.max(this.#now, instant);
  }

  /** Lets everything that is ready run, without moving time. */
  async drain(): Promise<void> {
    let touched = this.#touched;
    for (let turn = 0, quiet = 0; turn < MAX_TURNS && quiet < QUIET_TURNS; turn++) {
      await null;
      quiet = touched === this.#touched ? quiet + 1 : 0;
      touched = this.#touched;
    }
  }

  #earliest(): Pending | null {
    let first: Pending | null = null;
    for (const timer of this.#pending.values()) {
      if (first === null || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer;
    }
    return first;
  }
}
