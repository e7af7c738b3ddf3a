import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { bottlenecksOf, type Costs, demandOf, type Load, NODE, simulate } from "../../scripts/capacity/model.ts";

interface Shares {
  readonly loop: number;
  readonly all: number;
  readonly memory: number;
}
const file = JSON.parse(readFileSync(new URL("../../scripts/capacity/measured.json", import.meta.url), "utf8")) as {
  readonly costs: Costs;
  readonly points: readonly { readonly load: Load; readonly measured: Shares; readonly predicted: Shares }[];
};
const { costs } = file;
const load: Load = {
  actors: 1000,
  stateBytes: 1000,
  connections: 1000,
  perActor: 10,
  reads: 100,
  writes: 100,
  events: 10,
  regions: 1,
};
const run = (...args: string[]) => {
  const script = fileURLToPath(new URL("../../scripts/capacity.ts", import.meta.url));
  return spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });
};

test("the model is within a third of loads that its costs were not taken from", () => {
  expect(file.points.length).toBeGreaterThanOrEqual(3);
  for (const { load, measured, predicted } of file.points) {
    for (const of of ["loop", "all", "memory"] as const) {
      const ratio = predicted[of] / measured[of];
      expect(ratio, `${of} of ${JSON.stringify(load)}`).toBeGreaterThan(0.67);
      expect(ratio, `${of} of ${JSON.stringify(load)}`).toBeLessThan(1.5);
    }
  }
});

test("what was predicted is what the model of today predicts", () => {
  for (const { load, predicted } of file.points) {
    const again = demandOf(load, costs);
    expect(again.memory).toBeCloseTo(predicted.memory, 0);
    // The idle server's own time, which both have beside the load's.
    expect(predicted.all - predicted.loop - again.writer).toBeLessThan(20_000);
  }
});

test("every cost is above nothing, so that no load is free", () => {
  for (const name of ["read", "write", "event", "delivery", "commit", "memoryBase", "memoryConnection"] as const) {
    expect(costs[name], name).toBeGreaterThan(0);
  }
});

test("twice the load takes twice of everything but the base", () => {
  const once = demandOf(load, costs);
  const twice = demandOf({ ...load, actors: 2000, connections: 2000, reads: 200, writes: 200, events: 20 }, costs);
  expect(twice.loop).toBeCloseTo(2 * once.loop, 6);
  expect(twice.writer).toBeCloseTo(2 * once.writer, 6);
  expect(twice.memory - costs.memoryBase).toBeCloseTo(2 * (once.memory - costs.memoryBase), 3);
});

test("the scarcest thing comes first", () => {
  const first = (over: Partial<Load>) =>
    bottlenecksOf(demandOf({ ...load, ...over }, costs), NODE, costs.memoryBase)[0]!.name;
  expect(first({ reads: 50_000 })).toBe("actor thread");
  expect(first({ connections: 60_000, perActor: 60, reads: 0, writes: 0, events: 0 })).toMatch(/connections|memory/);
  expect(first({ actors: 200_000_000, reads: 0, writes: 0, events: 0 })).toBe("disk");
});

test("near its limit a node answers later, and the same load always the same", () => {
  const rate = (0.5 * 1e6) / costs.read;
  const relaxed = simulate({ ...load, writes: 0, events: 0, reads: rate * 0.4 }, costs, 5, 1);
  const busy = simulate({ ...load, writes: 0, events: 0, reads: rate * 1.9 }, costs, 5, 1);
  expect(busy.utilisation).toBeGreaterThan(relaxed.utilisation * 3);
  expect(busy.p99).toBeGreaterThan(relaxed.p99 * 2);
  expect(simulate(load, costs, 2, 1)).toEqual(simulate(load, costs, 2, 1));
});

test("the script prints nodes, storage and the first bottleneck of each host, and refuses what is no number", () => {
  const printed = run("--connections", "40000", "--reads", "8000");
  expect(printed.status).toBe(0);
  for (const wanted of ["node:", "cloudflare:", "rivet:", "first bottleneck", "storage"]) {
    expect(printed.stdout).toContain(wanted);
  }
  const json = JSON.parse(run("--json", "--host", "node").stdout);
  expect(json.plans).toHaveLength(1);
  expect(run("--reads", "many")).toMatchObject({ status: 2, stderr: expect.stringContaining("--reads many") });
  expect(run("--read", "1").status).toBe(2);
  expect(run("--host", "mars").status).toBe(2);
});
