/**
 * Owns the one shape for "now or later". The hot path of the gate stays synchronous when nothing has to wait:
 * callers test with `isPromise` and only then `await`. What user code gives may be any thenable, with nothing but `then`:
 * `Promise.resolve` comes before anything else is asked of it.
 */
export type MaybePromise<T> = T | Promise<T>;

export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/** Continues at once when `value` is there, or when it settles. */
export function andThen<T, U>(value: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return isPromise(value) ? Promise.resolve(value).then(next) : next(value);
}
