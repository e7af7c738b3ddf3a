import { expect, test } from "vitest";
import { takesForever } from "./ambiguity.ts";

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
  ...[
    "(a|a)*b",
    "(a|ab|b)*",
    "(a|[^b])*",
    "(1?\\d?\\d\\.)*",
    "(a*b?)*",
    "((ab)*)*",
    "(\\d+|\\d+\\.\\d+)*",
    "(a?){30}a{30}",
  ],
  ...[
    "(a|a){30}b",
    "((a|a){3}){4}",
    "(a+){10}",
    "(?=(a|a)*b)a",
    "(?<!(a+)+b)a",
    "(?i:a|A)*",
    "(\\101|A)*",
    "(\\cA|\\x01)*",
  ],
  "([\\b]|\\x08)*",
])("%s can take forever", (pattern) => {
  expect(takesForever(pattern)).toBe(true);
});

test.each([
  ...["[a-z0-9]+(-[a-z0-9]+)*", "([a-z]+\\.)+[a-z]{2,}", "(\\w+\\s)*", "[0-9]{6}", "a*b*c*", "(a+){2}", "(?=a+)*b"],
  ...[
    "[^@]+@[^@]+",
    "(\\([^)]*\\))*",
    "(a|b)*",
    "(ab|ac)*",
    "(\\s*,\\s*\\w+)*",
    "([A-Z][a-z]*)*",
    "\\u0041+\\x41*",
    "[]]*",
    "(-?[0-9]+;)*",
  ],
  ...[
    "([0-9a-f]{16})*",
    "([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}",
    "(a?){8}",
    "([a-z]{1,1000} )*",
    "((ab)*c)*",
  ],
  ...[
    "(\\d{1,3}\\.){3}\\d{1,3}",
    '([^"\\\\]|\\\\.)*',
    "([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==)?",
    "(|a)*",
    "(?i:a){3}",
  ],
])("%s cannot", (pattern) => {
  expect(takesForever(pattern)).toBe(false);
});

test("hundreds of words that begin alike are told apart, and what has too many ways to look at is refused", () => {
  const words = Array.from({ length: 300 }, (_, index) => `w${index}`);
  expect(takesForever(`(${words.join("|")})+`)).toBe(false);
  expect(takesForever(`(${[...words, "w7w8"].join("|")})+`)).toBe(true);
  expect(takesForever("a?".repeat(2_000))).toBe(true);
});

test("a pattern with hundreds of groups is refused rather than read", () => {
  expect(takesForever("(".repeat(5000) + ")".repeat(5000))).toBe(true);
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
    expect(takesForever(pattern)).toBe(false);
    const before = performance.now();
    expect(new RegExp(`^(?:${pattern})$`).test(text)).toBe(false);
    expect(performance.now() - before).toBeLessThan(2_000);
  }
});
