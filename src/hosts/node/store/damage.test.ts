import { copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import type { ActorRef } from "../../port.ts";
import { create, message, update } from "../../store-suite.ts";
import { verifyData } from "../data/verify.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const ACTORS = 400;
const refAt = (at: number): ActorRef => ({ name: "room", key: `key-${String(at).padStart(4, "0")}` });
const stateAt = (at: number): string => JSON.stringify({ marker: `state-of-${at}-`, text: "z".repeat(150) });

async function filled(): Promise<string> {
  const directory = temporaryDirectory();
  const store = await SqliteStore.open({ directory });
  const parts = { queuePut: [message(1)], kvPut: [{ key: Uint8Array.of(1), value: Uint8Array.of(2) }] };
  await Promise.all(
    Array.from({ length: ACTORS }, (_, at) => store.commit(create(refAt(at), { ...parts, state: stateAt(at) }))),
  );
  await store.close();
  return directory;
}

/** Changes one byte, at `offset` in `text`, wherever it stands: pages keep remains of rows they held before. */
function flip(directory: string, text: string, offset: number): void {
  const path = join(directory, "actors.sqlite");
  const file = readFileSync(path);
  let found = 0;
  for (let at = file.indexOf(text); at >= 0; at = file.indexOf(text, at + 1)) {
    file[at + offset] = (file[at + offset] as number) ^ 0x01;
    found += 1;
  }
  if (found === 0) throw new Error(`"${text}" is not in the file`);
  writeFileSync(path, file);
}

async function open(directory: string): Promise<SqliteStore> {
  const store = await SqliteStore.open({ directory });
  onTestFinished(() => store.close());
  return store;
}

test("a flipped byte in a state refuses that actor by name, to readers and writers, and no other", async () => {
  const directory = await filled();
  flip(directory, "state-of-7-", 3);
  const store = await open(directory);
  const refused = {
    name: "StoreError",
    code: "damaged",
    message: expect.stringMatching(/room\/key-0007.*byward data verify.*backup/),
  };
  await expect(store.load(refAt(7))).rejects.toMatchObject(refused);
  await expect(store.commit(update(refAt(7), { state: "over it" }))).rejects.toMatchObject(refused);
  await expect(store.load(refAt(7))).rejects.toMatchObject(refused);
  for (let at = 0; at < ACTORS; at += 1) {
    if (at !== 7) expect((await store.load(refAt(at)))?.state).toBe(stateAt(at));
  }
  await store.commit(update(refAt(8), { state: "new" }));
  await store.commit({ actor: refAt(7), mode: "destroy" });
  expect(await store.load(refAt(7))).toBeNull();
});

test("rows of messages and pairs prove themselves too", async () => {
  const directory = await filled();
  const path = join(directory, "actors.sqlite");
  const db = new DatabaseSync(path);
  db.exec("UPDATE queue SET body = 'other' WHERE aid = 3; UPDATE kv SET value = x'03' WHERE aid = 4");
  db.exec("UPDATE queue SET aid = 6 + 1000 WHERE aid = 6; UPDATE kv SET aid = 1000 WHERE aid = 5");
  // A row under another actor's number: right in itself, wrong in its place.
  db.exec("UPDATE kv SET aid = 5 WHERE aid = 8");
  db.close();
  const store = await open(directory);
  const page = { queue: null, status: "ready", afterId: 0, limit: 5 } as const;
  await expect(store.readQueue(refAt(2), page)).rejects.toMatchObject({ code: "damaged" });
  await expect(store.kvGet(refAt(3), [Uint8Array.of(1)])).rejects.toMatchObject({ code: "damaged" });
  await expect(store.kvList(refAt(4), {})).rejects.toMatchObject({ code: "damaged" });
  expect(await store.kvGet(refAt(0), [Uint8Array.of(1)])).toEqual([Uint8Array.of(2)]);
});

test("a text whose kind damage made bytes, or bytes made text, is refused though its checksum is the same", async () => {
  const directory = await filled();
  const before = await SqliteStore.open({ directory });
  await before.commit(update(refAt(4), { connectionPut: [{ id: "c", data: "{}" }] }));
  await before.close();
  const db = new DatabaseSync(join(directory, "actors.sqlite"));
  db.exec(
    "UPDATE actor SET state = CAST(state AS TEXT) WHERE slot = 2; UPDATE queue SET body = CAST(body AS BLOB) WHERE aid = 3",
  );
  db.exec("UPDATE kv SET value = CAST(value AS TEXT) WHERE aid = 4; UPDATE connection SET data = CAST(data AS BLOB)");
  db.close();
  const store = await open(directory);
  const page = { queue: null, status: "ready", afterId: 0, limit: 5 } as const;
  await expect(store.load(refAt(1))).rejects.toMatchObject({ code: "damaged" });
  await expect(store.readQueue(refAt(2), page)).rejects.toMatchObject({ code: "damaged" });
  await expect(store.kvGet(refAt(3), [Uint8Array.of(1)])).rejects.toMatchObject({ code: "damaged" });
  await expect(store.load(refAt(4))).rejects.toMatchObject({ code: "damaged" });
});

test("an index entry that leads to another actor's row, or to none, gives nobody the other's data", async () => {
  const directory = await filled();
  // An entry of the index is name, key and slot; the actors were made in order, in slots from 1.
  flip(directory, "roomkey-0007\b", "roomkey-0007".length);
  flip(directory, "roomkey-0070G", "roomkey-00".length);
  const store = await open(directory);
  for (const ref of [refAt(7), refAt(70)]) {
    const refused = { code: "damaged", message: expect.stringContaining(`room/${ref.key}`) };
    await expect(store.load(ref)).rejects.toMatchObject(refused);
    await expect(store.kvGet(ref, [Uint8Array.of(1)])).rejects.toMatchObject(refused);
    await expect(store.commit(update(ref, { state: "over it" }))).rejects.toMatchObject(refused);
    await expect(store.commit(create(ref))).rejects.toMatchObject(refused);
    await expect(store.commit({ actor: ref, mode: "destroy" })).rejects.toMatchObject(refused);
  }
  for (const at of [6, 8, 200]) expect((await store.load(refAt(at)))?.state).toBe(stateAt(at));
});

test("an actor whose number is damaged reads nothing as absent, and takes no other's rows with it when it is destroyed", async () => {
  const directory = await filled();
  const db = new DatabaseSync(join(directory, "actors.sqlite"));
  db.exec("UPDATE actor SET aid = 1000 WHERE slot = 3; UPDATE actor SET aid = 6 WHERE slot = 5");
  db.close();
  const store = await open(directory);
  const refused = { code: "damaged", message: expect.stringContaining("room/key-0002") };
  await expect(store.kvGet(refAt(2), [Uint8Array.of(1)])).rejects.toMatchObject(refused);
  await expect(store.replayGet(refAt(2), "r")).rejects.toMatchObject(refused);
  await expect(store.findQueueKey(refAt(2), "jobs", "k")).rejects.toMatchObject(refused);
  await store.commit({ actor: refAt(4), mode: "destroy" });
  expect(await store.load(refAt(4))).toBeNull();
  expect(await store.kvGet(refAt(5), [Uint8Array.of(1)])).toEqual([Uint8Array.of(2)]);
  await store.close();
  const report = await verifyData(directory);
  expect(report.damaged.map(({ actor }) => actor?.key ?? null)).not.toContain("key-0005");
});

test("a file that was cut short is refused whole, with what to do, and left as it is", async () => {
  const directory = await filled();
  const path = join(directory, "actors.sqlite");
  truncateSync(path, Math.floor(readFileSync(path).length / 2 / 4096) * 4096);
  const before = readFileSync(path);
  await expect(SqliteStore.open({ directory })).rejects.toMatchObject({
    name: "StoreError",
    code: "damaged",
    message: expect.stringMatching(new RegExp(`${directory}.*byward data verify.*backup`)),
  });
  expect(readFileSync(path).equals(before)).toBe(true);
});

test("a damaged end of the table refuses new actors and those on it, and the others serve", async () => {
  const directory = await filled();
  const path = join(directory, "actors.sqlite");
  const file = readFileSync(path);
  const page = Math.floor(file.lastIndexOf(`state-of-${ACTORS - 1}-`) / 4096);
  file.fill(0, page * 4096, (page + 1) * 4096);
  writeFileSync(path, file);
  const store = await open(directory);
  await expect(store.load(refAt(ACTORS - 1))).rejects.toMatchObject({ code: "damaged" });
  await expect(store.commit(create({ name: "room", key: "new" }))).rejects.toMatchObject({ code: "damaged" });
  // Often enough that its row is to be moved to the end of the table.
  for (let n = 0; n < 20; n += 1) await store.commit(update(refAt(0), { state: `new ${n}` }));
  expect((await store.load(refAt(0)))?.state).toBe("new 19");
});

test("after an unclean stop the file's structure is checked in the background and damage is told", async () => {
  const directory = await filled();
  const path = join(directory, "actors.sqlite");
  const db = new DatabaseSync(path);
  const root = Number(db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'kv'").get()?.["rootpage"]);
  db.close();
  const file = readFileSync(path);
  // The cell count of the page: the page's cells no longer fit its header.
  file.writeUInt16BE(0x0fff, (root - 1) * 4096 + 3);
  writeFileSync(path, file);
  writeFileSync(join(directory, "owner.json"), "{}");
  const store = await open(directory);
  expect(store.unclean).toBe(true);
  const report = await store.checked;
  expect(report?.ran).toBe(true);
  expect(report?.problems.length).toBeGreaterThan(0);
  expect((await store.load(refAt(1)))?.state).toBe(stateAt(1));
  await expect(store.kvGet(refAt(1), [Uint8Array.of(1)])).rejects.toMatchObject({ code: "damaged" });
});

test("a log whose last frames were torn off gives what was whole before them", async () => {
  const directory = temporaryDirectory();
  const store = await SqliteStore.open({ directory });
  await store.commit(create(refAt(0)));
  for (let n = 0; n < 50; n += 1) await store.commit(update(refAt(0), { state: `${n}` }));
  // A copy of the files as they stand is what a crash would leave.
  const copy = join(directory, "copy");
  mkdirSync(copy);
  for (const name of ["actors.sqlite", "actors.sqlite-wal", "lock.sqlite"]) {
    copyFileSync(join(directory, name), join(copy, name));
  }
  await store.close();
  const log = join(copy, "actors.sqlite-wal");
  truncateSync(log, readFileSync(log).length - 5000);
  const again = await open(copy);
  expect(Number((await again.load(refAt(0)))?.state)).toBeGreaterThan(40);
});
