import { expect, test } from "vitest";
import { outline } from "../../../../tests/bynk/support/outline.ts";
import { parseFile } from "../parse.ts";

/** The block of a function's body, and what was reported. */
function parseBody(body: string) {
  const tree = parseFile("a.bynk", `commons a\nfn f() -> Int {\n${body}\n}\n`);
  const [unit] = tree.ast.units;
  const item = unit?.kind === "Suite" ? undefined : unit?.items[0];
  const block = item?.kind === "FnDecl" ? item.body : undefined;
  return { block, codes: tree.diagnostics.map((found) => found.code) };
}

/** The last expression of a body that parses without complaint. */
function read(body: string): string {
  const { block, codes } = parseBody(body);
  expect(codes).toEqual([]);
  return outline(block?.tail);
}

test("operators bind by the table, loosest first", () => {
  expect(read("a implies b || c && d == e < f + g * -h")).toBe(
    "(BinaryExpr implies a (BinaryExpr || b (BinaryExpr && c (BinaryExpr == d (BinaryExpr < e (BinaryExpr + f (BinaryExpr * g (UnaryExpr - h))))))))",
  );
  expect(read("a * b + c < d == e && f || g implies h")).toBe(
    "(BinaryExpr implies (BinaryExpr || (BinaryExpr && (BinaryExpr == (BinaryExpr < (BinaryExpr + (BinaryExpr * a b) c) d) e) f) g) h)",
  );
});

test("`implies` associates to the right, arithmetic and logic to the left", () => {
  expect(read("a implies b implies c")).toBe("(BinaryExpr implies a (BinaryExpr implies b c))");
  expect(read("a - b - c")).toBe("(BinaryExpr - (BinaryExpr - a b) c)");
  expect(read("a || b || c")).toBe("(BinaryExpr || (BinaryExpr || a b) c)");
});

test("a relation may stand beside an equality", () => {
  expect(read("a < b == c >= d")).toBe("(BinaryExpr == (BinaryExpr < a b) (BinaryExpr >= c d))");
});

test("`is` takes a pattern and binds like `==`", () => {
  expect(read("x is Some(y) && y > 1")).toBe(
    "(BinaryExpr && (IsExpr x (VariantPattern Some [(SubPattern y)])) (BinaryExpr > y 1))",
  );
});

test("postfix forms chain, also over lines", () => {
  expect(read("a.b\n  .c(1)?\n  .d[Int](2)")).toBe(
    "(MethodCall (QuestionExpr (MethodCall (FieldAccess a b) c [1])) d [Int] [2])",
  );
});

test("a sign at the start of a line begins something new, every other operator continues", () => {
  expect(parseBody("a\n-b").block?.statements).toHaveLength(1);
  expect(read("a\n&& b\n* c")).toBe("(BinaryExpr && a (BinaryExpr * b c))");
});

test("brackets on a new line are a list, on the same line type arguments", () => {
  expect(parseBody("let x = a\n[b]").block?.tail?.kind).toBe("ListExpr");
  expect(read("a[B](c)")).toBe("(CallExpr a [B] [c])");
});

test("round brackets on a new line do not call what stands above", () => {
  expect(read("let x = a\n(b)")).toBe("(ParenExpr b)");
  expect(read("a(b)")).toBe("(CallExpr a [b])");
});

test("numbers, durations, methods and fields of numbers are told apart", () => {
  expect(read("5.minutes")).toBe("(DurationLiteral 5 minutes 300000)");
  expect(read("5.min(4)")).toBe("(MethodCall 5 min [4])");
  expect(read("5.minutes(4)")).toBe("(MethodCall 5 minutes [4])");
  expect(read("5.foo")).toBe("(FieldAccess 5 foo)");
  expect(read("1.5.round()")).toBe("(MethodCall 1.5 round [])");
  expect(read("1.toFloat()")).toBe("(MethodCall 1 toFloat [])");
});

test("built-in constructors, `Effect.pure` and statics of base types", () => {
  expect(read("Ok(Some(None))")).toBe("(ConstructorExpr Ok (ConstructorExpr Some (ConstructorExpr None)))");
  expect(read("Effect.pure(())")).toBe("(EffectPure (UnitLiteral))");
  expect(read("Int.parse(s)")).toBe("(MethodCall Int parse [s])");
  expect(read("HttpResult.Ok(1)")).toBe("(MethodCall HttpResult Ok [1])");
});

