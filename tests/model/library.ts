/**
 * Owns what the world is made of: the library as a parameter, so that a changed one can be put in its place, a clock that waits
 * for work outside itself, and a store that outlives its registry.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type * as Byward from "byward";

/** What of the library the world is made of. */
export interface Library {
  readonly byward: typeof Byward;
  readonly VirtualClock: new () => VirtualClock;
  readonly MemoryStore: new () => object;
  readonly digests: object;
}
export interface VirtualClock {
  now(): number;
  after(delay: number, task: () => void): { cancel(): void };
  advance(ms: number): Promise<void>;
  drain(): Promise<void>;
}

// biome-ignore lint/suspicious/noExplicitAny: definitions are made from data, their types are not known here
export type Loose = any;

export const SILENT: Loose = { debug() {}, info() {}, warn() {}, error() {}, child: () => SILENT };

const working = new Set<Promise<unknown>>();
for (const name of ["verify", "importKey", "digest"] as const) {
  const original = (crypto.subtle[name] as (...args: unknown[]) => Promise<unknown>).bind(crypto.subtle);
  Object.defineProperty(crypto.subtle, name, {
    value: (...args: unknown[]) => {
      const work = original(...args);
      const done = (): void => void working.delete(work);
      working.add(work);
      work.then(done, done);
      return work;
    },
  });
}

export function patientClock(Base: Library["VirtualClock"], turns: number): VirtualClock {
  return new (class extends Base {
    override async drain(): Promise<void> {
      await super.drain();
      for (let turn = 0; turn < turns; turn++) {
        await nextTurn();
        while (working.size > 0) await Promise.allSettled([...working]);
        await super.drain();
      }
    }
  })();
}

/** A store that outlives its registry. */
export function unclosable(store: object): object {
  return new Proxy(store, {
    get: (target, name) => {
      if (name === "close") return async () => {};
      const member = Reflect.get(target, name) as unknown;
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
