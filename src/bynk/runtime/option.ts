/** Owns `Option[T]` of Bynk: a value that may be absent. */
import type { Result } from "./result.ts";

export type Option<T> = { readonly tag: "Some"; readonly value: T } | { readonly tag: "None" };

export function Some<T>(value: T): Option<T> {
  return { tag: "Some", value };
}

export const None: Option<never> = Object.freeze({ tag: "None" });

/** The built-in methods of options; their arguments are evaluated first, as everywhere in Bynk. */
export const Option = {
  isSome: (option: Option<unknown>): boolean => option.tag === "Some",
  isNone: (option: Option<unknown>): boolean => option.tag === "None",
  getOrElse: <T>(option: Option<T>, fallback: T): T => (option.tag === "Some" ? option.value : fallback),
  okOr: <T, E>(option: Option<T>, error: E): Result<T, E> =>
    option.tag === "Some" ? { tag: "Ok", value: option.value } : { tag: "Err", error },
};
