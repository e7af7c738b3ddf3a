import { expect, test } from "vitest";
import { readPrograms } from "../../tests/bynk/support/corpus.ts";
import { check, compile } from "./compile.ts";

const codesOf = (files: Readonly<Record<string, string>>, manifest?: string): readonly string[] =>
  check({ files, manifest }).diagnostics.map(({ code }) => code);

test("the corpus of programs compiles without a word", () => {
  const files = Object.fromEntries(readPrograms("corpus").map(({ path, text }) => [`src/${path}`, text]));
  expect(compile({ files }).diagnostics).toEqual([]);
});

test("one file without a folder and without a manifest stands alone, and must be one commons", () => {
  expect(codesOf({ "anything.bynk": "commons words\ntype T = Int\n" })).toEqual([]);
  expect(codesOf({ "desk.bynk": "context desk\ntype T = Int\n" })).toEqual(["bynk.parse.unexpected_context"]);
  expect(codesOf({ "a.bynk": "commons a {\n}\ncommons b {\n}\n" })).toEqual(["bynk.parse.extra_tokens"]);
  expect(codesOf({ "a.bynk": "commons a\nuses b\n" })).toEqual(["bynk.uses.unknown_commons"]);
});

test("everything else is a project, where names are paths", () => {
  expect(codesOf({ "desk.bynk": "context desk\ntype T = Int\n" }, "")).toEqual([]);
  expect(codesOf({ "anything.bynk": "commons words\n" }, "")).toEqual(["bynk.project.inconsistent_commons_name"]);
  expect(codesOf({ "src/desk.bynk": "context desk\ntype T = Int\n" })).toEqual([]);
  expect(codesOf({ "a.bynk": "commons a\n", "b.bynk": "context b\nuses a\n" })).toEqual([]);
});

test("a project without sources is told so", () => {
  expect(codesOf({})).toEqual(["bynk.project.no_sources"]);
  const { diagnostics } = check({
    files: { "src/a.ts": "", "other/b.bynk": "commons b\n" },
    manifest: '[paths]\ninclude = ["src"]\n',
  });
  expect(diagnostics).toMatchObject([
    { code: "bynk.project.no_sources", message: "there is no `.bynk` file under `src`" },
  ]);
});

test("an unreadable manifest is an error of the project", () => {
  expect(codesOf({ "src/a.bynk": "commons a\n" }, "what\n")).toEqual(["bynk.project.bad_manifest"]);
});

test("suites take no part in a plain compile", () => {
  expect(
    codesOf({ "src/a.bynk": "commons a\n", "tests/a.bynk": 'suite nothing\ncase "x" { expect wrong(1) }\n' }),
  ).toEqual([]);
});

test("the result does not depend on the order of the files", () => {
  const files = {
    "src/a.bynk": "commons a\ntype A = Itn\n",
    "src/b.bynk": "commons b\ntype B = Itn\n",
    "src/c/x.bynk": "commons c\ntype C = Itn\n",
  };
  const reversed = Object.fromEntries(Object.entries(files).toReversed());
  expect(compile({ files: reversed })).toEqual(compile({ files }));
});

test("with an error there is no program", () => {
  expect(check({ files: { "src/a.bynk": "commons a\ntype A = Itn\n" } }).program).toBeUndefined();
  expect(
    check({ files: { "src/a.bynk": "commons a\ntype A = Int\n" } }).program?.units.map(({ name }) => name),
  ).toEqual(["a"]);
});

test("a warning does not stand in the way of a program", () => {
  const { diagnostics, program } = check({
    files: {
      "src/t.bynk": "context t\nconsumes bynk { Clock }\nservice s { on call() -> Effect[()] given Clock { () } }\n",
    },
  });
  expect(diagnostics.map(({ code, severity }) => [code, severity])).toEqual([
    ["bynk.given.unused_capability", "warning"],
  ]);
  expect(program).toBeDefined();
});

test("bodies of a unit with an error in its header, and of those that rest on it, are left alone", () => {
  const codes = codesOf({
    "src/a.bynk": "commons a\nuses nothing\nfn f() -> Int { wrong }\n",
    "src/b.bynk": "commons b\nuses a\nfn g() -> Int { wrong }\n",
    "src/c.bynk": "commons c\nfn h() -> Int { wrong }\n",
  });
  expect(codes).toEqual(["bynk.uses.unknown_commons", "bynk.resolve.unknown_name"]);
});

test("a mistake of the compiler is told, not thrown", () => {
  // Not what the type says: a caller without types may pass it.
  const files = { "src/a.bynk": null as unknown as string };
  Object.defineProperty(files, "src/b.bynk", {
    enumerable: true,
    get: () => {
      throw new Error("lost");
    },
  });
  expect(compile({ files })).toMatchObject({
    diagnostics: [{ code: "bynk.internal", message: "the compiler made a mistake: lost" }],
    files: {},
  });
});
