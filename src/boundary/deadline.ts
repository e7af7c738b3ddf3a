/** Owns waiting with a limit, on a clock the host gives. */

/** The part of a clock that waiting needs. */
export interface DeadlineClock {
  after(delay: number, task: () => void): { cancel(): void };
}

/** The marker a wait that ran out yields, so that no value of user code can be mistaken for it. */
export const EXPIRED = Symbol("expired");

/** Settles as `promise` does, or resolves to {@link EXPIRED} after `ms`. The promise itself goes on. */
export function withDeadline<T>(
  promise: PromiseLike<T>,
  ms: number,
  clock: DeadlineClock,
): Promise<T | typeof EXPIRED> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => resolve(EXPIRED));
    promise.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (error: unknown) => {
        timer.cancel();
        reject(error);
      },
    );
  });
}
