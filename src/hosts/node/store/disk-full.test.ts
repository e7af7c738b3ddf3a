import { execFile, execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { SqliteStore } from "./sqlite-store.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const CHILD = fileURLToPath(new URL("../../../../tests/fixtures/data/disk-full-child.ts", import.meta.url));
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
