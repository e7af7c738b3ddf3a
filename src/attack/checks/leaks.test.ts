import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { Book } from "../book.ts";
import { LeakWatch } from "./leaks.ts";

const folder = mkdtempSync("/tmp/byward-leaks-");
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, "room.ts"), "");

function foundIn(text: string, paths: readonly string[]): readonly string[] {
  const book = new Book();
  const watch = new LeakWatch(book);
  watch.lookFor({ secrets: [], paths });
  watch.read("GET /", text);
  return book.findings.map(({ id }) => id);
}

test("a folder right below the root, such as /app of a container, is no leak where it is the path of a page", () => {
  expect(foundIn('<script src="/tmp.js"></script> <a href="/tmp/nothing-here">', ["/tmp"])).toEqual([]);
  expect(foundIn(`cannot read ${folder}/room.ts`, ["/tmp"])).toEqual(["leak.path"]);
  expect(foundIn(`cannot read "${folder}/room.ts".`, ["/tmp"])).toEqual(["leak.path"]);
});

test("a longer path is a leak wherever it stands", () => {
  expect(foundIn("in /srv/chat/data", ["/srv/chat"])).toEqual(["leak.path"]);
});
