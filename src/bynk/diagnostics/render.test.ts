import { expect, test } from "vitest";
import { parseFile } from "../syntax/parse.ts";
import { createFix, diagnose } from "./diagnostic.ts";
import { widthOf } from "./render/display-width.ts";
import { renderDiagnostic, renderDiagnostics } from "./render.ts";
import { createSourceFile } from "./source-file.ts";

function render(text: string, color = false): string {
  return renderDiagnostics(parseFile("src/shop.bynk", text).diagnostics, { "src/shop.bynk": text }, { color });
}

test("an error shows its title, code, place, source, label, message and hint", () => {
  expect(render("commons shop\n\ntype Price { cents: Int }\n")).toMatchInlineSnapshot(`
    "error: unexpected word or sign [bynk.parse.expected_token]
     --> src/shop.bynk:3:12
      |
    3 | type Price { cents: Int }
      |            ^ unexpected
      |
      = expected \`=\` and what the type is, found \`{\`
      = help: insert \`=\`

    1 error"
  `);
});

test("a second place in the same file is drawn into the same excerpt", () => {
  expect(render("commons shop\nfn f(a: Int, b: (Int -> Int {\n  1\n}\n")).toMatchInlineSnapshot(`
    "error: unexpected word or sign [bynk.parse.expected_token]
     --> src/shop.bynk:2:29
      |
    2 | fn f(a: Int, b: (Int -> Int {
      |                             ^ unexpected
      |                 - \`(\` is opened here
      |
      = expected \`,\` or \`)\`, found \`{\`

    1 error"
  `);
});

test("two marks on one line have a row each", () => {
  expect(render("commons shop\nfn f(a: Int) -> Bool { 1 < a < 3 }\n")).toMatchInlineSnapshot(`
    "error: chained comparison [bynk.parse.non_associative]
     --> src/shop.bynk:2:30
      |
    2 | fn f(a: Int) -> Bool { 1 < a < 3 }
      |                              ^ which one comes first?
      |                        ----- this comparison is complete
      |
      = \`<\` cannot follow another comparison
      = help: put brackets around one of them, or join two comparisons with \`&&\`

    1 error"
  `);
});

test("tabs, wide characters, emoji and combining marks keep the underline in place", () => {
  expect(render('commons shop\nfn f() -> String {\n\tlet s = "数字 👩‍👩‍👧 é"\t; s\n}\n')).toMatchInlineSnapshot(`
    "error: unexpected character [bynk.lex.unexpected_character]
     --> src/shop.bynk:3:26
      |
    3 |     let s = "数字 👩‍👩‍👧 é" ; s
      |                         ^ not needed
      |
      = \`;\` does not start anything in Bynk
      = help: remove it; a statement ends where the next one begins

    1 error"
  `);
});

test("a place over several lines is underlined on its first and last", () => {
  expect(render("commons shop\n---\nNobody\nhears this.\n---\n\n\ntype A = Int\n")).toMatchInlineSnapshot(`
    "warning: doc block that documents nothing [bynk.parse.orphan_doc_block]
     --> src/shop.bynk:2:1
      |
    2 | ---
      | ^^^
      | ...
    5 | ---
      | ^^^ belongs to nothing
      |
      = a blank line separates this documentation from what it documents
      = help: remove the blank line below it

    1 warning"
  `);
});

test("the end of a file is a place", () => {
  expect(render("commons shop\nfn f() -> Int {\n  1\n")).toMatchInlineSnapshot(`
    "error: unexpected end of the file [bynk.parse.unexpected_eof]
     --> src/shop.bynk:4:1
      |
    2 | fn f() -> Int {
      |               - \`{\` is opened here
      | ...
    4 |
      | ^ the end
      |
      = the file ends where \`}\` was expected
      = help: complete what was begun; look for a bracket that is not closed

    1 error"
  `);
});

test("a very long line is shown around its place", () => {
  expect(render(`commons shop\nfn f() -> Int { ${"a + ".repeat(60)}% b }\n`)).toMatchInlineSnapshot(`
    "error: unexpected character [bynk.lex.unexpected_character]
     --> src/shop.bynk:2:257
      |
    2 | …a + a + a + a + a + a + a + a + a + a + a + a + a + a + a + % b }
      |                                                              ^ no remainder operator
      |
      = \`%\` is not an operator of Bynk
      = help: compute the remainder as \`a - a / b * b\`; division of Int truncates

    1 error"
  `);
});

test("what is in the source cannot steer the terminal", () => {
  const rendered = render('commons shop\nfn f() -> String { "\u001b[2J\u202e \\\u001b" \u0007 }\n');
  expect(rendered).toContain("bynk.lex.bad_escape");
  expect(rendered).not.toMatch(/[\u001b\u202e\u0007]/);
});

test("colours appear only when asked for", () => {
  const text = "commons shop\ntype Price { cents: Int }\n";
  expect(render(text, true)).toContain("\u001b[1;31merror:\u001b[0m");
  expect(render(text, false)).not.toContain("\u001b");
  expect(render("commons shop\n---\nDoc.\n---\nuses a\n", true)).toContain("\u001b[1;33m^^^ belongs to nothing");
});

test("a second place in another file stands under its own path", () => {
  const first = createSourceFile("src/a.bynk", "commons a\ntype A = Int\n");
  const second = createSourceFile("src/b.bynk", "commons b\n\ntype A = Int\n");
  const found = diagnose(
    second,
    "bynk.parse.duplicate_by",
    { start: 16, end: 17 },
    {},
    { related: [{ source: first, span: { start: 15, end: 16 }, message: "the first one is here" }] },
  );
  expect(renderDiagnostic(found, { "src/a.bynk": first.text, "src/b.bynk": second.text })).toMatchInlineSnapshot(`
    "error: two \`by\` clauses [bynk.parse.duplicate_by]
     --> src/b.bynk:3:6
      |
    3 | type A = Int
      |      ^ the second \`by\`
     ::> src/a.bynk:2:6
      |
    2 | type A = Int
      |      - the first one is here
      |
      = this handler names its caller twice
      = help: keep one: before the parameters, or after the result type"
  `);
});

test("a diagnostic about a file that is not at hand is rendered without its source", () => {
  const source = createSourceFile("src/a.bynk", "commons a\n");
  const found = diagnose(source, "bynk.parse.duplicate_by", { start: 0, end: 7 }, {});
  expect(renderDiagnostic(found, {})).toMatchInlineSnapshot(`
    "error: two \`by\` clauses [bynk.parse.duplicate_by]
     --> src/a.bynk:1:1
      |
      = this handler names its caller twice
      = help: keep one: before the parameters, or after the result type"
  `);
});

test("the count at the end tells errors from warnings", () => {
  expect(render("commons shop\n---\nDoc.\n---\nuses a\ntype A = | b\n").split("\n").at(-1)).toBe("1 error, 1 warning");
  expect(render("commons shop\n")).toBe("");
});

test("a fix names one file and its edits", () => {
  const source = createSourceFile("src/a.bynk", "commons a\n");
  const fix = createFix(source, "remove it", [{ span: { start: 0, end: 7 }, text: "" }]);
  expect(fix).toEqual({ title: "remove it", edits: [{ path: "src/a.bynk", span: { start: 0, end: 7 }, text: "" }] });
});

test("widths count columns and not code units", () => {
  expect(["a", "é", "e\u0301", "数", "👩‍👩‍👧", "🇩🇪", ""].map(widthOf)).toEqual([1, 1, 1, 2, 2, 2, 0]);
});
