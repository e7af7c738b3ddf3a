import { expect, test } from "vitest";
import { FLOORS, forbiddenImports, importCircles, readImports, readSources } from "../../scripts/check-floors.ts";

const files = (entries: Record<string, string>): ReadonlyMap<string, string> => new Map(Object.entries(entries));

test("every import of the source points down", () => {
  expect(forbiddenImports(readSources())).toEqual([]);
});

test("no import that loads something goes in a circle", () => {
  expect(importCircles(readSources())).toEqual([]);
});

test("an import that points up is found, also of a type alone, in every form", () => {
  const forms = [
    'import { x } from "../actors/gate.ts";',
    'import type { X } from "../actors/gate.ts";',
    'export { x } from "../actors/gate.ts";',
    'export * from "../actors/gate.ts";',
    'import {\n  x,\n  type Y,\n} from "../actors/gate.ts";',
    'import "../actors/gate.ts";',
    'const load = () => import("../actors/gate.ts");',
    'type X = import("../actors/gate.ts").X;',
  ];
  for (const form of forms) {
    const [complaint = ""] = forbiddenImports(files({ "src/boundary/verify.ts": form }));
    expect(complaint, form).toContain("src/boundary/verify.ts (boundary) imports ../actors/gate.ts of actors.");
  }
});

test("imports in comments and texts are none", () => {
  const text = '/**\n * import x from "../actors/gate.ts"\n */\n// import("../actors/gate.ts")\nconst a = 1;\n';
  expect(readImports(text)).toEqual([]);
});

test("nothing web-standard imports what comes with Node", () => {
  for (const folder of ["boundary", "protocol", "client", "actors", "services", "registry", "access", "bynk"]) {
    const found = forbiddenImports(files({ [`src/${folder}/x.ts`]: 'import { readFileSync } from "node:fs";\n' }));
    expect(found, folder).toHaveLength(1);
  }
});

test("hosts do not import each other", () => {
  const found = forbiddenImports(files({ "src/hosts/node/x.ts": 'import { memory } from "../memory/host.ts";\n' }));
  expect(found).toHaveLength(1);
});

test("only verification makes callers", () => {
  const text = 'import { mintCaller } from "../boundary/caller.ts";\n';
  expect(forbiddenImports(files({ "src/actors/x.ts": text }))).toEqual([
    "src/actors/x.ts names mintCaller. Only verification makes callers (G5).",
  ]);
});

test("a file outside every floor is found", () => {
  expect(forbiddenImports(files({ "src/misc/x.ts": "" }))[0]).toContain("stands on no floor");
});

test("a circle is found with its files in order", () => {
  const circle = files({
    "src/actors/a.ts": 'import { b } from "./b.ts";',
    "src/actors/b.ts": 'import { c } from "./c.ts";',
    "src/actors/c.ts": 'import { a } from "./a.ts";',
  });
  expect(importCircles(circle)).toEqual([["src/actors/a.ts", "src/actors/b.ts", "src/actors/c.ts"]]);
  const types = files({
    "src/actors/a.ts": 'import type { B } from "./b.ts";',
    "src/actors/b.ts": 'import type { A } from "./a.ts";',
  });
  expect(importCircles(types)).toEqual([]);
});

test("floors are listed bottom up", () => {
  const names = FLOORS.map(({ name }) => name);
  for (const { name, may } of FLOORS) {
    if (name === "cli") continue; // The roots stand beside it.
    for (const below of may)
      expect(names.indexOf(below), `${name} may import ${below}`).toBeLessThan(names.indexOf(name));
  }
});
