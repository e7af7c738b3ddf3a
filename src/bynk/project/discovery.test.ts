import { expect, test } from "vitest";
import { selectSources } from "./discovery.ts";
import { defaultManifest } from "./manifest.ts";

function select(paths: readonly string[], more: Partial<typeof defaultManifest> = {}) {
  return selectSources(paths, { ...defaultManifest, ...more }).map(
    ({ path, root, relative }) => `${root}:${relative}=${path}`,
  );
}

test("without a manifest sources are in src and tests, and where neither exists everywhere", () => {
  expect(select(["src/a.bynk", "tests/b.bynk", "c.bynk", "src/d.ts"])).toEqual([
    "src:a.bynk=src/a.bynk",
    "tests:b.bynk=tests/b.bynk",
  ]);
  expect(select(["lib/a.bynk", "b.bynk"])).toEqual([".:b.bynk=b.bynk", ".:lib/a.bynk=lib/a.bynk"]);
});

test("every include root is honoured, and a file belongs to the deepest", () => {
  const include = ["one", "two", "three", "one/deep"];
  expect(select(["one/a.bynk", "two/b.bynk", "three/c.bynk", "one/deep/d.bynk", "four/e.bynk"], { include })).toEqual([
    "one:a.bynk=one/a.bynk",
    "one/deep:d.bynk=one/deep/d.bynk",
    "three:c.bynk=three/c.bynk",
    "two:b.bynk=two/b.bynk",
  ]);
});

test("excluded folders, output, node_modules and dot-folders are passed over", () => {
  const paths = ["src/a.bynk", "src/old/b.bynk", "src/node_modules/c.bynk", "src/.cache/d.bynk", "out/e.bynk"];
  expect(select(paths, { exclude: ["src/old"] })).toEqual(["src:a.bynk=src/a.bynk"]);
  expect(select(paths, { include: ["."], exclude: ["src"] })).toEqual([]);
});
