import { expect, test } from "vitest";
import { createProject } from "./project.ts";

/** Units in ten chains of ten: `c3.u4` uses `c3.u3`. */
function hundred() {
  const project = createProject();
  for (let chain = 0; chain < 10; chain++) {
    for (let index = 0; index < 10; index++) project.setFile(pathOf(chain, index), textOf(chain, index));
  }
  return project;
}

const pathOf = (chain: number, index: number): string => `src/c${chain}/u${index}.bynk`;

function textOf(chain: number, index: number, body = "n"): string {
  const uses = index === 0 ? "" : `uses c${chain}.u${index - 1}\n`;
  const previous = index === 0 ? body : `f${index - 1}(${body})`;
  return `commons c${chain}.u${index}\n${uses}fn f${index}(n: Int) -> Int { ${previous} }\n`;
}

test("changing one of a hundred files parses that file and checks what rests on it", () => {
  const project = hundred();
  expect(project.check()).toMatchObject({
    diagnostics: [],
    work: { parsed: { length: 100 }, checked: { length: 100 } },
  });
  project.setFile(pathOf(3, 7), textOf(3, 7, "n + 1"));
  const { diagnostics, work } = project.check();
  expect(diagnostics).toEqual([]);
  expect(work).toEqual({ parsed: [pathOf(3, 7)], checked: ["c3.u7", "c3.u8", "c3.u9"] });
});

test("nothing changed: nothing is done, and the findings stay", () => {
  const project = hundred();
  project.setFile(pathOf(5, 0), textOf(5, 0, "m"));
  const first = project.check();
  const second = project.check();
  expect(first.diagnostics.map(({ code }) => code)).toEqual(["bynk.resolve.unknown_name"]);
  expect(second).toMatchObject({ diagnostics: first.diagnostics, work: { parsed: [], checked: [] } });
});

test("an error in a header reaches those who rest on it, and leaves with it", () => {
  const project = hundred();
  project.check();
  project.setFile(pathOf(2, 8), textOf(2, 8).replace("uses c2.u7", "uses c2.u77"));
  expect(project.check().diagnostics.map(({ code }) => code)).toEqual(["bynk.uses.unknown_commons"]);
  project.setFile(pathOf(2, 8), textOf(2, 8));
  expect(project.check()).toMatchObject({ diagnostics: [], work: { checked: ["c2.u8", "c2.u9"] } });
});

test("a unit that comes or goes changes what names mean everywhere", () => {
  const project = createProject();
  project.setFile("src/b.bynk", "commons b\nuses a\nfn f() -> Int { g() }\n");
  expect(project.check().diagnostics.map(({ code }) => code)).toEqual(["bynk.uses.unknown_commons"]);
  project.setFile("src/a.bynk", "commons a\nfn g() -> Int { 1 }\n");
  expect(project.check().diagnostics).toEqual([]);
  project.removeFile("src/a.bynk");
  expect(project.check().diagnostics.map(({ code }) => code)).toEqual(["bynk.uses.unknown_commons"]);
});

test("the program of an edited project is the one a fresh check makes", () => {
  const project = hundred();
  project.check();
  project.setFile(pathOf(1, 1), textOf(1, 1, "n * 2"));
  const edited = project.check();
  const fresh = hundred();
  fresh.setFile(pathOf(1, 1), textOf(1, 1, "n * 2"));
  const names = (units: typeof edited.program) => units?.units.map((unit) => unit.name);
  expect(names(edited.program)).toEqual(names(fresh.check().program));
  const [top] = edited.program?.units.filter((unit) => unit.name === "c1.u2") ?? [];
  const base = edited.program?.units.find((unit) => unit.name === "c1.u1");
  expect(top?.uses[0]?.unit).toBe(base);
});

test("a cycle of contexts is reported while it lasts", () => {
  const project = createProject();
  project.setFile("src/a.bynk", "context a\nconsumes b\n");
  project.setFile("src/b.bynk", "context b\nconsumes a\n");
  expect(project.check().diagnostics.map(({ code, path }) => [code, path])).toEqual([
    ["bynk.context.consumes_cycle", "src/a.bynk"],
  ]);
  project.setFile("src/b.bynk", "context b\n");
  expect(project.check().diagnostics).toEqual([]);
});

test("the manifest can change", () => {
  const project = createProject();
  project.setFile("src/a.bynk", "commons a\n");
  project.setFile("lib/b.bynk", "commons b\n");
  expect(project.check().program?.units.map(({ name }) => name)).toEqual(["a"]);
  project.setManifest('[paths]\ninclude = ["src", "lib"]\n');
  expect(project.check().program?.units.map(({ name }) => name)).toEqual(["a", "b"]);
});
