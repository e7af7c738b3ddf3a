/** What emission finds in the model of a checked program. */
import { expect, test } from "vitest";
import { check } from "../compile.ts";
import type { Expr } from "../syntax/ast.ts";
import type { HttpService, ProgramUnit, Reference, Type } from "./model.ts";
import { printType } from "./types.ts";

const words = `commons words
type Shelf = String where MinLength(2) and MaxLength(6)
type Loan = { shelf: Shelf, days: Int }
type State = | OnShelf(at: Shelf) | Lent(days: Int) | Lost
type Failure = | Missing(state: State) | Late embeds State as Missing
fn Loan.extended(self, extra: Int) -> Loan { { ...self, days: self.days + extra } }
fn shorten(s: Shelf) -> Int { if s is Tiny { g(s) } else { -1 } }
type Tiny = String where MaxLength(3)
fn g(t: Tiny) -> Int { t.length() }
fn state(s: State) -> Int {
  match s {
    OnShelf(at: "top") => 1
    Lent(_) | OnShelf(_) if open() => 2
    _ => 3
  }
}
fn open() -> Bool { true }
fn lift(r: Result[Int, State]) -> Result[Int, Failure] { Ok(r? + 1) }
`;

const desk = `context library.desk
uses words
consumes bynk { Clock, Logger }
consumes library.store as store
exports transparent { Entry }

type CardNo = opaque String where Matches("[0-9]{6}")
type Entry = { card: CardNo, at: Instant }

actor Reader { auth = Bearer(secret = "DESK_KEY"), identity = CardNo }
actor Warden = Reader where hasClaim("warden") && !claimEquals("status", "away")
actor Scanner { auth = Signature(secret = "SCAN_KEY", header = "X-Sig", timestamp = "X-Time", tolerance = 120) }

capability Audit { fn log(text: String) -> Effect[()] }
provides Audit = LoggedAudit given Logger { fn log(text: String) -> Effect[()] { Logger.info(text) } }

service desk from http by r: Reader given Clock {
  cors { origins: ["https://a.example"], maxAge: 90.seconds }
  limits { maxBody: 1000 }
  @cache(maxAge: 5.minutes)
  on GET("/visits/:card/latest") (card: CardNo) -> Effect[HttpResult[Entry]] {
    let now <- Clock.now()
    Ok(Entry { card: r.identity, at: now })
  }
  @limit(maxBody: 10)
  on POST("/visits") by who: Scanner | Reader (body: Loan) -> Effect[HttpResult[Int]] given Audit {
    do Audit.log("visit")
    let count <- store.count(body.shelf)
    match who {
      Scanner => Created(count)
      Reader(id) => Ok(body.extended(2).days)
    }
  }
}
`;

const store = `context library.store
service count { on call(shelf: String) -> Effect[Int] { shelf.length() } }
`;

function programOf(): readonly ProgramUnit[] {
  const files = { "src/words.bynk": words, "src/library/desk.bynk": desk, "src/library/store.bynk": store };
  const { diagnostics, program } = check({ files });
  expect(diagnostics).toEqual([]);
  return program?.units ?? [];
}

const units = programOf();
const unitNamed = (name: string): ProgramUnit => units.find((unit) => unit.name === name) as ProgramUnit;
const context = unitNamed("library.desk");
const commons = unitNamed("words");
const http = context.services[0] as HttpService;

/** The references of a unit by the text of the node, with what tells them apart. */
function referencesOf(unit: ProgramUnit): ReadonlyMap<string, Reference> {
  const [source] = unit.sources;
  return new Map([...unit.typing.references].map(([node, reference]) => [textOf(node, source?.text ?? ""), reference]));
}

function textOf(node: Expr, text: string): string {
  return text.slice(node.span.start, node.span.end);
}

function typesOf(unit: ProgramUnit): ReadonlyMap<string, Type> {
  const [source] = unit.sources;
  return new Map([...unit.typing.expressions].map(([node, type]) => [textOf(node, source?.text ?? ""), type]));
}

test("units come after those they rest on, the first-party ones among them", () => {
  expect(units.map(({ name, firstParty }) => [name, firstParty])).toEqual([
    ["words", false],
    ["bynk", true],
    ["library.store", false],
    ["library.desk", false],
  ]);
  expect(context.uses.map((use) => use.unit)).toEqual([commons]);
  expect(
    context.consumes.map(({ unit, alias, selection }) => [unit.name, alias, selection.map(({ name }) => name)]),
  ).toEqual([
    ["bynk", undefined, ["Clock", "Logger"]],
    ["library.store", "store", []],
  ]);
  expect([...context.exportedTypes.values()]).toEqual([{ type: context.types[1], visibility: "transparent" }]);
});

test("declared types have their shapes, with predicates as data", () => {
  expect(context.types.map(({ name, shape }) => [name, shape.kind])).toEqual([
    ["CardNo", "refined"],
    ["Entry", "record"],
  ]);
  expect(commons.types[0]?.shape).toEqual({
    kind: "refined",
    opaque: false,
    base: "String",
    predicates: [
      { kind: "MinLength", length: 2 },
      { kind: "MaxLength", length: 6 },
    ],
  });
  const sum = commons.types[2]?.shape;
  expect(
    sum?.kind === "sum" &&
      sum.variants.map(({ name, payload }) => [name, payload.map((field) => printType(field.type))]),
  ).toEqual([
    ["OnShelf", ["Shelf"]],
    ["Lent", ["Int"]],
    ["Lost", []],
  ]);
  expect([...(commons.types[1]?.methods.keys() ?? [])]).toEqual(["extended"]);
});

