/** A sound registry: everything is tried, every cell of the matrix among it, and nothing is found. */
import { expect, test } from "vitest";
import { attackRegistry } from "../../src/attack/attack.ts";
import { RULES } from "../../src/attack/rules.ts";
import { HANDLER_HOLES, HOST_HOLES, VERIFIER_HOLES } from "./holes.ts";
import { behind } from "./proxy.ts";
import { soundRegistry } from "./sound.ts";

test("nothing is found on a sound registry, and every cell was tried on every transport", async () => {
  const { findings, coverage, stopped, checked } = await attackRegistry("sound", soundRegistry());
  expect(findings).toEqual([]);
  expect(stopped).toBeNull();
  expect(coverage).toMatchObject({ rows: 23, internal: 0, missing: [] });
  expect(coverage.tried).toBe(coverage.planned);
  // The lock is the only thing that was not there to compare with.
  expect(Object.keys(RULES).filter((rule) => !checked.includes(rule as never))).toEqual(["access.widened"]);
}, 60_000);

test("nothing is found through a proxy that changes nothing", async () => {
  const { findings } = await attackRegistry("behind", behind(soundRegistry(), {}), {
    only: ["claims", "origins", "names", "bodies", "existence"],
  });
  expect(findings).toEqual([]);
}, 60_000);

test("at least twelve holes are planted, each under a rule of its own", () => {
  const rules = [...VERIFIER_HOLES, ...HOST_HOLES, ...HANDLER_HOLES].map(({ rule }) => rule);
  expect(new Set(rules).size).toBe(rules.length);
  expect(rules.length).toBeGreaterThan(12);
});
