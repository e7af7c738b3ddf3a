import { expect, test } from "vitest";
import { nestsRepetition } from "./repetition.ts";

test.each([
  "(a+)+",
  "(a*)*",
  "(?:\\d+)+",
  "(.*,)*",
  "(\\w+\\s?)*",
  "(x+x+)+y",
  "(a|b+)*",
  "(a{2,})*",
  "(?<word>a+)*",
  "((a+)|b)+",
])("%s can take forever", (pattern) => {
  expect(nestsRepetition(pattern)).toBe(true);
});

test.each([
  ...["[a-z0-9]+(-[a-z0-9]+)*", "([a-z]+\\.)+[a-z]{2,}", "(\\w+\\s)*", "[0-9]{6}", "a*b*c*", "(a+){2}", "(?=a+)*b"],
  ...["[^@]+@[^@]+", "(\\([^)]*\\))*", "(a|b)*", "\\u0041+\\x41*", "[]]*", "(-?[0-9]+;)*"],
])("%s cannot", (pattern) => {
  expect(nestsRepetition(pattern)).toBe(false);
});

test("a pattern with hundreds of groups is refused rather than read", () => {
  expect(nestsRepetition("(".repeat(5000) + ")".repeat(5000))).toBe(true);
});

/** What the analysis calls harmless must be so: text built to fail is matched in no time. */
test("harmless patterns fail fast on hostile text", () => {
  const harmless: readonly (readonly [string, string])[] = [
    ["[a-z0-9]+(-[a-z0-9]+)*", "a-".repeat(20_000)],
    ["([a-z]+\\.)+[a-z]{2,}", "a.".repeat(20_000)],
    ["(\\w+\\s)*", `${"a ".repeat(20_000)}!`],
    ["(-?[0-9]+;)*", `${"1;".repeat(20_000)}x`],
  ];
  for (const [pattern, text] of harmless) {
    expect(nestsRepetition(pattern)).toBe(false);
    const before = performance.now();
    expect(new RegExp(`^(?:${pattern})$`).test(text)).toBe(false);
    expect(performance.now() - before).toBeLessThan(2_000);
  }
});
