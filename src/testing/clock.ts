/**
 * Owns the clocks of the testing kit. The virtual one stands still until a test moves it, and then lets everything that
 * became ready run before the next timer: microtasks, turns of the event loop, and work of the store under way.
 */
import { VirtualClock } from "../hosts/memory/clock.ts";
import type { Clock, Timer } from "../hosts/port.ts";

/** Time of a test: one for the host, its actors and the clients. */
export interface TestClock extends Clock {
  /** Moves time on by `ms`, running what falls due on the way. With a real clock: waits. */
  advance(ms: number): Promise<void>;
  /** Lets everything that is ready run, without moving time. With a real clock: waits a few turns of the event loop. */
  settle(): Promise<void>;
  /** Work of the test's own that time must wait for, such as a signature being made. Returns the same promise. */
  track<T>(work: Promise<T>): Promise<T>;
}

/** Taken when the module loads: a test may replace the global one by a fake. */
const { setImmediate: immediate, setTimeout: timeout } = globalThis as typeof globalThis & {
  setImmediate?: (task: () => void) => unknown;
};

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    if (immediate === undefined) timeout(resolve, 0);
    else immediate(resolve);
  });
}

/** Turns of the event loop in which nothing may happen before time moves on. */
const QUIET_TURNS = 5;

export class VirtualTestClock extends VirtualClock implements TestClock {
  readonly #work = new Set<Promise<unknown>>();

  track<T>(work: Promise<T>): Promise<T> {
    const done = (): void => void this.#work.delete(work);
    this.#work.add(work);
    work.then(done, done);
    return work;
  }

  override async drain(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS; quiet++) {
      await super.drain();
      if (this.#work.size > 0) {
        await Promise.allSettled([...this.#work]);
        quiet = -1;
      } else {
        await turn();
      }
    }
  }

  settle(): Promise<void> {
    return this.advance(0);
  }
}

/** Node caps one timer at 2^31 − 1 ms; a longer one would fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

export class RealTestClock implements TestClock {
  now(): number {
    return Date.now();
  }

  after(delay: number, task: () => void): Timer {
    const timer = timeout(task, Math.min(delay, LONGEST_TIMER));
    if (typeof timer === "object") (timer as { unref?: () => void }).unref?.();
    return { cancel: () => clearTimeout(timer) };
  }

  track<T>(work: Promise<T>): Promise<T> {
    return work;
  }

  async advance(ms: number): Promise<void> {
    await new Promise<void>((resolve) => timeout(resolve, ms));
  }

  async settle(): Promise<void> {
    for (let count = 0; count < 10; count++) await turn();
  }
}
