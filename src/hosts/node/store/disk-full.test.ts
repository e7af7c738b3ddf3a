import { execFile, execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { create } from "../../store-suite.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const CHILD = fileURLToPath(new URL("../../../../tests/fixtures/data/disk-full-child.ts", import.meta.url));
const OPENING = fileURLToPath(new URL("../../../../tests/fixtures/data/store-child.ts", import.meta.url));
/** Large enough for the shared-memory file SQLite keeps beside the log, small enough to be full soon. */
const LIMIT = 1_000_000;

function hasPrlimit(): boolean {
  try {
    execFileSync("prlimit", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    console.log("skipped: no prlimit (Linux, util-linux) to make the kernel refuse writes");
    return false;
  }
}

test.runIf(hasPrlimit())("a full disk refuses writers, serves readers, and heals without a restart", async () => {
  const directory = temporaryDirectory();
  const run = await promisify(execFile)("prlimit", [`--fsize=${LIMIT}:unlimited`, process.execPath, CHILD, directory], {
    env: { PATH: process.env["PATH"] ?? "" },
  });
  const [filled, read, healed, after] = run.stdout
    .split("\n")
    .slice(0, 4)
    .map((line) => JSON.parse(line));
  expect(filled).toEqual({ filled: "full" });
  expect(read).toEqual({ read: [0, read.last, null], last: read.last });
  expect(read.last).toBeGreaterThan(10);
  expect(healed).toEqual({ healed: "ok" });
  expect(after).toEqual({ read: "healed" });
  const store = await SqliteStore.open({ directory });
  expect(await store.list("room", null, 1000)).toHaveLength(read.last + 2);
  await store.close();
});

test.runIf(hasPrlimit())("a file that a full disk keeps from being brought up to date stays as it was", async () => {
  const directory = temporaryDirectory();
  const filling = await SqliteStore.open({ directory });
  const refs = Array.from({ length: 2000 }, (_, at) => ({ name: "room", key: `key-${at}` }));
  await Promise.all(refs.map((ref) => filling.commit(create(ref))));
  await filling.close();
  const path = join(directory, "actors.sqlite");
  const db = new DatabaseSync(path);
  const added = ["actor", "queue", "replay", "kv", "revocation", "host"];
  db.exec(added.map((table) => `DROP INDEX ${table}_again`).join("; "));
  db.exec("PRAGMA user_version = 1; PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
  const before = readFileSync(path);
  // Enough for what SQLite keeps beside the log, too little for the log of what the new format adds.
  const run = promisify(execFile)("prlimit", ["--fsize=40000:unlimited", process.execPath, OPENING, directory, "1"], {
    env: { PATH: process.env["PATH"] ?? "" },
  });
  await expect(run).rejects.toMatchObject({
    stderr: expect.stringMatching(/no room to open .*Nothing was changed.*start again/),
  });
  expect(readFileSync(path).equals(before)).toBe(true);
  const store = await SqliteStore.open({ directory });
  expect(await store.load(refs[7]!)).not.toBeNull();
  await store.close();
});