test("a record literal needs a brace that looks like one", () => {
  expect(read("P {}")).toBe("(RecordLiteral P [])");
  expect(read("P { a: 1, b, }")).toBe("(RecordLiteral P [(FieldInit a 1) (FieldInit b b shorthand)])");
  expect(read("P { ...q, a: 1 }")).toBe("(RecordUpdate P q [(FieldInit a 1)])");
  expect(read("let x = { ...q }\nx")).toBe("x");
});

test("in the head of `if` and `match` a brace opens the body, inside brackets it may open a record", () => {
  expect(read("if flag { x } else { y }")).toBe("(IfExpr flag (Block [] x) (Block [] y))");
  expect(read("if a && flag { x }")).toBe("(IfExpr (BinaryExpr && a flag) (Block [] x))");
  expect(read("match flag { x => 1 }")).toBe("(MatchExpr flag [(MatchArm x 1)])");
  expect(read("if (P { x: 1 }) == p { x }")).toContain("(ParenExpr (RecordLiteral P [(FieldInit x 1)]))");
  expect(read("if f(P { x }) { x }")).toContain("(CallExpr f [(RecordLiteral P [(FieldInit x x shorthand)])])");
  expect(read("if a { P { x } } else { y }")).toContain("(Block [] (RecordLiteral P");
});

test("`else if` chains, and `if` and `match` may be operands", () => {
  expect(read("if a { 1 } else if b { 2 } else { 3 }")).toBe(
    "(IfExpr a (Block [] 1) (IfExpr b (Block [] 2) (Block [] 3)))",
  );
  expect(read("1 + if a { 1 } else { 2 } * 2")).toBe(
    "(BinaryExpr + 1 (BinaryExpr * (IfExpr a (Block [] 1) (Block [] 2)) 2))",
  );
});

test("commas between arms may be left out, and an arm may begin with a negative number", () => {
  expect(read("match n {\n 1 => a\n -2 => b, 3 => c\n _ if n > 4 => { d }\n}")).toBe(
    "(MatchExpr n [(MatchArm 1 a) (MatchArm -2 b) (MatchArm 3 c) (MatchArm _ (BinaryExpr > n 4) (Block [] d))])",
  );
});

test("round brackets are a lambda exactly when `=>` follows them, but not in a guard", () => {
  expect(read("xs.map((x) => x + 1)")).toBe("(MethodCall xs map [(LambdaExpr [(LambdaParam x)] (BinaryExpr + x 1))])");
  expect(read("() => { a }")).toBe("(LambdaExpr [] (Block [] a))");
  expect(read("(x: Int, y) => x")).toBe("(LambdaExpr [(LambdaParam x Int) (LambdaParam y)] x)");
  expect(read("match a { b if (c) => d }")).toBe("(MatchExpr a [(MatchArm b (ParenExpr c) d)])");
});

test("a string with holes keeps text and holes in order", () => {
  expect(read('"a \\(b + 1) c \\("d \\(e)")"')).toBe(
    '(InterpolatedString ["a " (StringHole (BinaryExpr + b 1)) " c " (StringHole (InterpolatedString ["d " (StringHole e) ""])) ""])',
  );
});

test("spans inside a hole map to the file", () => {
  const { block } = parseBody('"a \\(bcd)"');
  const hole = block?.tail?.kind === "InterpolatedString" ? block.tail.parts[1] : undefined;
  const at = 'commons a\nfn f() -> Int {\n"a \\('.length;
  expect(hole?.kind === "StringHole" ? [hole.span, hole.value.span] : []).toEqual([
    { start: at - 2, end: at + 4 },
    { start: at, end: at + 3 },
  ]);
});

test("statements", () => {
  const { block, codes } = parseBody("let a: Int = 1\nlet _ <- b\ndo c()\n~> d\ncell := e\nexpect f\nlet a = a");
  expect(codes).toEqual([]);
  expect(outline(block?.statements)).toBe(
    "[(LetStmt a Int 1) (LetStmt bind b) (DoStmt (CallExpr c [])) (SendStmt d) (AssignStmt cell e) (ExpectStmt f) (LetStmt a a)]",
  );
  expect(block?.tail).toBeUndefined();
});
