import { expect, test } from "vitest";
import { outline } from "../../../../tests/bynk/support/outline.ts";
import type { Unit } from "../ast.ts";
import { parseFile } from "../parse.ts";

/** The units of a file that parses without complaint. */
function readUnits(text: string): readonly Unit[] {
  const tree = parseFile("a.bynk", text);
  expect(tree.diagnostics).toEqual([]);
  return tree.ast.units;
}

/** The one item of a context. */
function read(item: string): string {
  const [unit] = readUnits(`context a\n${item}\n`);
  return outline(unit?.items).slice(1, -1);
}

test("a file holds several units in braces, and one without to its end", () => {
  expect(outline(readUnits("commons a.b { type A = Int } adapter c { }\ncontext d\ntype B = Int"))).toBe(
    "[(Commons a.b braced [(TypeDecl A [] (RefinedBody Int))]) (Adapter c braced []) (Context d [(TypeDecl B [] (RefinedBody Int))])]",
  );
});

test("header clauses", () => {
  expect(read("uses a.b")).toBe("(UsesClause a.b)");
  expect(read("consumes a.b as c")).toBe("(ConsumesClause a.b c)");
  expect(read("consumes a { B, C, }")).toBe("(ConsumesClause a [B C])");
  expect(read("exports opaque {}")).toBe("(ExportsClause opaque [])");
  expect(read("exports capability { A }")).toBe("(ExportsClause capability [A])");
});

test("type bodies", () => {
  expect(read('type A = String where MinLength(2) and Matches("x") && NonEmpty')).toBe(
    '(TypeDecl A [] (RefinedBody String (Refinement [(Predicate MinLength [2]) (Predicate Matches ["x"]) (Predicate NonEmpty)])))',
  );
  expect(read("type A = opaque Int where InRange(-1, 5)")).toBe(
    "(TypeDecl A [] (RefinedBody opaque Int (Refinement [(Predicate InRange [-1 5])])))",
  );
  expect(read("type A = { b: Option[Int], c: Int where Positive = 1, }")).toBe(
    "(TypeDecl A [] (RecordBody [(FieldDecl b Option[Int]) (FieldDecl c Int (Refinement [(Predicate Positive)]) 1)]))",
  );
  expect(read("type A = | B | C(d: Int, e: F) embeds G as C")).toBe(
    "(TypeDecl A [] (SumBody [(VariantDecl B) (VariantDecl C [(Param d Int) (Param e F)])] [(EmbedsClause G C)]))",
  );
  expect(read("type A = enum { B, C }")).toBe("(TypeDecl A [] (EnumBody [(VariantDecl B) (VariantDecl C)]))");
  expect(read("type A[T, U] = { b: T }")).toContain("[(TypeParam T) (TypeParam U)]");
});

test("type references", () => {
  const type = (text: string): string => {
    const found = read(`fn f(a: ${text}) -> B { a }`);
    return found.slice("(FnDecl f [] [(Param a ".length, found.indexOf(")] B [] "));
  };
  expect(type("Result[Map[A, Int], ()]")).toBe("Result[Map[A Int] (UnitType)]");
  expect(type("A -> B -> C")).toBe("(FunctionType [A] (FunctionType [B] C))");
  expect(type("(A, B) -> C")).toBe("(FunctionType [A B] C)");
  expect(type("() -> C")).toBe("(FunctionType [] C)");
  expect(type("(A -> B) -> C")).toBe("(FunctionType [(FunctionType [A] B)] C)");
});

test("functions, methods and contracts", () => {
  expect(read("fn A.b(self, c: Int,) -> Int { c }")).toBe("(FnDecl A b [] self [(Param c Int)] Int [] (Block [] c))");
  expect(read("fn f(a: Int) -> Int\n requires r: flag\n ensures e: result > a { a }")).toContain(
    "[(Contract requires r flag) (Contract ensures e (BinaryExpr > result a))] (Block [] a)",
  );
});

test("capabilities and providers", () => {
  expect(read("capability C { fn a() -> Effect[()] fn b[T](k: String) -> T }")).toBe(
    "(CapabilityDecl C [(CapabilityOp a [] [] Effect[(UnitType)]) (CapabilityOp b [(TypeParam T)] [(Param k String)] T)])",
  );
  expect(read("provides C = P given a.D, E { fn a() -> Effect[()] { () } }")).toBe(
    "(ProvidesDecl C P (GivenClause [a.D E]) [(ProviderOp a [] [] Effect[(UnitType)] (Block [] (UnitLiteral)))])",
  );
  expect(read("provides C = P")).toBe("(ProvidesDecl C P)");
});

test("`by` stands before the parameters or after the result, and in the service's header", () => {
  const handler = (text: string): string => {
    const found = read(`service s from http by d: D given E {\n${text}\n}`);
    return found.slice(found.indexOf("(Handler"), -2);
  };
  expect(handler('on GET("/a") by u: U () -> T given C { a }')).toBe(
    '(Handler [] (HttpEntry GET "/a") (ByClause u [U] before) [] T (GivenClause [C]) (Block [] a))',
  );
  expect(handler('on PUT("/a") (b: B) -> T by U | V given C { a }')).toBe(
    '(Handler [] (HttpEntry PUT "/a") (ByClause [U V] after) [(Param b B)] T (GivenClause [C]) (Block [] a))',
  );
  expect(read('service s from http by d: D given E { on GET("/") () -> T { a } }')).toContain(
    "(ServiceDecl s (HttpProtocol) (ByClause d [D] service) (GivenClause [E]) []",
  );
});

