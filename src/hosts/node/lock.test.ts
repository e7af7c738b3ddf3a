import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { create } from "../store-suite.ts";
import { lockDirectory } from "./lock.ts";
import { SqliteStore } from "./store/sqlite-store.ts";
import { temporaryDirectory } from "./store/temporary-directory.ts";

const CHILD = fileURLToPath(new URL("../../../tests/fixtures/data/store-child.ts", import.meta.url));
const ROOM = { name: "room", key: "lobby" };

test("a second store of the same process is refused, naming directory and process", async () => {
  const directory = temporaryDirectory();
  const first = await SqliteStore.open({ directory });
  onTestFinished(() => first.close());
  await expect(SqliteStore.open({ directory })).rejects.toMatchObject({
    name: "ConfigurationError",
    code: "store.locked",
    message: expect.stringMatching(new RegExp(`${directory}.*process ${process.pid} `)),
  });
  // The refused opener left the owner's mark alone and did not let go of anything.
  expect(JSON.parse(readFileSync(join(directory, "owner.json"), "utf8"))).toMatchObject({ pid: process.pid });
  await first.commit(create(ROOM));
});

test("another process is refused while the owner lives, and served once it was killed", async () => {
  const directory = temporaryDirectory();
  const child = spawn(process.execPath, [CHILD, directory, "1"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"] ?? "" },
  });
  await once(child.stdout, "data");
  const refused = SqliteStore.open({ directory });
  await expect(refused).rejects.toMatchObject({
    code: "store.locked",
    message: expect.stringContaining(`process ${child.pid} `),
  });
  child.kill("SIGKILL");
  await once(child, "close");
  const store = await SqliteStore.open({ directory });
  expect(store.unclean).toBe(true);
  await store.close();
});

test("a lock taken and released leaves nothing in the way of the next", () => {
  const directory = join(temporaryDirectory(), "deep", "data");
  for (let n = 0; n < 3; n += 1) {
    const lock = lockDirectory(directory);
    expect(lock.unclean).toBe(false);
    expect(() => lockDirectory(directory)).toThrow(/store\.locked/);
    lock.release(true);
  }
  lockDirectory(directory).release(false);
  expect(lockDirectory(directory).unclean).toBe(true);
});

test("an owner that could not be written leaves the mark of the one before, and the lock free", () => {
  const directory = temporaryDirectory();
  lockDirectory(directory).release(false);
  const left = readFileSync(join(directory, "owner.json"), "utf8");
  // Stands for a full disk: the new one cannot be written.
  mkdirSync(join(directory, "owner.json.new"));
  expect(() => lockDirectory(directory)).toThrow(/EISDIR/);
  expect(readFileSync(join(directory, "owner.json"), "utf8")).toBe(left);
  rmdirSync(join(directory, "owner.json.new"));
  const lock = lockDirectory(directory);
  expect(lock.unclean).toBe(true);
  lock.release(true);
});

test("a mark that was emptied is one still", () => {
  const directory = temporaryDirectory();
  lockDirectory(directory).release(false);
  truncateSync(join(directory, "owner.json"), 0);
  const lock = lockDirectory(directory);
  expect(lock.unclean).toBe(true);
  lock.release(true);
});

for (const [what, spoil] of [
  ["emptied", (path: string) => truncateSync(path, 0)],
  ["removed", (path: string) => rmSync(path)],
] as const) {
  test(`a data file that was ${what} is not taken for a new one`, async () => {
    const directory = temporaryDirectory();
    const store = await SqliteStore.open({ directory });
    await store.commit(create(ROOM));
    await store.close();
    const path = join(directory, "actors.sqlite");
    spoil(path);
    const opening = SqliteStore.open({ directory });
    await expect(opening).rejects.toMatchObject({ name: "ConfigurationError", code: "store.data-gone" });
    expect(existsSync(join(directory, "actors.sqlite-wal"))).toBe(false);
  });
}

test("a file of a newer format, or not of ours, is refused untouched", async () => {
  for (const [sql, code] of [
    ["PRAGMA user_version = 99", "store.newer-format"],
    ["PRAGMA application_id = 1; CREATE TABLE mine(a)", "store.not-byward"],
  ] as const) {
    const directory = temporaryDirectory();
    await (await SqliteStore.open({ directory })).close();
    const path = join(directory, "actors.sqlite");
    const db = new DatabaseSync(path);
    db.exec(sql);
    db.close();
    const before = readFileSync(path);
    await expect(SqliteStore.open({ directory })).rejects.toMatchObject({ name: "ConfigurationError", code });
    expect(readFileSync(path).equals(before)).toBe(true);
  }
});

test("the files of a directory that others may enter are for their owner alone", async () => {
  const directory = temporaryDirectory();
  chmodSync(directory, 0o755);
  const store = await SqliteStore.open({ directory });
  await store.commit(create(ROOM));
  const names = readdirSync(directory);
  expect(names).toEqual(expect.arrayContaining(["actors.sqlite", "actors.sqlite-wal", "lock.sqlite", "owner.json"]));
  const open = names.filter((name) => (statSync(join(directory, name)).mode & 0o077) !== 0);
  expect(open).toEqual([]);
  await store.close();
});

test("a lock file that is no lock file is named, and that it may go", async () => {
  const directory = temporaryDirectory();
  const store = await SqliteStore.open({ directory });
  await store.commit(create(ROOM));
  await store.close();
  writeFileSync(join(directory, "lock.sqlite"), "x".repeat(4096));
  const opening = SqliteStore.open({ directory });
  await expect(opening).rejects.toMatchObject({
    name: "ConfigurationError",
    code: "store.lock-damaged",
    message: expect.stringMatching(/lock\.sqlite.*remove it/),
  });
  rmSync(join(directory, "lock.sqlite"));
  const again = await SqliteStore.open({ directory });
  expect(await again.load(ROOM)).not.toBeNull();
  await again.close();
});