test("actors carry what verification needs, and refinements the identity of their base", () => {
  const [reader, warden, scanner] = context.actors;
  expect(reader).toMatchObject({ kind: "declared", scheme: { kind: "Bearer", secret: "DESK_KEY" } });
  expect(warden).toMatchObject({
    kind: "refined",
    base: { name: "Reader" },
    scheme: { kind: "Bearer" },
    predicate: {
      kind: "and",
      left: { kind: "hasClaim", claim: "warden" },
      right: { kind: "not", operand: { kind: "claimEquals", claim: "status", value: "away" } },
    },
  });
  expect(scanner?.scheme).toEqual({
    kind: "Signature",
    secret: "SCAN_KEY",
    header: "X-Sig",
    timestamp: "X-Time",
    tolerance: 120,
  });
  expect([reader, warden, scanner].map((actor) => actor?.identity && printType(actor.identity))).toEqual([
    "CardNo",
    "CardNo",
    undefined,
  ]);
});

test("routes have their paths, parameters, callers and limits", () => {
  const [get, post] = http.routes;
  expect(get).toMatchObject({
    method: "GET",
    path: "/visits/:card/latest",
    segments: [
      { kind: "literal", text: "visits" },
      { kind: "param", name: "card", param: { name: "card" } },
      { kind: "literal", text: "latest" },
    ],
    bodyParam: undefined,
    cache: { maxAgeSeconds: 300, scope: "private" },
    maxBody: 1000,
    by: { members: [{ name: "Reader" }], binder: { name: "r", type: { kind: "caller" } }, origin: "service" },
    given: [{ name: "Clock" }],
  });
  expect(post).toMatchObject({
    bodyParam: { name: "body" },
    cache: undefined,
    maxBody: 10,
    by: {
      members: [{ name: "Scanner" }, { name: "Reader" }],
      binder: { name: "who", type: { kind: "callerSum" } },
      origin: "handler",
    },
    given: [{ name: "Audit" }],
  });
  expect(http.cors).toEqual({
    origins: ["https://a.example"],
    headers: undefined,
    readsAuthorization: true,
    credentials: false,
    maxAgeSeconds: 90,
  });
  expect(http.security).toEqual({ nosniff: true, hstsSeconds: undefined });
});

test("every expression has a type, and every name what it refers to", () => {
  const references = referencesOf(context);
  const kinds = [
    "Clock.now()",
    "r.identity",
    "now",
    'Audit.log("visit")',
    "store.count(body.shelf)",
    "body.extended(2)",
    "body.extended(2).days",
    "Created(count)",
    "Entry { card: r.identity, at: now }",
  ];
  expect(kinds.map((text) => [text, references.get(text)?.kind])).toEqual([
    ["Clock.now()", "operation"],
    ["r.identity", "identity"],
    ["now", "local"],
    ['Audit.log("visit")', "operation"],
    ["store.count(body.shelf)", "remote"],
    ["body.extended(2)", "method"],
    ["body.extended(2).days", "field"],
    ["Created(count)", "builtinVariant"],
    ["Entry { card: r.identity, at: now }", "record"],
  ]);
  const types = typesOf(context);
  expect(
    ["Clock.now()", "now", "r.identity", "store.count(body.shelf)", "Created(count)"].map((text) =>
      printType(types.get(text) ?? { kind: "error" }),
    ),
  ).toEqual(["Effect[Instant]", "Instant", "CardNo", "Effect[Int]", "HttpResult[Int]"]);
  for (const unit of units) for (const type of unit.typing.expressions.values()) expect(type.kind).not.toBe("error");
});

test("a variable is narrower where `is` holds, and stays the same local", () => {
  const shorten = commons.functions.find((func) => func.name === "shorten");
  const [param] = shorten?.params ?? [];
  const uses = [...commons.typing.references].filter(
    ([, reference]) => reference.kind === "local" && reference.local === param,
  );
  expect(uses.map(([node]) => printType(commons.typing.expressions.get(node) ?? { kind: "error" }))).toEqual([
    "Shelf",
    "Tiny",
  ]);
});

test("patterns say what they test and bind, and `?` what it wraps", () => {
  const kinds = [...commons.typing.patterns.values()].map((pattern) => pattern.kind);
  expect(kinds).toEqual(["refined", "variant", "literal", "or", "variant", "any", "variant", "any", "any"]);
  const matched = [...context.typing.patterns.values()];
  expect(matched).toMatchObject([
    { kind: "caller", actor: { name: "Scanner" } },
    { kind: "caller", actor: { name: "Reader" } },
    { kind: "bind", local: { name: "id" } },
  ]);
  expect([...commons.typing.questions.values()]).toMatchObject([
    { on: "result", wrap: { sum: { name: "Failure" }, variant: { name: "Missing" } } },
  ]);
});

test("providers stand behind the capabilities they implement", () => {
  expect(context.providers).toMatchObject([
    { name: "LoggedAudit", capability: { name: "Audit" }, given: [{ name: "Logger" }] },
  ]);
  expect(unitNamed("bynk").providers.every((provider) => provider.operations === undefined)).toBe(true);
});