test("every kind of handler", () => {
  const entry = (text: string): string => {
    const found = read(`service s {\n on ${text} () -> T { a }\n}`);
    return found.slice(found.indexOf("(Handler [] ") + "(Handler [] ".length, found.indexOf(" [] T"));
  };
  expect(entry("call")).toBe("(CallEntry)");
  expect(entry('schedule("* * * * *")')).toBe('(ScheduleEntry "* * * * *")');
  expect(["message", "open", "close", "event"].map(entry)).toEqual([
    "(OnMessageEntry)",
    "(OpenEntry)",
    "(CloseEntry)",
    "(EventEntry)",
  ]);
});

test("protocols", () => {
  const protocol = (text: string): string => {
    const found = read(`service s from ${text} { on call () -> T { a } }`);
    return found.slice("(ServiceDecl s ".length, found.indexOf(" [] [(Handler"));
  };
  expect(protocol('queue("q")')).toBe('(QueueProtocol "q")');
  expect(protocol("cron")).toBe("(CronProtocol)");
  expect(protocol("WebSocket(in: A, out: B)")).toBe("(WebSocketProtocol A B)");
  expect(protocol("websocket(in: A, out: B,)")).toBe("(WebSocketProtocol A B)");
  expect(protocol("Events(E { a: 1, b: X.Y, .. }) via schema(2)")).toBe(
    "(EventsProtocol E [(EventPatternField a 1) (EventPatternField b (EventPatternVariant X Y))] (ViaClause schema 2))",
  );
});

test("policies and annotations", () => {
  const found = read(
    'service s from http { cors { origins: ["*"] maxAge: 1.hours, }\n@cache(maxAge: 1.days, public) @plain\non GET("/") () -> T { a } }',
  );
  expect(found).toContain(
    '[(Policy cors [(PolicyField origins (ListExpr ["*"])) (PolicyField maxAge (DurationLiteral 1 hours 3600000))])]',
  );
  expect(found).toContain(
    "[(Annotation cache [(AnnotationArg maxAge (DurationLiteral 1 days 86400000)) (AnnotationArg public)]) (Annotation plain)]",
  );
});

test("actors", () => {
  expect(read('actor A { auth = Bearer(secret = "S", n = 1,), identity = Id }')).toBe(
    '(SchemeActor A Bearer [(ActorConfig secret "S") (ActorConfig n 1)] Id)',
  );
  expect(read("actor A { auth = None }")).toBe("(SchemeActor A None [])");
  expect(read('actor A = B where hasClaim("x") && !(c)')).toBe(
    '(RefinementActor A B (BinaryExpr && (CallExpr hasClaim ["x"]) (UnaryExpr ! (ParenExpr c))))',
  );
});

test("patterns", () => {
  const pattern = (text: string): string => {
    const found = read(`fn f(a: A) -> B { match a { ${text} => b } }`);
    return found.slice(found.indexOf("[(MatchArm ") + "[(MatchArm ".length, found.indexOf(" b)]"));
  };
  expect(pattern("A.B(c: _, d: -1)")).toBe("(VariantPattern A B [(SubPattern c _) (SubPattern d -1)])");
  expect(pattern("Ok(Some(x))")).toBe("(VariantPattern Ok [(SubPattern (VariantPattern Some [(SubPattern x)]))])");
  expect(pattern('"a" | (None | other)')).toBe(
    '(OrPattern ["a" (ParenPattern (OrPattern [(VariantPattern None) other]))])',
  );
  expect(pattern("_ where Positive and InRange(0, 9)")).toBe(
    "(RefinedPattern _ (Refinement [(Predicate Positive) (Predicate InRange [0 9])]))",
  );
});

test("in a pattern behind `is`, `&&` joins predicates only", () => {
  expect(read("fn f(a: A) -> B { a is _ where Positive && b }")).toContain(
    "(BinaryExpr && (IsExpr a (RefinedPattern _ (Refinement [(Predicate Positive)]))) b)",
  );
});

test("documentation belongs to the construct on the line below it", () => {
  const [unit] = readUnits(
    "---\nU\n---\ncontext a\n---\nT\n---\ntype A = Int\ncapability C {\n---\nO\n---\nfn o() -> Int\n}\n",
  );
  expect(outline(unit)).toBe(
    '(Context doc:"U" a [(TypeDecl doc:"T" A [] (RefinedBody Int)) (CapabilityDecl C [(CapabilityOp doc:"O" o [] [] Int)])])',
  );
});

test("a value called `suite` may begin a line", () => {
  expect(read("fn f(suite: Int) -> Int {\n  let a = 1\n  suite + a\n}")).toContain("(BinaryExpr + suite a)");
});

test("words that are reserved only in places are names elsewhere", () => {
  expect(read("fn on(suite: case, and: key) -> store { and }")).toBe(
    "(FnDecl on [] [(Param suite case) (Param and key)] store [] (Block [] and))",
  );
});
