/** Owns the built-in methods of `String` that JavaScript's differ from. */
import { None, type Option, Some } from "./option.ts";

export const Text = {
  /** A negative place counts as the beginning; nothing is swapped. */
  slice: (text: string, start: number, end: number): string => text.slice(Math.max(0, start), Math.max(0, end)),
  /** Every occurrence, both texts taken literally. */
  replace: (text: string, from: string, to: string): string => text.replaceAll(from, () => to),
  indexOf(text: string, part: string): Option<number> {
    const at = text.indexOf(part);
    return at < 0 ? None : Some(at);
  },
};
