import { expect, test } from "vitest";
import { createSourceFile } from "../diagnostics/source-file.ts";
import { lex } from "./lex.ts";
import { Reporter } from "./reporter.ts";

function lexed(text: string) {
  const reporter = new Reporter(createSourceFile("a.bynk", text));
  return { ...lex(text, reporter), codes: reporter.finish().map((found) => found.code) };
}

/** The significant tokens as "kind" or "kind:text". */
function kinds(text: string): readonly string[] {
  const { significant } = lexed(text);
  return significant.slice(0, -1).map(({ kind, text }) => (kind === text ? kind : `${kind}:${text}`));
}

test("the longest sign wins", () => {
  expect(kinds("... .. . <- < ~> := : -> - == = => != ! <= >= && || | ? _ @")).toEqual(
    "... .. . <- < ~> := : -> - == = => != ! <= >= && || | ? _ @".split(" "),
  );
  expect(kinds("a<-b")).toEqual(["name:a", "<-", "name:b"]);
  expect(kinds("a< -b")).toEqual(["name:a", "<", "-", "name:b"]);
});

test("a name starts with a letter, so an underscore before it is a token of its own", () => {
  expect(kinds("_x a_1 A9 _")).toEqual(["_", "name:x", "name:a_1", "name:A9", "_"]);
});

test("reserved words are kinds, contextual words are names", () => {
  expect(kinds("service given and store event stub")).toEqual([
    "service",
    "given",
    "and",
    "name:store",
    "name:event",
    "name:stub",
  ]);
});

test("numbers keep their lexeme; a point needs a digit behind it", () => {
  expect(kinds("1_000 1.5 2e9 3.0E-2 7.min 1e 5.5_0")).toEqual([
    "int:1_000",
    "float:1.5",
    "float:2e9",
    "float:3.0E-2",
    "int:7",
    ".",
    "name:min",
    "int:1",
    "name:e",
    "float:5.5_0",
  ]);
  expect(lexed("9223372036854775807 0009223372036854775807").codes).toEqual([]);
  expect(lexed("9223372036854775808").codes).toEqual(["bynk.lex.integer_overflow"]);
});

test("two dashes begin a comment anywhere outside a string", () => {
  const { comments, significant } = lexed('a--b\n  -- own line\r\n"--" c');
  expect(comments.map(({ text, ownLine }) => ({ text, ownLine }))).toEqual([
    { text: "--b", ownLine: false },
    { text: "-- own line", ownLine: true },
  ]);
  expect(significant.map((token) => token.text)).toEqual(["a", '"--"', "c", ""]);
});

test("a line of three or more dashes opens and closes a doc block, whose common indentation goes", () => {
  const { docs, comments } = lexed("  ---\n    One.\n\n      Two.\n  -----  \n  type");
  expect(docs.map(({ block, adjacent }) => ({ text: block.text, adjacent }))).toEqual([
    { text: "One.\n\n  Two.", adjacent: true },
  ]);
  expect(comments).toEqual([]);
});

test("dashes with anything else on their line are a comment", () => {
  const { docs, comments } = lexed("--- title\na ---\n");
  expect(docs).toEqual([]);
  expect(comments.map((comment) => comment.text)).toEqual(["--- title", "---"]);
});

test("an unclosed doc block ends where a declaration begins", () => {
  const { codes, significant } = lexed("---\nWhat follows, or the type of it:\n\ntype A = Int\n");
  expect(codes).toEqual(["bynk.lex.unclosed_doc_block"]);
  expect(significant.map((token) => token.text)).toEqual(["type", "A", "=", "Int", ""]);
});

test("escapes are decoded", () => {
  const [token] = lexed(String.raw`"a\n\t\"\\b"`).significant;
  expect(token?.value).toBe('a\n\t"\\b');
});

test("a string with holes comes in pieces, with ordinary tokens between them", () => {
  const { significant } = lexed('"a \\(f(x, ")")) b \\("in \\(y)") c"');
  expect(significant.map(({ kind, value }) => value ?? kind)).toEqual([
    "a ",
    "name",
    "(",
    "name",
    ",",
    ")",
    ")",
    " b ",
    "in ",
    "name",
    "",
    " c",
    "eof",
  ]);
});

test("a hole that is never closed still ends its string, at the end of the line", () => {
  const { significant, codes } = lexed('"a \\(b "c \\(d\ne');
  expect(codes).toEqual(["bynk.lex.unterminated_interpolation"]);
  expect(significant.map((token) => token.kind)).toEqual([
    "stringHead",
    "name",
    "stringHead",
    "name",
    "stringTail",
    "stringTail",
    "name",
    "eof",
  ]);
});

test("the tokens tile the text, whatever it is", () => {
  const text = "\ufefftype é\u0000 'x' \"\\(a\n---\n--c\r\r\n ;;; 7. \ud800 \"";
  const { tokens } = lexed(text);
  expect(tokens.map((token) => token.text).join("")).toBe(text);
  let at = 0;
  for (const token of tokens) {
    expect(token.start).toBe(at);
    at = token.end;
  }
  expect(at).toBe(text.length);
});
