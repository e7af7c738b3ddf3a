import fc from "fast-check";
import { expect, test } from "vitest";
import type { Predicate } from "./model.ts";
import { firstViolation } from "./refinements.ts";
import { isSatisfiable } from "./satisfiable.ts";

const bound = fc.integer({ min: -5, max: 5 });
const length = fc.integer({ min: 0, max: 5 });

const numeric: fc.Arbitrary<Predicate> = fc.oneof(
  fc.constant<Predicate>({ kind: "NonNegative" }),
  fc.constant<Predicate>({ kind: "Positive" }),
  fc.tuple(bound, bound).map(([a, b]): Predicate => ({ kind: "InRange", low: Math.min(a, b), high: Math.max(a, b) })),
);
const textual: fc.Arbitrary<Predicate> = fc.oneof(
  fc.constant<Predicate>({ kind: "NonEmpty" }),
  fc.record({ kind: fc.constantFrom("MinLength", "MaxLength", "Length"), length }),
);

test("predicates over Int are satisfiable exactly when some number passes them all", () => {
  fc.assert(
    fc.property(fc.array(numeric, { maxLength: 4 }), (predicates) => {
      const some = Array.from({ length: 21 }, (_, index) => index - 10).some(
        (value) => firstViolation(predicates, value) === undefined,
      );
      expect(isSatisfiable("Int", predicates)).toBe(some);
    }),
  );
});

test("predicates over Float are satisfiable exactly when some number passes them all", () => {
  fc.assert(
    fc.property(fc.array(numeric, { maxLength: 4 }), (predicates) => {
      const some = Array.from({ length: 41 }, (_, index) => (index - 20) / 2).some(
        (value) => firstViolation(predicates, value) === undefined,
      );
      expect(isSatisfiable("Float", predicates)).toBe(some);
    }),
  );
});

test("predicates over String are satisfiable exactly when some length passes them all", () => {
  fc.assert(
    fc.property(fc.array(textual, { maxLength: 4 }), (predicates) => {
      const some = Array.from({ length: 8 }, (_, index) => "x".repeat(index)).some(
        (value) => firstViolation(predicates, value) === undefined,
      );
      expect(isSatisfiable("String", predicates)).toBe(some);
    }),
  );
});
