/** `docs/limits.md` says what the code does: every limit of `setup`, with its default, and a test that knows it by name. */
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../../src/actors/limits.ts";
import { RATE_CAPACITY } from "../../src/boundary/rate.ts";
import { DEFAULT_REPLAY_LIMITS } from "../../src/boundary/replay.ts";
import { MAX_BATCH, MAX_NAME } from "../../src/protocol/limits.ts";
import { MAX_RECORDS } from "../../src/protocol/mux.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const page = readFileSync(`${root}docs/limits.md`, "utf8");
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| limit |"))
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
/** Numbers of a cell, without their separators. */
const numbersOf = (cell = ""): number[] =>
  [...cell.matchAll(/\d[\d,]*/g)].map(([text]) => Number(text.replaceAll(",", "")));
const rowOf = (option: string): string[] | undefined => rows.find(([, named]) => named === `\`${option}\``);
const tests = globSync(["src/**/*.test.ts", "tests/**/*.test.ts"], { cwd: root })
  .filter((path) => !path.startsWith("tests/docs"))
  .map((path) => readFileSync(`${root}${path}`, "utf8"))
  .join("\n");

test("every row has a limit, an option, a default, a unit and what happens past it", () => {
  expect(rows.length).toBeGreaterThan(60);
  for (const row of rows) {
    expect(row, row.join(" | ")).toHaveLength(5);
    expect(
      row.every((cell) => cell !== ""),
      row.join(" | "),
    ).toBe(true);
  }
});

test.each(Object.entries(DEFAULT_LIMITS))("%s is listed with its default, %d, and a test knows it", (name, value) => {
  expect(numbersOf(rowOf(name)?.[2])).toContain(value);
  expect(tests).toContain(name);
});

test.each([
  ["messages in one frame", MAX_BATCH],
  ["records in one frame of a shared socket", MAX_RECORDS],
  ["idempotency id", MAX_NAME],
  ["callers a rate rule remembers", RATE_CAPACITY],
  ["deliveries remembered", DEFAULT_REPLAY_LIMITS.capacity],
])("%s: %d, as the code has it", (limit, value) => {
  expect(numbersOf(rows.find(([named]) => named === limit)?.[2])).toContain(value);
});
