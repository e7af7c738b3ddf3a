import { expect, test } from "vitest";
import { readPrograms } from "../../../tests/bynk/support/corpus.ts";
import { printLossless } from "../format/print-lossless.ts";
import { parseFile } from "./parse.ts";

const programs = [...readPrograms("corpus"), ...readPrograms("later-rings")];

test.each(programs)("$path parses without complaint and prints back byte for byte", ({ path, text }) => {
  const tree = parseFile(path, text);
  expect(tree.diagnostics).toEqual([]);
  expect(printLossless(tree)).toBe(text);
});

test.each(programs)("$path means the same with other line ends", ({ path, text }) => {
  const kinds = (source: string): readonly string[] => {
    const { tokens } = parseFile(path, source);
    return tokens.filter((token) => !["space", "comment", "doc"].includes(token.kind)).map((token) => token.text);
  };
  expect(kinds(text.replaceAll("\n", "\r\n"))).toEqual(kinds(text));
  expect(parseFile(path, text.replaceAll("\n", "\r\n")).diagnostics).toEqual([]);
  expect(parseFile(path, text.replaceAll("\n", "\r")).diagnostics).toEqual([]);
});

test("the corpus has the reference's own examples and enough of everything else", () => {
  const paths = programs.map((program) => program.path);
  expect(paths).toEqual(expect.arrayContaining(["library/words.bynk", "library/desk.bynk", "profile.bynk"]));
  expect(readPrograms("corpus").length).toBeGreaterThanOrEqual(15);
});

test("each unit of the corpus stands at the path its name says", () => {
  for (const { path, text } of readPrograms("corpus")) {
    const [unit] = parseFile(path, text).ast.units;
    expect(`${unit?.name.text.replaceAll(".", "/")}.bynk`).toBe(path);
  }
});
