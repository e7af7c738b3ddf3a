/** Runs an attack on a registry with a hole in it, and says what was found. */
import { expect, test } from "vitest";
import { attackRegistry } from "../../src/attack/attack.ts";
import type { Hole } from "./holes.ts";

/** One test for each hole: its own rule finds it, and no other rule speaks. */
export function findEach(holes: readonly Hole[]): void {
  for (const { rule, what, only, registry, options } of holes) {
    test(`${rule}: ${what}`, async () => {
      const report = await attackRegistry("fixture", registry(), { only, ...options });
      const shown = report.findings.map(({ id, entrypoint, sent, came }) => `${id} ${entrypoint}: ${sent} → ${came}`);
      expect(report.stopped).toBeNull();
      expect([...new Set(report.findings.map(({ id }) => id))], shown.join("\n")).toEqual([rule]);
    }, 60_000);
  }
}
