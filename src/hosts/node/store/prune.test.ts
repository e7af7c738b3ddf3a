import { readFileSync, writeFileSync } from "node:fs";
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

test("a destroyed actor whose rows are damaged does not keep those of others from being swept", () => {
  const path = join(temporaryDirectory(), "actors.sqlite");
  const db = openFile({ path, readOnly: false, cacheKib: 2048 });
  migrate(db, path);
  // The first stands on pages of its own, one of which is lost.
  const put = db.prepare("INSERT INTO replay(aid, id, status, keep_until, sum) VALUES (?, ?, 'done', 1, 0)");
  db.exec("BEGIN");
  for (const aid of [1, 2]) for (let at = 0; at < 600; at += 1) put.run(aid, `id-${String(at).padStart(100, "0")}`);
  db.exec("INSERT INTO trash(aid) VALUES (1), (2); COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
  const sql = "SELECT pageno FROM dbstat WHERE name = 'replay' AND pagetype = 'leaf' ORDER BY path LIMIT 1";
  const page = Number(db.prepare(sql).get()?.["pageno"]);
  db.close();
  const file = readFileSync(path);
  file.fill(0, (page - 1) * 4096, page * 4096);
  writeFileSync(path, file);
  const again = openFile({ path, readOnly: false, cacheKib: 2048 });
  onTestFinished(() => again.close());
  const writer = new Writer(again);
  for (let slices = 0; writer.sweep() && slices < 20; slices += 1);
  expect(again.prepare("SELECT aid FROM trash").all()).toEqual([{ aid: 1 }]);
  expect(again.prepare("SELECT count(*) AS n FROM replay WHERE aid = 2").get()?.["n"]).toBe(0);
});
