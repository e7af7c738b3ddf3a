/**
 * That the model can fail: for each of the mutations a gate broken by it is found within the sequences of one ordinary run.
 * They run in a process of their own, where the library can be changed on its way in.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { MUTATIONS } from "./mutations.ts";

interface Result {
  readonly name: string;
  readonly isApplied: boolean;
  readonly seed: number | null;
}

test("every broken gate is found by the model", { timeout: 300_000 }, async () => {
  const program = fileURLToPath(new URL("./mutants.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ["--no-warnings", program]);
  const results = stdout
    .trim()
    .split("\n")
    .map((line): Result => JSON.parse(line));
  expect(results.map(({ name }) => name)).toEqual(MUTATIONS.map(({ name }) => name));
  // A mutation that finds its text no more has to follow the source.
  expect(results.filter(({ isApplied }) => !isApplied).map(({ name }) => name)).toEqual([]);
  expect(results.filter(({ seed }) => seed === null).map(({ name }) => name)).toEqual([]);
  const seeds = results.map(({ seed }) => seed!);
  console.log(`model: ${results.length} broken gates found, the latest after ${Math.max(...seeds)} sequences`);
});
