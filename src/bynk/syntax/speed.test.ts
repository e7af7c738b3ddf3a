/** Time must grow with the length of the text, also for texts made to make it grow faster. */
import { expect, test } from "vitest";
import { readPrograms } from "../../../tests/bynk/support/corpus.ts";
import { parseFile } from "./parse.ts";

/** Ring-1 declarations without their headers, over and over, in one context. */
function longProgram(enough: (text: string) => boolean): string {
  const header = /^\s*(commons|context|uses|consumes|exports)\b.*$/gm;
  const bodies = readPrograms("corpus").filter((program) => !/^(commons|context) \w+ \{/m.test(program.text));
  const round = bodies.map((program) => program.text.replace(header, "")).join("\n");
  let text = "context long\n";
  while (!enough(text)) text += round;
  return text;
}

/** Processor time in ms, the least of several runs: other work on the machine slows the clock, not the count. */
function bestOf(runs: number, text: string): number {
  const times = Array.from({ length: runs }, () => {
    const before = process.cpuUsage();
    parseFile("a.bynk", text);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  });
  return Math.min(...times);
}

test("ten thousand lines of ordinary code parse in under 100 ms of processor time", () => {
  const text = longProgram((made) => made.split("\n").length > 10_000);
  expect(parseFile("a.bynk", text).diagnostics).toEqual([]);
  const best = bestOf(15, text);
  console.log(`10,000 lines: ${best.toFixed(1)} ms`);
  expect(best).toBeLessThan(100);
});

test("a file of one megabyte parses within a second of processor time", () => {
  const text = longProgram((made) => made.length > 1_000_000);
  const best = bestOf(3, text);
  console.log(`1 MB: ${best.toFixed(0)} ms`);
  expect(best).toBeLessThan(1_000);
});

/** Quadratic time would take these texts, 100 KB each, far beyond the limit. */
const hostile = {
  "open brackets": "(",
  "open braces": "{",
  "closers without partner": "]",
  "mixed brackets": "([)",
  "open strings": '"a\n',
  "nested holes": '"\\(',
  "closed holes": '"\\(a)',
  "doc fences": "---\n",
  "unclosed doc blocks with prose": "---\nfn\n---\n\n",
  operators: "a + ",
  members: ".a",
  "else if": "else if a {} ",
  lambdas: "(a) => ",
  "misplaced clauses": "type A = Int\nuses a\n",
  "stray expressions": "a a\n",
  annotations: "@a() ",
  arrows: "A -> ",
  "single quotes": "'a",
  digits: "9",
};

const heads = ["", "context a\nfn f() -> Int {\n", "context a\ntype A = ", "context a\nservice s from http {\n"];

test.each(Object.entries(hostile))("%s cost time in proportion to their number", (_, unit) => {
  for (const head of heads) expect(bestOf(1, head + unit.repeat(100_000 / unit.length))).toBeLessThan(2_000);
});
