import { expect, test } from "vitest";
import { editDistance, nearestOf } from "./nearest.ts";

test("a swap of neighbours counts once", () => {
  expect(editDistance("MinLenght", "MinLength")).toBe(1);
  expect(editDistance("", "abc")).toBe(3);
  expect(editDistance("kitten", "sitting")).toBe(3);
});

test("a word is suggested only when it is close", () => {
  const words = ["NonNegative", "Positive", "InRange"];
  expect(nearestOf("Postive", words)).toBe("Positive");
  expect(nearestOf("inrange", words)).toBe("InRange");
  expect(nearestOf("Even", words)).toBeUndefined();
  expect(nearestOf("x".repeat(10_000), words)).toBeUndefined();
});
