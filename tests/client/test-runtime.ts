/** Owns the surroundings of a client under test: real sockets, and time that moves only where a test says so. */
import { onTestFinished } from "vitest";
import { createClientOn } from "../../src/client/create-client.ts";
import { type Runtime, systemRuntime } from "../../src/client/runtime.ts";
import type { Client, ClientOptions } from "../../src/client/types.ts";
import { turns } from "../support/turns.ts";

/** Real timers, but no waiting between attempts. */
export const eagerRuntime = (overrides: Partial<Runtime> = {}): Runtime => ({
  ...systemRuntime(),
  random: () => 0,
  report: (error) => {
    throw error;
  },
  ...overrides,
});

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** Timers that fire when the test moves the clock. */
export class ManualTime {
  now = 1_000_000;
  readonly #timers = new Set<Timer>();

  readonly later = (ms: number, run: () => void): (() => void) => {
    const timer = { at: this.now + ms, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  /** ms until each timer that is set, in order. */
  get pending(): number[] {
    return [...this.#timers].map(({ at }) => at - this.now).sort((a, b) => a - b);
  }

  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.now = Math.max(this.now, due.at);
      this.#timers.delete(due);
      due.run();
    }
    this.now = end;
  }

  runtime(overrides: Partial<Runtime> = {}): Runtime {
    return eagerRuntime({ now: () => this.now, later: this.later, ...overrides });
  }
}

/** Waits until a condition holds; the test's own timeout bounds it. */
export const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((next) => setTimeout(next, 1));
};

/** Long enough for anything that is under way on the loopback to arrive. */
export const settled = (): Promise<void> => turns(30);

/** A client that is disposed when the test ends: one left open would go on trying. */
export const testClient = (options: ClientOptions, runtime: Runtime = eagerRuntime()): Client => {
  const client = createClientOn(runtime, options);
  onTestFinished(() => client.dispose());
  return client;
};
