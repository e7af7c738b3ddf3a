import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import type { WriteSet } from "../../port.ts";
import { create, message } from "../../store-suite.ts";
import { verifyData } from "../data/verify.ts";
import { packWrite, refOf, unpackWrites, type Write } from "./messages.ts";
import { migrate, openFile } from "./schema.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { WriteCaller, Writer } from "./writer.ts";

const ROOM = { name: "room", key: "lobby" };
const REF = refOf(ROOM.name, ROOM.key);
const replayPut = (count: number) =>
  Array.from({ length: count }, (_, at) => ({
    id: `id-${at}`,
    status: "done" as const,
    keepUntil: at % 2 === 0 ? 5 : 50,
  }));

const writeOf = (writes: WriteSet): Write => {
  const flat: unknown[] = [];
  packWrite(flat, REF, writes, 0);
  return [...unpackWrites(flat)][0]!;
};
const prune = (before: number): Write => ({
  ...writeOf({ actor: ROOM, mode: "update" }),
  host: { kind: "prune", ref: REF, before },
});
const rowsOf = (db: DatabaseSync): number => Number(db.prepare("SELECT count(*) AS n FROM replay").get()?.["n"]);

test("a prune takes one slice in its group, and the rest between groups", () => {
  const path = join(temporaryDirectory(), "actors.sqlite");
  const db = openFile({ path, readOnly: false, cacheKib: 2048 });
  onTestFinished(() => db.close());
  migrate(db, path);
  const writer = new Writer(db);
  const caller = new WriteCaller();
  const run = (write: Write) => writer.run([{ write, caller }]);
  expect(run(writeOf(create(ROOM, { replayPut: replayPut(5000) })))).toEqual([]);
  expect(run(prune(10))).toEqual([]);
  expect([rowsOf(db), writer.isPruning]).toEqual([4000, true]);
  expect(run(writeOf({ actor: ROOM, mode: "update", state: "between" }))).toEqual([]);
  let slices = 0;
  while (writer.sweep()) slices += 1;
  expect([slices, rowsOf(db), writer.isPruning]).toEqual([2, 2500, false]);
});

test("what a prune leaves is sound: other commits go on, and the count is right", async () => {
  const directory = temporaryDirectory();
  const store = await SqliteStore.open({ directory });
  const queuePut = Array.from({ length: 2500 }, (_, at) => ({
    ...message(at + 1),
    status: "done" as const,
    keepUntil: 5,
  }));
  await store.commit(create(ROOM, { replayPut: replayPut(6000), queuePut }));
  await store.replayPrune(ROOM, 10);
  await Promise.all(
    Array.from({ length: 20 }, (_, at) => store.commit({ actor: ROOM, mode: "update", state: `s${at}` })),
  );
  await expect.poll(() => store.replayCount(ROOM)).toBe(3000);
  expect((await store.load(ROOM))?.state).toBe("s19");
  await store.close();
  expect((await verifyData(directory)).sound).toBe(true);
});
