/** Whether any value satisfies several predicates together (reference §3.4). Patterns are not analysed. */
import type { BaseName, Predicate } from "./model.ts";

interface Interval {
  readonly low: number;
  readonly high: number;
  /** `low` itself is excluded: `Positive` on a Float. */
  readonly open: boolean;
}

const everything: Interval = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, open: false };

export function isSatisfiable(base: BaseName, predicates: readonly Predicate[]): boolean {
  const start = base === "String" ? { ...everything, low: 0 } : everything;
  const range = predicates.map((predicate) => intervalOf(base, predicate)).reduce(intersect, start);
  return range.open ? range.low < range.high : range.low <= range.high;
}

/** The values, or for a String the lengths, that a predicate admits. */
function intervalOf(base: BaseName, predicate: Predicate): Interval {
  switch (predicate.kind) {
    case "NonNegative":
      return { ...everything, low: 0 };
    case "Positive":
      return base === "Int" ? { ...everything, low: 1 } : { ...everything, low: 0, open: true };
    case "InRange":
      return { low: predicate.low, high: predicate.high, open: false };
    case "NonEmpty":
      return { ...everything, low: 1 };
    case "MinLength":
      return { ...everything, low: predicate.length };
    case "MaxLength":
      return { ...everything, high: predicate.length };
    case "Length":
      return { low: predicate.length, high: predicate.length, open: false };
    case "Matches":
      return everything;
  }
}

function intersect(a: Interval, b: Interval): Interval {
  const low = Math.max(a.low, b.low);
  const open = (a.open && a.low === low) || (b.open && b.low === low);
  return { low, high: Math.min(a.high, b.high), open };
}
