/** Owns waiting that a signal can end. A caller's signal rejects with its own reason, never with an error of ours. */
import type { Runtime } from "./runtime.ts";

/** One signal for several, none for none. */
export const anySignal = (...signals: readonly (AbortSignal | undefined)[]): AbortSignal | undefined => {
  const given = signals.filter((signal) => signal !== undefined);
  return given.length > 1 ? AbortSignal.any(given) : given[0];
};

/** Resolves after `ms`; rejects with the signal's reason before. */
export const sleep = (runtime: Runtime, ms: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = (): void => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = runtime.later(ms, () => {
      signal?.removeEventListener("abort", stop);
      resolve();
    });
    signal?.addEventListener("abort", stop, { once: true });
  });
