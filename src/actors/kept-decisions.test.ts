import { expect, test } from "vitest";
import { Lease } from "../boundary/lease.ts";
import { EXTERNAL } from "../boundary/scheme.ts";
import { Credentials } from "../boundary/verify.ts";
import { KeptDecisions } from "./kept-decisions.ts";

class TestLease extends Lease {
  #generation = 1;
  override get generation(): number {
    return this.#generation;
  }
  raise(): void {
    this.#generation += 1;
  }
}
const lease = (): TestLease => new TestLease(new Credentials(EXTERNAL, new Map()));
const [SAY, BAN] = [{}, {}];

test("an answer stands for its entrypoint, under its lease and its policy", () => {
  const held = lease();
  const kept = new KeptDecisions(held, undefined);
  expect(kept.recall(SAY, 0)).toBeUndefined();
  kept.keep(SAY, true, kept.groundAt(0), 0);
  kept.keep(BAN, false, kept.groundAt(0), 0);
  expect([kept.recall(SAY, 0), kept.recall(BAN, 0), kept.recall({}, 0)]).toEqual([true, false, undefined]);
  expect(kept.recall(SAY, 1)).toBeUndefined();
  held.raise();
  expect(kept.recall(SAY, 0)).toBeUndefined();
  kept.keep(SAY, false, kept.groundAt(0), 0);
  expect([kept.recall(SAY, 0), kept.recall(BAN, 0), kept.size]).toEqual([false, undefined, 1]);
});

test("an answer that was asked for under another lease or policy is not kept", () => {
  const held = lease();
  const kept = new KeptDecisions(held, undefined);
  kept.keep(SAY, true, kept.groundAt(0), 1);
  const asked = kept.groundAt(1);
  held.raise();
  kept.keep(SAY, true, asked, 1);
  expect(kept.size).toBe(0);
});

test("what is no boolean is not kept", () => {
  const kept = new KeptDecisions(lease(), undefined);
  for (const answer of [1, "true", null, undefined, {}, Object(true)]) kept.keep(SAY, answer, kept.groundAt(0), 0);
  expect(kept.size).toBe(0);
});

test("parameters are what was sent, whatever becomes of them", () => {
  const sent = { team: "red", tags: new Set(["a"]) };
  const kept = new KeptDecisions(lease(), sent);
  sent.team = "blue";
  sent.tags.add("b");
  (kept.params as typeof sent).team = "green";
  expect(kept.params).toEqual({ team: "red", tags: new Set(["a"]) });
});
