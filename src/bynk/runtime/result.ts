/** Owns `Result[T, E]` of Bynk: a value, or the reason why there is none. */

export type Result<T, E> = { readonly tag: "Ok"; readonly value: T } | { readonly tag: "Err"; readonly error: E };

export function Ok<T, E = never>(value: T): Result<T, E> {
  return { tag: "Ok", value };
}

export function Err<E, T = never>(error: E): Result<T, E> {
  return { tag: "Err", error };
}

/** The built-in methods of results. */
export const Result = {
  isOk: (result: Result<unknown, unknown>): boolean => result.tag === "Ok",
  isErr: (result: Result<unknown, unknown>): boolean => result.tag === "Err",
  getOrElse: <T>(result: Result<T, unknown>, fallback: T): T => (result.tag === "Ok" ? result.value : fallback),
};
