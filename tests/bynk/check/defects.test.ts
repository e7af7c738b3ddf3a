/** Defects of the language's first implementation that a checker can repeat (reference §18). None is repeated here. */
import { expect, test } from "vitest";
import { check } from "../../../src/bynk/compile.ts";
import { project } from "./case.ts";

function codesOf(...units: readonly string[]): readonly string[] {
  return check({ files: project(...units) }).diagnostics.map(({ code }) => code);
}

/** A body in each place that has one; the last is a capability's provider. */
function everywhere(body: string, declared: string): readonly string[] {
  return [
    `context t\n${declared}\nfn f() -> Effect[Int] {\n  ${body}\n  1\n}\n`,
    `context t\n${declared}\nservice s { on call() -> Effect[Int] {\n  ${body}\n  1\n} }\n`,
    `context t\n${declared}\ncapability C { fn a() -> Effect[Int] }\nprovides C = Mine { fn a() -> Effect[Int] {\n  ${body}\n  1\n} }\n`,
  ];
}

test("3: wrong, misspelt and repeated configuration never yields an actor without its verification", () => {
  const signature = (config: string) => `context t\nactor A { auth = Signature(${config}) }\n`;
  const wrong = [
    'secret = 5, header = "X"',
    'secret = "KEY", header = 5',
    'secret = "KEY", header = "X", timestamp = 5',
    'secret = "KEY", header = "X", timestmp = "T"',
    'secret = "KEY", header = "X", timestamp = "T", tolerance = "5"',
    'secret = "KEY", header = "X", timestamp = "T", tolerance = 0',
    'secret = "KEY", header = "X", timestamp = "T", timestamp = "U"',
    'secret = "KEY", header = "X", timestamp = "T\\(1)"',
  ];
  for (const config of wrong) {
    const { program } = check({ files: project(signature(config)) });
    expect(`${config}: ${program?.units.length}`).toBe(`${config}: undefined`);
  }
});

test("4: literals are checked against the predicates of fields, and the model keeps them for the boundary", () => {
  const declared = "type R = { days: Int where InRange(1, 28) }";
  for (const source of everywhere("let r = R { days: 29 }", declared))
    expect(codesOf(source)).toEqual(["bynk.refine.literal_violates"]);
  const { program } = check({ files: project(`context t\n${declared}\n`) });
  const shape = program?.units[0]?.types[0]?.shape;
  expect(shape?.kind === "record" && shape.fields[0]?.predicates).toEqual([{ kind: "InRange", low: 1, high: 28 }]);
});

test("11: containers in a provider's signature are compared by structure", () => {
  const provider = (written: string) =>
    `context t\ncapability C { fn a(l: List[Map[String, Option[Bytes]]]) -> Effect[List[Int]] }\nprovides C = Mine { fn a(l: ${written}) -> Effect[List[Int]] { [1] } }\n`;
  expect(codesOf(provider("List[Map[String, Option[Bytes]]]"))).toEqual([]);
  expect(codesOf(provider("List[Map[String, Option[String]]]"))).toEqual(["bynk.provider.signature_mismatch"]);
});

test("12: a flag before a block is a condition, not a record literal", () => {
  expect(codesOf("commons t\nfn f(ready: Bool, x: Int) -> Int { if ready { x } else { 0 } }\n")).toEqual([]);
  expect(codesOf("commons t\nfn f(x: Option[Int], y: Int) -> Int { match x { Some(y) => y, None => y } }\n")).toEqual(
    [],
  );
});

test("13: handlers and providers are held to what functions are", () => {
  const declared = "type R = { a: Int, b: Int }\nfn g() -> Int { 1 }";
  for (const source of everywhere("let r = R { a: 1 }", declared))
    expect(codesOf(source)).toEqual(["bynk.resolve.missing_field"]);
  for (const source of everywhere("let g = 1", declared))
    expect(codesOf(source)).toEqual(["bynk.resolve.let_shadows_fn"]);
  for (const source of everywhere("let R = 1", declared))
    expect(codesOf(source)).toEqual(["bynk.resolve.let_shadows_type"]);
  const owner = "context owner\nexports transparent { F }\ntype F = { n: Int }\n";
  for (const source of everywhere("let v = F { n: 1 }", "consumes owner")) {
    expect(codesOf(owner, source)).toEqual(["bynk.context.external_construction"]);
  }
});

test("14: `.raw` and `.unsafe` belong to the unit that declares the type, also in handlers", () => {
  const keys = 'commons keys\ntype Key = opaque String\nfn key() -> Key { Key.unsafe("k") }\n';
  for (const source of everywhere("let r = key().raw", "uses keys")) {
    expect(codesOf(keys, source)).toEqual(["bynk.types.opaque_raw_outside"]);
  }
  for (const source of everywhere('let r = Key.unsafe("x")', "uses keys")) {
    expect(codesOf(keys, source)).toEqual(["bynk.types.opaque_unsafe_outside"]);
  }
});

test("15: Float is negated, and negative literals are admitted to refined types", () => {
  expect(
    codesOf(
      "commons t\ntype N = Float where InRange(-1.0, 0.0)\nfn f(a: Float) -> N { if -a > 0.0 { -0.5 } else { -1.0 } }\n",
    ),
  ).toEqual([]);
  expect(codesOf("commons t\ntype N = Int where Positive\nfn f() -> N { -1 }\n")).toEqual([
    "bynk.refine.literal_violates",
  ]);
});

test("19: lengths count UTF-16 units at compile time, as they do at run time", () => {
  const source = (literal: string) => `commons t\ntype S = String where Length(2)\nfn f() -> S { ${literal} }\n`;
  expect(codesOf(source('"😀"'))).toEqual([]);
  expect(codesOf(source('"é"'))).toEqual(["bynk.refine.literal_violates"]);
});

test("20: any route that reads the Authorization header counts for cors, also in sums and with Oidc", () => {
  const readsAuthorization = (by: string): boolean | undefined => {
    const source = `context t
type Id = String where NonEmpty
actor B { auth = Bearer(secret = "KEY"), identity = Id }
actor O { auth = Oidc(issuer = "https://i.example", audience = "a", jwks = "https://i.example/k"), identity = Id }
actor R = O where hasClaim("x")
service s from http {
  cors { origins: ["*"] }
  on GET("/x") by ${by} () -> Effect[HttpResult[Int]] { Ok(1) }
}
`;
    const [service] = check({ files: project(source) }).program?.units[0]?.services ?? [];
    return service?.kind === "http" ? service.cors?.readsAuthorization : undefined;
  };
  expect(["b: B", "who: B | Visitor", "o: O", "r: R", "v: Visitor"].map(readsAuthorization)).toEqual([
    true,
    true,
    true,
    true,
    false,
  ]);
});
