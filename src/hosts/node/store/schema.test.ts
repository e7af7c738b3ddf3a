import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { exportData } from "../data/export.ts";
import { collect } from "../data/sample.ts";
import { verifyData } from "../data/verify.ts";
import { FORMAT, type Migration, migrate, openFile, pragma } from "./schema.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const FIXTURES = fileURLToPath(new URL("../../../../tests/fixtures/data", import.meta.url));
const FORMATS = readdirSync(FIXTURES).filter((name) => /^v\d+$/.test(name));

test("there is a fixture of every format up to the current one", () => {
  expect(FORMATS.sort()).toEqual(Array.from({ length: FORMAT }, (_, at) => `v${at + 1}`));
});

for (const format of FORMATS) {
  test(`a data directory of format ${format} opens with everything it held`, async () => {
    const directory = join(temporaryDirectory(), format);
    cpSync(join(FIXTURES, format), directory, { recursive: true });
    const store = await SqliteStore.open({ directory });
    expect(store.unclean).toBe(false);
    expect((await store.load({ name: "cart", key: "full" }))?.queues).toEqual({ jobs: { ready: 1, dead: 1 } });
    await store.commit({ actor: { name: "cart", key: "full" }, mode: "update", wakeAt: 1_700_000_100_000 });
    await store.close();
    const expected = readFileSync(join(directory, "expected.jsonl"), "utf8").trimEnd().split("\n");
    expect(await collect(exportData(directory))).toEqual(expected);
    expect((await verifyData(directory)).sound).toBe(true);
  });
}

test("a migration that fails midway leaves the file as it was", async () => {
  const path = join(temporaryDirectory(), "actors.sqlite");
  const db = openFile({ path, readOnly: false, cacheKib: 2048 });
  migrate(db, path);
  const steps = new Map<number, Migration>([
    [FORMAT, (file) => file.exec("ALTER TABLE actor ADD COLUMN extra TEXT; DROP TABLE kv")],
    [
      FORMAT + 1,
      () => {
        throw new Error("half-way");
      },
    ],
  ]);
  expect(() => migrate(db, path, { format: FORMAT + 2, steps })).toThrow("half-way");
  expect(pragma(db, "user_version")).toBe(FORMAT);
  expect(db.prepare("SELECT count(*) AS n FROM kv").get()?.["n"]).toBe(0);
  expect(() => db.prepare("SELECT extra FROM actor")).toThrow();
  migrate(db, path, { format: FORMAT + 1, steps });
  expect(pragma(db, "user_version")).toBe(FORMAT + 1);
  db.close();
  expect(existsSync(`${path}-wal`)).toBe(false);
});
