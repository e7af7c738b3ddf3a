import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { RateTable } from "../../../boundary/rate.ts";
import { freeLocks, newSharedTable, SharedRateTable } from "./shared-rates.ts";

const SEED = Number(process.env["BYWARD_SEED"] ?? Date.now() % 1_000_000);
const seed = "a-seed-of-tests";

test(`counts as a table of one thread does, seen from several (seed ${SEED})`, () => {
  let dice = SEED;
  const roll = (below: number): number => {
    dice = (Math.imul(dice, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((dice / 4_294_967_296) * below);
  };
  const shared = newSharedTable(seed);
  const faces = [1, 2, 3].map((holder) => new SharedRateTable(5, 1000, shared, holder));
  const alone = new RateTable(5, 1000);
  expect([faces[0]!.size, faces[0]!.wait("a", 0)]).toEqual([0, 0]);
  let now = 1_700_000_000_000;
  for (let step = 0; step < 5000; step++) {
    now += roll(120);
    const key = `key-${roll(20)}`;
    const face = faces[roll(3)]!;
    if (roll(4) === 0) expect(face.wait(key, now)).toBeCloseTo(alone.wait(key, now), 6);
    else expect(face.take(key, now)).toBeCloseTo(alone.take(key, now), 6);
  }
  expect(faces[1]!.size).toBe(1);
});

test("a full set forgets the key that was quiet longest, and a caller over his limit is not it", () => {
  const face = new SharedRateTable(1, 60_000, newSharedTable(seed, 1), 1);
  expect([face.take("abuser", 1), face.take("quiet", 2)]).toEqual([0, 0]);
  for (let at = 3; at < 200; at++) {
    face.take(`passer-${at}`, at);
    expect(face.take("abuser", at)).toBe(60_001 - at);
  }
  expect(face.take("quiet", 200)).toBe(0);
});

test("the lock of a thread that ended is freed, and nobody else's", () => {
  const table = newSharedTable(seed);
  const locks = new Int32Array(table.locks);
  locks.fill(2);
  locks[7] = 3;
  freeLocks(table, 2);
  expect([locks[0], locks[7]]).toEqual([0, 3]);
});

test("a lock whose holder is gone for good is taken over after a while, by whoever waits", () => {
  const table = newSharedTable(seed, 1);
  new Int32Array(table.locks).fill(9);
  const face = new SharedRateTable(1, 60_000, table, 1);
  expect([face.take("one", 5), face.take("one", 6)]).toEqual([0, 59_999]);
  expect(new Int32Array(table.locks)[0]).toBe(0);
});

test("threads that take at once share one limit", async () => {
  const table = newSharedTable(seed);
  const url = JSON.stringify(new URL("./shared-rates.ts", import.meta.url).href);
  const code = `
    const { workerData, parentPort } = require("node:worker_threads");
    import(${url}).then(({ SharedRateTable }) => {
      const face = new SharedRateTable(1000, 3_600_000, workerData.table, workerData.holder);
      let taken = 0;
      for (let at = 0; at < 3000; at++) if (face.take("one", 5) === 0) taken += 1;
      parentPort.postMessage(taken);
    });
  `;
  const threads = [2, 3].map((holder) => new Worker(code, { eval: true, workerData: { table, holder }, execArgv: [] }));
  const taken = await Promise.all(threads.map(async (thread) => ((await once(thread, "message")) as [number])[0]));
  expect(taken[0]! + taken[1]!).toBe(1000);
});
