/** One mistake must not hide the next, nor the declarations after it. */
import { expect, test } from "vitest";
import { readMarked } from "../../../tests/bynk/support/marked.ts";
import { outline } from "../../../tests/bynk/support/outline.ts";
import { parseFile } from "./parse.ts";

/** Every drawn place is reported, in order, and nothing else; the result names the items that were read. */
function readAll(drawn: string): readonly string[] {
  const { text, spans } = readMarked(drawn);
  const tree = parseFile("a.bynk", text);
  const found = tree.diagnostics.map(({ span }) => text.slice(span.start, span.end));
  expect(found).toEqual(spans.map(({ start, end }) => text.slice(start, end)));
  expect(tree.diagnostics.map(({ span }) => span)).toEqual(spans);
  return tree.ast.units.flatMap((unit) => unit.items.map((item) => ("name" in item ? outline(item.name) : item.kind)));
}

test("each broken declaration is reported once and the ones after it are read", () => {
  const items = readAll(`context a
type A = «=» 3
type B = { x «Int», y: Int }
fn c(«1») -> Int { 1 }
fn d() -> Int { let «=» 1
  2 }
actor E { auth = Bearer(secret = "S")«identity» = F }
capability G { fn h() -> «}» 
service i from http { on «FETCH»("/") by Visitor () -> Effect[HttpResult[Int]] { Ok(1) } }
type J = Int
`);
  expect(items).toEqual(["A", "B", "c", "d", "E", "G", "i", "J"]);
});

test("a block that is not closed ends where the next declaration begins", () => {
  const items = readAll("commons a\nfn f() -> Int {\n  let x = 1\n  x\n\n«fn» g() -> Int { 2 }\ntype A = Int\n");
  expect(items).toEqual(["f", "g", "A"]);
});

test("a record, a parameter list and a match that are not closed end there too", () => {
  expect(readAll("commons a\ntype A = {\n  b: Int,\n\n«type» C = Int\n")).toEqual(["A", "C"]);
  expect(readAll("commons a\nfn f(a: Int\n\n«fn» g() -> Int { 2 }\n")).toEqual(["f", "g"]);
  expect(readAll("commons a\nfn f(a: Int) -> Int {\n  match a {\n    1 => 2\n\n«fn» g() -> Int { 2 }\n")).toEqual([
    "f",
    "g",
  ]);
});

test("a handler that cannot be read leaves the other handlers", () => {
  const tree = parseFile(
    "a.bynk",
    `context a
service s from http {
  on GET("/a") by Visitor () -> Effect[HttpResult[Int]] { Ok(1) }
  on GET(/b) by Visitor () -> Effect[HttpResult[Int]] { Ok(1) }
  nonsense here
  on GET("/c") by Visitor () -> Effect[HttpResult[Int]] { Ok(1) }
}
`,
  );
  expect(tree.diagnostics.map(({ code, line }) => ({ code, line }))).toEqual([
    { code: "bynk.parse.expected_token", line: 4 },
    { code: "bynk.parse.expected_handler", line: 5 },
  ]);
  const [unit] = tree.ast.units;
  const service = unit?.items[0];
  expect(service?.kind === "ServiceDecl" ? service.handlers.length : 0).toBe(3);
});

test("a case that is not closed ends where the next begins", () => {
  const { text, spans } = readMarked('suite a\ncase "b" {\n  let x = 1\n«case» "c" { expect x }\n');
  const tree = parseFile("a.bynk", text);
  expect(tree.diagnostics.map(({ span }) => span)).toEqual(spans);
  expect(tree.ast.units.flatMap((unit) => unit.items.length)).toEqual([2]);
});

test("statements after a broken one are read", () => {
  readAll("commons a\nfn f(a: Int) -> Int {\n  let b = «)»\n  let c = 1 «=» 2\n  let d = a.«+»\n  b\n}\n");
});

test("arms after a broken one are read", () => {
  readAll(
    "commons a\nfn f(a: Int) -> Int {\n  match a {\n    1 «:» 2\n    «+» => 3\n    4 => «,»\n    _ => 5\n  }\n}\n",
  );
});

test("a mistake inside a hole stays inside it", () => {
  readAll(
    'commons a\nfn f(a: Int) -> String {\n  let b = "x \\(a +«») y \\(a «a») \\(match a { 1 => «»)"\n  let c = «*»\n  b\n}\n',
  );
});

test("without a unit header the declarations are still read for mistakes", () => {
  const { text, spans } = readMarked("«type» A = Int\ntype B = «3»\n");
  const tree = parseFile("a.bynk", text);
  expect(tree.diagnostics.map(({ code, span }) => ({ code, span }))).toEqual([
    { code: "bynk.parse.expected_unit_header", span: spans[0] },
    { code: "bynk.parse.expected_type", span: spans[1] },
  ]);
  expect(tree.ast.units).toEqual([]);
});

test("what the lexer has reported is not reported again by the parser", () => {
  readAll('commons a\nfn f(a: Int) -> Int {\n  let b = a «%» 2\n  let c = f(«"x)»\n  let d = a«;»\n  b\n}\n');
});

test("at most five hundred diagnostics are kept", () => {
  const { diagnostics } = parseFile("a.bynk", `commons a\n${"type = 1\n".repeat(2_000)}`);
  expect(diagnostics).toHaveLength(500);
});
