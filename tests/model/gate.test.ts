/**
 * The gate against its model: random definitions, callers, times, reconnects and restarts, done by both, compared after every
 * step. `BYWARD_SEED=n` does that sequence alone, `BYWARD_MODEL=n` as many as wanted, from `BYWARD_FROM` on.
 */
import * as byward from "byward";
// Loaded by the program with the first key it reads: that takes longer than a step waits for its answer.
import "jose";
import { expect, test } from "vitest";
import { VirtualClock } from "../../src/hosts/memory/clock.ts";
import { MemoryStore } from "../../src/hosts/memory/store.ts";
import { nodeDigests } from "../../src/hosts/node/host.ts";
import { WIRE } from "./decide.ts";
import { describe, newCoverage, runSequence } from "./run.ts";

const SEQUENCES = Number(process.env["BYWARD_MODEL"] ?? 2_000);
const ONLY = process.env["BYWARD_SEED"];
const FROM = Number(ONLY ?? process.env["BYWARD_FROM"] ?? 1);

const library = { byward, VirtualClock, MemoryStore, digests: nodeDigests };

test(`the gate agrees with its model`, { timeout: 3_600_000 }, async () => {
  const coverage = newCoverage();
  const count = ONLY === undefined ? SEQUENCES : 1;
  for (let seed = FROM; seed < FROM + count; seed++) {
    const found = await runSequence(library, seed, coverage);
    if (found !== null) expect.fail(describe(found));
  }
  if (count >= 2_000) {
    const met = [...coverage.answers.keys()].map((key) => key.split(" ")[1]);
    expect([...Object.keys(WIRE), "ok", "duplicate"].filter((answer) => !met.includes(answer))).toEqual([]);
  }
  const answers = [...coverage.answers].sort(([, a], [, b]) => b - a).map(([answer, times]) => `${answer} ${times}`);
  console.log(
    `model: seeds ${FROM}–${FROM + count - 1}, ${coverage.steps} steps, ${coverage.handlers} handlers ran\n${answers.join(", ")}`,
  );
});
