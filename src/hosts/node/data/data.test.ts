import { cpSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { create, update } from "../../store-suite.ts";
import { SqliteStore } from "../store/sqlite-store.ts";
import { temporaryDirectory } from "../store/temporary-directory.ts";
import { backupData } from "./backup.ts";
import { compactData } from "./compact.ts";
import { dataFile, type Progress } from "./data-directory.ts";
import { exportData } from "./export.ts";
import { importData } from "./import.ts";
import { listActors } from "./list.ts";
import { collect, FULL, flip, markOf, PLAIN_COUNT, plainAt, sampleDirectory } from "./sample.ts";
import { showActor } from "./show.ts";
import { verifyData } from "./verify.ts";

async function openStore(directory: string): Promise<SqliteStore> {
  const store = await SqliteStore.open({ directory });
  onTestFinished(() => store.close());
  return store;
}

test("list gives every actor in order, beside a running server", async () => {
  const directory = await sampleDirectory();
  const store = await openStore(directory);
  await store.commit(create({ name: "zoo", key: "late" }));
  const progress: Progress[] = [];
  const all = await collect(listActors(directory, { onProgress: (step) => progress.push(step) }));
  const names = all.map(({ actor }) => `${actor?.name}/${actor?.key}`);
  expect(names).toEqual([...names].sort());
  expect(names).toHaveLength(PLAIN_COUNT + 2);
  expect(progress.at(-1)).toEqual({ stage: "actors", done: PLAIN_COUNT + 2, total: PLAIN_COUNT + 2 });
  expect(all[0]).toEqual({
    actor: FULL,
    id: "id-of-full",
    createdAt: 1000,
    version: 1,
    stateBytes: Buffer.byteLength('{"text":"grüße 🎉"}'),
    ready: 30,
    dead: 1,
    schedules: 1,
    connections: 1,
    running: false,
    wakeAt: 5,
    damage: null,
  });
  expect(await collect(listActors(directory, { name: "cart" }))).toHaveLength(1);
});

test("show gives one actor whole, and null for one that is not there", async () => {
  const directory = await sampleDirectory();
  const shown = await showActor(directory, FULL, { limit: 5 });
  expect(shown).toMatchObject({
    state: '{"text":"grüße 🎉"}',
    queues: { jobs: { ready: 30, dead: 0 }, mail: { ready: 0, dead: 1 } },
    messageCount: 32,
    pairCount: 2,
    replayCount: 1,
    damage: [],
  });
  expect(shown?.messages.map((row) => row.id)).toEqual([1, 2, 3, 4, 5]);
  expect(await showActor(directory, { name: "cart", key: "absent" })).toBeNull();
});

test("verify finds a sound directory sound and counts every row", async () => {
  const directory = await sampleDirectory();
  const report = await verifyData(directory);
  const held = 32 + 1 + 1 + 2 + 1 + 1;
  expect(report).toEqual({
    sound: true,
    actors: PLAIN_COUNT + 1,
    rows: PLAIN_COUNT + 1 + held,
    damaged: [],
    structure: [],
  });
});

test("a flipped byte is reported by the actor's name, and everything else still comes out", async () => {
  const directory = await sampleDirectory();
  flip(directory, markOf(17));
  flip(directory, "poison");
  const report = await verifyData(directory);
  expect(report.sound).toBe(false);
  expect(report.damaged.map(({ actor }) => `${actor?.name}/${actor?.key}`)).toEqual([
    "cart/full",
    "cart/full",
    "room/key-017",
  ]);
  const listed = await collect(listActors(directory));
  expect(listed.filter((one) => one.damage !== null).map((one) => one.actor)).toEqual([plainAt(17)]);
  const lines = (await collect(exportData(directory))).map((line) => JSON.parse(line));
  expect(lines.filter((line) => line.kind === "actor")).toHaveLength(PLAIN_COUNT);
  expect(lines.filter((line) => line.kind === "message")).toHaveLength(32);
  expect(lines.filter((line) => line.kind === "damage").map((line) => line.actor)).toContain("room/key-017");
  await expect(showActor(directory, plainAt(17))).rejects.toMatchObject({ code: "damaged" });
  expect((await showActor(directory, FULL))?.damage).toHaveLength(2);
});

test("actors that the index hides or mistakes still come out, and the damage is told", async () => {
  const changes: readonly ((file: Buffer, page: number) => void)[] = [
    // One entry fewer than the page holds.
    (file, page) => file.writeUInt16BE(file.readUInt16BE(page + 3) - 1, page + 3),
    // The first entry stands in for the second (pointers to entries begin at 8 in a leaf).
    (file, page) => file.writeUInt16BE(file.readUInt16BE(page + 8), page + 10),
    // An entry leads to the row of another actor: its last byte is the number of the row.
    (file, page) => {
      const entry = page + file.readUInt16BE(page + 8 + 2 * 20);
      const end = entry + 1 + (file[entry] as number);
      file[end - 1] = (file[end - 1] as number) ^ 1;
    },
  ];
  for (const change of changes) {
    const directory = await sampleDirectory();
    const db = new DatabaseSync(dataFile(directory));
    const sql = "SELECT pageno FROM dbstat WHERE name = 'actor_key' AND pagetype = 'leaf' ORDER BY path LIMIT 1";
    const page = (Number(db.prepare(sql).get()?.["pageno"]) - 1) * 4096;
    db.close();
    const file = readFileSync(dataFile(directory));
    change(file, page);
    writeFileSync(dataFile(directory), file);
    expect((await verifyData(directory)).sound).toBe(false);
    const lines = (await collect(exportData(directory))).map((line) => JSON.parse(line));
    const actors = lines.filter((line) => line.kind === "actor");
    expect(actors).toHaveLength(PLAIN_COUNT + 1);
    expect(lines.filter((line) => line.kind === "damage").map((line) => line.what)).toContainEqual(
      expect.stringContaining("the index of names is damaged"),
    );
    const listed = await collect(listActors(directory));
    expect(listed.filter((one) => one.damage === null)).toHaveLength(PLAIN_COUNT + 1);
  }
});

test("pairs, revocations and an epoch that a page hides are told", async () => {
  for (const [table, what] of [
    ["kv", "1 pairs are missing"],
    ["revocation", "rows are missing"],
    ["host", "it is missing"],
  ] as const) {
    const directory = await sampleDirectory();
    const db = new DatabaseSync(dataFile(directory));
    const root = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = ?").get(table)?.["rootpage"];
    db.close();
    const file = readFileSync(dataFile(directory));
    const at = (Number(root) - 1) * 4096 + 3;
    file.writeUInt16BE(file.readUInt16BE(at) - 1, at);
    writeFileSync(dataFile(directory), file);
    const { damaged } = await verifyData(directory);
    expect(damaged.map((one) => one.what)).toContainEqual(expect.stringContaining(what));
    const told: string[] = [];
    await collect(exportData(directory, { onDamage: (one) => told.push(one) }));
    expect(told).toContainEqual(expect.stringContaining(what));
  }
});

test("a damaged file of an older format, which cannot be brought up to date, still comes out", async () => {
  const directory = join(temporaryDirectory(), "older");
  cpSync(fileURLToPath(new URL("../../../../tests/fixtures/data/v1", import.meta.url)), directory, { recursive: true });
  const file = readFileSync(dataFile(directory));
  const db = new DatabaseSync(dataFile(directory));
  const root = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'replay'").get()?.["rootpage"];
  db.close();
  file.fill(0, (Number(root) - 1) * 4096, Number(root) * 4096);
  writeFileSync(dataFile(directory), file);
  await expect(SqliteStore.open({ directory })).rejects.toMatchObject({ code: "damaged" });
  expect(readFileSync(dataFile(directory)).equals(file)).toBe(true);
  expect((await verifyData(directory)).sound).toBe(false);
  const lines = await collect(exportData(directory));
  const rescued = temporaryDirectory();
  expect(await importData(rescued, lines)).toMatchObject({ actors: 20 });
  expect((await showActor(rescued, FULL))?.messageCount).toBe(3);
});

test("a file that was cut short gives what is left of it and names what is not", async () => {
  const directory = await sampleDirectory();
  const path = dataFile(directory);
  truncateSync(path, statSync(path).size - 2 * 4096);
  const report = await verifyData(directory);
  expect(report.sound).toBe(false);
  expect(report.structure.length).toBeGreaterThan(0);
  const listed = await collect(listActors(directory));
  const whole = listed.filter((one) => one.damage === null).length;
  expect(whole).toBeGreaterThan(0);
  expect(whole).toBeLessThan(PLAIN_COUNT + 1);
  const lines = (await collect(exportData(directory))).map((line) => JSON.parse(line));
  expect(lines.filter((line) => line.kind === "actor")).toHaveLength(whole);
  const rescued = temporaryDirectory();
  const imported = await importData(
    rescued,
    lines.map((line) => JSON.stringify(line)),
  );
  expect(imported.actors).toBe(whole);
  expect((await verifyData(rescued)).sound).toBe(true);
});

test("an export imported elsewhere and exported again is the same text", async () => {
  const directory = await sampleDirectory();
  const lines = await collect(exportData(directory));
  const copy = join(temporaryDirectory(), "copy");
  const report = await importData(copy, lines);
  expect(report).toEqual({ actors: PLAIN_COUNT + 1, skipped: 0, rows: 38, damaged: 0 });
  expect(await collect(exportData(copy))).toEqual(lines);
  const store = await openStore(copy);
  expect(await store.getEpoch()).toBe(3);
  expect(await store.listRevocations(0)).toHaveLength(1);
});

test("import refuses, skips or replaces actors that exist", async () => {
  const directory = await sampleDirectory();
  const lines = await collect(exportData(directory));
  const store = await SqliteStore.open({ directory });
  await store.commit(update(FULL, { state: "changed", kvPut: [{ key: Uint8Array.of(9), value: Uint8Array.of(9) }] }));
  await store.close();
  await expect(importData(directory, lines)).rejects.toMatchObject({ code: "data.import-line" });
  expect(await importData(directory, lines, { existing: "skip" })).toMatchObject({
    actors: 0,
    skipped: PLAIN_COUNT + 1,
  });
  expect((await showActor(directory, FULL))?.state).toBe("changed");
  expect(await importData(directory, lines, { existing: "replace" })).toMatchObject({ actors: PLAIN_COUNT + 1 });
  expect(await collect(exportData(directory))).toEqual(lines);
});

test("an import that cannot be taken says at which line, and leaves no half actor", async () => {
  const lines = await collect(exportData(await sampleDirectory()));
  const target = temporaryDirectory();
  const cut = lines.slice(0, 20);
  await expect(importData(target, cut)).rejects.toMatchObject({ code: "data.import-cut" });
  const at = lines.findIndex((line) => line.includes('"kind":"pair"'));
  const torn = [...lines.slice(0, at), "{", ...lines.slice(at)];
  await expect(importData(target, torn)).rejects.toThrow(new RegExp(`Line ${at + 1} .*data\\.import-line`));
  await expect(importData(target, ['{"kind":"other"}'])).rejects.toThrow(/Line 1 /);
  await expect(importData(target, ['{"kind":"byward-export","version":99}'])).rejects.toThrow(/version 99/);
  expect(await collect(listActors(target))).toEqual([]);
});

test("what an import would make unreadable is refused by its line", async () => {
  const lines = (await collect(exportData(await sampleDirectory()))).map((line) => JSON.parse(line));
  const at = (kind: string): number => lines.findIndex((line) => line.kind === kind);
  const broken: readonly [kind: string, member: object][] = [
    ["message", { status: "weird" }],
    ["message", { createdAt: 2 ** 53 }],
    ["replay", { status: "odd" }],
    ["replay", { keepUntil: 2 ** 60 }],
    ["revocation", { issuedBefore: undefined }],
  ];
  for (const [kind, member] of broken) {
    const bad = lines.map((line, index) =>
      JSON.stringify(index === at(kind) ? { ...line, row: { ...line.row, ...member } } : line),
    );
    await expect(importData(temporaryDirectory(), bad)).rejects.toThrow(`Line ${at(kind) + 1} cannot be imported`);
  }
  const headless = ["", ...lines.slice(1).map((line) => JSON.stringify(line))];
  await expect(importData(temporaryDirectory(), headless)).rejects.toThrow(/Line 2 .*not the first line/);
});

test("an actor is not given up for one whose lines cannot be taken", async () => {
  const directory = await sampleDirectory();
  const lines = await collect(exportData(directory));
  const first = lines.findIndex((line) => line.includes('"kind":"message"'));
  const twice = JSON.stringify({ kind: "message", row: { ...JSON.parse(lines[first]!).row, id: 999 } });
  const bad = lines.toSpliced(first + 1, 0, twice);
  await expect(importData(directory, bad, { existing: "replace" })).rejects.toThrow(
    `Line ${first + 2} cannot be imported`,
  );
  expect(await collect(exportData(directory))).toEqual(lines);
});

test("an import does not take the policy epoch back", async () => {
  const directory = await sampleDirectory();
  const end = '{"kind":"end","actors":0}';
  await importData(directory, ['{"kind":"byward-export","version":1}', '{"kind":"epoch","epoch":2}', end]);
  expect(await (await openStore(directory)).getEpoch()).toBe(3);
});

test("a damaged revocation or epoch is left out of an export by name, and the rest comes", async () => {
  const directory = await sampleDirectory();
  flip(directory, '"identity":"digest"');
  const damage: string[] = [];
  const lines = await collect(exportData(directory, { onDamage: (what) => damage.push(what) }));
  expect(damage).toEqual(["the file: a revocation: a row fails its checksum"]);
  expect(lines.filter((line) => line.includes('"kind":"actor"'))).toHaveLength(PLAIN_COUNT + 1);
  expect(await importData(temporaryDirectory(), lines)).toMatchObject({ actors: PLAIN_COUNT + 1, damaged: 1 });
});

test("two backups into one directory do not spoil each other", async () => {
  const directory = await sampleDirectory();
  const target = join(temporaryDirectory(), "backup");
  const first = backupData(directory, target);
  const second = backupData(directory, target).catch((error: unknown) => error);
  expect((await first).bytes).toBeGreaterThan(0);
  expect(await second).toMatchObject({ code: "data.target-taken" });
  expect(await verifyData(target)).toMatchObject({ sound: true, actors: PLAIN_COUNT + 1 });
  expect(statSync(dataFile(target)).mode & 0o077).toBe(0);
});

test("a backup taken under load is whole, and a directory a server starts on", async () => {
  const directory = await sampleDirectory();
  const store = await openStore(directory);
  let running = true;
  let written = 0;
  const load = (async () => {
    for (; running; written += 1) {
      const pair = { key: Uint8Array.of(1), value: new TextEncoder().encode(`${written}`) };
      await store.commit(update(plainAt(1), { state: `${written}`, kvPut: [pair] }));
    }
  })();
  const target = join(temporaryDirectory(), "backup");
  const before = written;
  const progress: Progress[] = [];
  await backupData(directory, target, { onProgress: (step) => progress.push(step) });
  running = false;
  await load;
  expect((await verifyData(target)).sound).toBe(true);
  const copy = await openStore(target);
  const state = (await copy.load(plainAt(1)))?.state;
  const [value] = await copy.kvGet(plainAt(1), [Uint8Array.of(1)]);
  expect(new TextDecoder().decode(value ?? undefined)).toBe(before === 0 && value === null ? "" : state);
  expect((await copy.load(FULL))?.queues).toEqual({ jobs: { ready: 30, dead: 0 }, mail: { ready: 0, dead: 1 } });
  await expect(backupData(directory, target)).rejects.toMatchObject({ code: "data.target-taken" });
});

test("compact gives back the room of what was deleted, and refuses beside a server", async () => {
  const directory = await sampleDirectory();
  const store = await SqliteStore.open({ directory });
  const big = { name: "room", key: "big" };
  await store.commit(create(big, { state: "x".repeat(2_000_000) }));
  await store.commit({ actor: big, mode: "destroy" });
  await expect(compactData(directory)).rejects.toMatchObject({ code: "store.locked" });
  await store.close();
  const lines = await collect(exportData(directory));
  const report = await compactData(directory);
  expect(report.before - report.after).toBeGreaterThan(1_500_000);
  expect(report.after).toBe(statSync(dataFile(directory)).size);
  expect(await collect(exportData(directory))).toEqual(lines);
  expect((await verifyData(directory)).sound).toBe(true);
});

test("a place without data is refused, not made", async () => {
  const directory = temporaryDirectory();
  for (const work of [
    () => collect(listActors(directory)),
    () => verifyData(directory),
    () => compactData(directory),
    () => backupData(directory, join(directory, "target")),
  ]) {
    await expect(work()).rejects.toMatchObject({ name: "ConfigurationError", code: "data.none" });
  }
  expect(() => readFileSync(dataFile(directory))).toThrow();
});
