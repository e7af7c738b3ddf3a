/** Rows of deliveries that all runners write: whoever comes first makes them, and nobody is told that he came second. */
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { VirtualClock } from "../memory/clock.ts";
import { create, update } from "../store-suite.ts";
import { ActorStorage } from "./actor-storage.ts";
import { answerRows } from "./distant.ts";
import type { RivetDatabase } from "./platform.ts";
import { migrate } from "./tables.ts";

const REPLAY = { name: "$replay", key: "desk,Hook" };

class Database implements RivetDatabase {
  readonly #sqlite = new DatabaseSync(":memory:");
  async execute(sql: string, ...args: readonly unknown[]): Promise<readonly Record<string, unknown>[]> {
    return this.#sqlite.prepare(sql).all(...(args as never[]));
  }
  async transaction<T>(run: (tx: RivetDatabase) => Promise<T>): Promise<T> {
    return run(this);
  }
}

async function rowsOf(ref: { readonly name: string; readonly key: string }) {
  const db = new Database();
  await migrate(db);
  const broken: unknown[] = [];
  const storage = await ActorStorage.open({
    context: { db, run: { setWakeAt: async () => {} } },
    ref,
    clock: new VirtualClock(),
    guard: 1000,
    onBroken: (error) => broken.push(error),
    onDue: () => {},
  });
  return { storage, broken };
}

test("two runners that remember the first delivery of a party at once both succeed", async () => {
  const { storage, broken } = await rowsOf(REPLAY);
  // Both have looked, and found nothing.
  expect(await answerRows(REPLAY, storage, { op: "exists" })).toBeNull();
  const remember = async (id: string): Promise<void> => {
    await answerRows(REPLAY, storage, { op: "commit", writes: create(REPLAY) });
    const replayPut = [{ id, status: "done" as const, keepUntil: 10 }];
    await answerRows(REPLAY, storage, { op: "commit", writes: update(REPLAY, { replayPut }) });
  };
  await Promise.all([remember("of-one"), remember("of-two")]);
  await remember("of-one that looked long ago");
  expect(await answerRows(REPLAY, storage, { op: "count" })).toBe(3);
  expect(broken).toEqual([]);
});

test("rows of an actor are nobody's but its own", async () => {
  const ref = { name: "room", key: "a" };
  const { storage } = await rowsOf(ref);
  await expect(answerRows(ref, storage, { op: "commit", writes: create(ref) })).rejects.toThrow("an actor's own");
  expect(storage.facts).toBeNull();
});
