/**
 * Owns time on Workers: the platform's clock, and a clock for what is far away. A pending timer keeps an object in memory, and
 * is lost with it; what is far away therefore waits for the object's one alarm, and is set again when the object wakes.
 */
import type { Clock, Timer } from "../port.ts";

/** Longest delay of a platform timer, ms. */
const LONGEST_TIMER = 2 ** 31 - 1;
/** Up to here a timer is worth its precision, ms. */
export const NEAR_BY = 5000;

export const platformClock: Clock = {
  now: () => Date.now(),
  after(delay: number, task: () => void): Timer {
    const timer = setTimeout(task, Math.min(Math.max(0, delay), LONGEST_TIMER));
    return { cancel: () => clearTimeout(timer) };
  },
};

interface Far {
  readonly at: number;
  readonly task: () => void;
}

export class FarClock implements Clock {
  readonly #clock: Clock;
  readonly #changed: (earliest: number) => void;
  readonly #waiting = new Set<Far>();

  /** `changed` is told of each new instant. */
  constructor(clock: Clock, changed: (at: number) => void) {
    this.#clock = clock;
    this.#changed = changed;
  }

  now(): number {
    return this.#clock.now();
  }

  after(delay: number, task: () => void): Timer {
    if (delay <= NEAR_BY) return this.#clock.after(delay, task);
    const far: Far = { at: this.#clock.now() + delay, task };
    this.#waiting.add(far);
    this.#changed(far.at);
    return { cancel: () => this.#waiting.delete(far) };
  }

  /** When something waits first, epoch ms; null when nothing does. */
  get earliest(): number | null {
    let earliest: number | null = null;
    for (const { at } of this.#waiting) if (earliest === null || at < earliest) earliest = at;
    return earliest;
  }

  /** Runs what is due. */
  fire(): void {
    const now = this.#clock.now();
    for (const far of [...this.#waiting]) {
      if (far.at > now) continue;
      this.#waiting.delete(far);
      far.task();
    }
  }
}
