/** `byward data` as a program: files, exit codes, what stands on standard error. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { SqliteStore } from "../../src/hosts/node/store/sqlite-store.ts";
import { create } from "../../src/hosts/store-suite.ts";
import { byward } from "./process.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "byward-data-cli-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const SEPARATORS = JSON.stringify({ text: "a\u2028b\u2029c\r\nd" });

async function filled(): Promise<string> {
  const directory = join(folder(), "data");
  const store = await SqliteStore.open({ directory });
  await store.commit(create({ name: "room", key: "a" }, { state: SEPARATORS }));
  await store.close();
  return directory;
}

test("an export holds one line an actor, whatever separators its texts hold, and imports again", async () => {
  const directory = await filled();
  const file = join(folder(), "all.jsonl");
  expect(await byward(["data", "export", file, "--data-dir", directory])).toMatchObject({ code: 0 });
  expect(readFileSync(file, "utf8")).not.toMatch(/[\u2028\u2029]/);
  // An export of before has them as they are.
  writeFileSync(file, readFileSync(file, "utf8").replaceAll("\\u2028", "\u2028"));
  const copy = join(folder(), "copy");
  const imported = await byward(["data", "import", file, "--data-dir", copy, "--json"]);
  expect(imported).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(imported.stdout)).toEqual({ actors: 1, skipped: 0, rows: 0, damaged: 0 });
  const shown = await byward(["data", "show", "room", "a", "--data-dir", copy]);
  expect(JSON.parse(shown.stdout).state).toBe(SEPARATORS);
  const inOneLine = await byward(["data", "show", "room", "a", "--data-dir", copy, "--json"]);
  expect(inOneLine.stdout.trimEnd()).toBe(JSON.stringify(JSON.parse(shown.stdout)));
});

test("an export that is not there makes no directory, and one that is there is not written over", async () => {
  const copy = join(folder(), "copy");
  const missing = await byward(["data", "import", join(copy, "none.jsonl"), "--data-dir", copy]);
  expect(missing.code).toBe(1);
  expect(existsSync(copy)).toBe(false);
  const directory = await filled();
  const file = join(folder(), "kept.jsonl");
  writeFileSync(file, "kept");
  const refused = await byward(["data", "export", file, "--data-dir", directory]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/^✗ EEXIST/);
  expect(readFileSync(file, "utf8")).toBe("kept");
});

test("an export that leaves damage out says so and ends with 1", async () => {
  const directory = await filled();
  const path = join(directory, "actors.sqlite");
  const bytes = readFileSync(path);
  const at = bytes.indexOf('{"text"');
  bytes[at + 3] = bytes[at + 3]! ^ 1;
  writeFileSync(path, bytes);
  const exported = await byward(["data", "export", "--data-dir", directory]);
  expect(exported.code).toBe(1);
  expect(exported.stderr).toContain("left out, damaged: room/a");
  expect(
    exported.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).kind),
  ).toEqual(["byward-export", "damage", "end"]);
});
