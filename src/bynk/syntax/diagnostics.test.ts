/**
 * Every code the lexer and the parser report, drawn into a source that breaks exactly one rule. Each case asserts the
 * code and the place, that nothing else is reported, and that what fixes it is a fix.
 */
import { expect, test } from "vitest";
import { readMarked } from "../../../tests/bynk/support/marked.ts";
import { lex } from "../diagnostics/catalogue/lex.ts";
import { parse } from "../diagnostics/catalogue/parse.ts";
import { placement } from "../diagnostics/catalogue/placement.ts";
import type { Fix } from "../diagnostics/diagnostic.ts";
import { type ParseOptions, parseFile } from "./parse.ts";

interface Case {
  readonly code: string;
  readonly drawn: string;
  readonly options?: ParseOptions;
}

const cases: Case[] = [];

function reports(code: string, drawn: string, options?: ParseOptions): void {
  cases.push({ code: `bynk.${code}`, drawn, ...(options && { options }) });
}

/** In the body of a function. */
function body(drawn: string): string {
  return `commons t\nfn f(a: Int, b: Int, flag: Bool) -> Int {\n  ${drawn}\n}\n`;
}

/** In a service from http. */
function service(drawn: string): string {
  return `context t\nservice s from http {\n  ${drawn}\n}\n`;
}

const handler = 'on GET("/x") by v: Visitor () -> Effect[HttpResult[Int]] { Ok(1) }';

reports("lex.bad_escape", body('"a «\\d» \\(b)"'));
reports("lex.bad_escape", body('"a «\\d» without a hole"'));
reports("lex.float_literal_overflow", body("«1e999»"));
reports("lex.integer_overflow", body("«9_223_372_036_854_775_808»"));
reports("lex.unclosed_doc_block", "commons t\n\n«---»\nWords.\ntype A = Int\n");
reports("lex.unexpected_character", body("let c = a «%» b"));
reports("lex.unexpected_character", body("let c = a«;»\n  c"));
reports("lex.unexpected_character", body("flag «&» flag"));
reports("lex.unexpected_character", body("caf«é»"));
reports("lex.unexpected_character", body("«'text'»"));
reports("lex.unexpected_character", "«#» a comment\n".replace(" a comment", "") + body("a"));
reports("lex.unexpected_character", body("a +«\u00a0»b"));
reports("lex.unexpected_character", body("let c = «😀😀»\n  c"));
reports("lex.unterminated_interpolation", body('let s = "a «\\(b» \n  a'.replace(" \n", "\n")));
reports("lex.unterminated_string", body('let s = «"abc»\n  a'));
reports("lex.unterminated_string", body('let s = «"abc \\(b) def»\n  a'));
reports("lex.unterminated_string", body('let s = "abc \\(f(«"x)»\n  a'));
reports("lex.interpolation_too_deep", body(`${'"\\('.repeat(16)}"«\\(»a)"${')"'.repeat(16)}`));

reports("parse.consumes_after_decls", "context t\ntype A = Int\n«consumes» other\n");
reports("parse.uses_after_decls", "context t\ntype A = Int\n\n«uses» other\nfn f() -> Int { 1 }\n");
reports("parse.exports_after_decls", "context t\n---\nDoc.\n---\ntype A = Int\n«exports» opaque { A }\n");
reports("parse.dangling_handler_annotation", service(`${handler}\n  «@cache(maxAge: 5.minutes)»`));
reports(
  "parse.duplicate_by",
  service('on GET("/x") by v: Visitor () -> Effect[HttpResult[Int]] «by Visitor» { Ok(1) }'),
);
reports("parse.duplicate_cors", service(`cors { origins: ["*"] }\n  «cors» { maxAge: 1.hours }\n  ${handler}`));
reports("parse.duplicate_limits", service(`limits { maxBody: 1 }\n  ${handler}\n  «limits» { maxBody: 2 }`));
reports(
  "parse.duplicate_security",
  service(`security { nosniff: true }\n  «security» { nosniff: true }\n  ${handler}`),
);
reports("parse.empty_agent", "context t\nagent «A» {\n}\n");
reports("parse.empty_capability", "context t\ncapability «C» { }\n");
reports("parse.empty_interpolation", body('"a «\\()» b"'));
reports("parse.empty_match", body("«match» a {}"));
reports("parse.empty_service", "context t\nservice «s» from http { security { nosniff: true } }\n");
reports(
  "parse.event_pattern_empty",
  "context t\nservice s from Events(E «{ .. }») {\n  on event(e: E) -> Effect[()] { () }\n}\n",
);
reports("parse.expected_agent_key", "context t\nagent A {\n  «store» n: Cell[Int]\n}\n");
reports("parse.expected_agent_storage", "context t\nagent «A» {\n  key id: String\n}\n");
reports("parse.expected_base_type", "commons t\ntype A = opaque «Other»\n");
reports("parse.expected_base_type", "commons t\ntype A = «Other» where Positive\n");
reports("parse.expected_base_type", "commons t\ntype A = «Option»[Int]\n");
reports("parse.expected_capability_op", "context t\ncapability C {\n  fn a() -> Int\n  «let» b = 1\n}\n");
reports("parse.expected_capability_op", "context t\ncapability C {\n  fn a() -> Int «{» 1 }\n}\n");
reports("parse.expected_expression", body("let c = «*» b\n  c"));
reports("parse.expected_expression", body("let c = «{» a }\n  c"));
reports("parse.expected_expression", body("f(a, «,» b)"));
reports("parse.expected_handler", service(`${handler}\n  «let» a = 1`));
reports("parse.expected_handler", "context t\nagent A {\n  key id: String\n  store n: Cell[Int]\n  «let» a = 1\n}\n");
reports("parse.expected_item", "commons t\n«let» x = 1\n");
reports("parse.expected_item", "commons t\n«function» f() { 1 }\ntype A = Int\n");
reports("parse.expected_item", "commons t\ntype A = Int\n«context» u\ntype B = Int\n");
reports("parse.expected_item", 'context t\n«binding» "./x.js"\n');
reports("parse.expected_item", "commons t\n«exports» opaque { A }\ntype A = Int\n");
reports("parse.expected_item", 'suite t\n«let» a = 1\ncase "c" { expect true }\n');
reports("parse.expected_predicate", "commons t\ntype A = Int where «3»\n".replace("«3»", "«|»"));
reports("parse.expected_provider_op", "context t\nprovides C = P {\n  «let» a = 1\n}\n");
reports("parse.expected_token", "commons t\nfn f() «{» 1 }\n");
reports("parse.expected_token", "commons t\nfn f(a «Int») -> Int { a }\n");
reports("parse.expected_token", "commons t\ntype A «{» a: Int }\n");
reports("parse.expected_token", "commons t\ntype A = { a: Int\n  «b»: Int }\n");
reports("parse.expected_token", body("a «b»"));
reports("parse.expected_token", body("return «a»"));
reports("parse.expected_token", body("f(a)\n  «(»b)"));
reports("parse.expected_token", body("a «<-»1"));
reports("parse.expected_token", body("x «=» 1\n  a"));
reports("parse.expected_token", body("flag «|» flag"));
reports("parse.expected_token", body("if a «=» b { a } else { b }"));
reports("parse.expected_token", body("let «_»x = a\n  a"));
reports("parse.expected_token", body("f[Int] «+» 1"));
reports("parse.expected_token", body("(a\n  «+» b)"));
reports("parse.expected_token", service('on GET("/x") by «_»: Visitor () -> Effect[HttpResult[Int]] { Ok(1) }'));
reports(
  "parse.expected_token",
  service('on GET("/x") () -> Effect[HttpResult[Int]] given Clock «by» Visitor { Ok(1) }'),
);
reports("parse.expected_token", service('on GET(«"/x/\\(»a)") by Visitor () -> Effect[HttpResult[Int]] { Ok(1) }'));
reports("parse.expected_token", "context t\nservice s {\n  on call «price»() -> Effect[Int] { 1 }\n}\n");
reports("parse.expected_token", 'context t\nactor A { auth = Bearer(secret«:» "X"), identity = B }\n');
reports("parse.expected_token", body("match a { 1 «->» 2, _ => 3 }"));
reports("parse.expected_token", body("match a { «1.5» => 2, _ => 3 }"));
reports("parse.expected_token", body("const «x» = 1\n  x"));
reports("parse.expected_token", body("let «mut» x = 1\n  x"));
reports("parse.expected_token", body("for «x» in xs { x }"));
reports("parse.expected_token", body("throw «a»"));
reports("parse.expected_token", body("await «f»(a)\n  b"));
reports("parse.expected_token", body("not «flag»"));
reports("parse.expected_token", body("flag «and» flag"));
reports("parse.expected_token", body("flag «or» flag"));
reports("parse.expected_token", body("let x = flag ? a «:» b\n  x"));
reports("parse.expected_token", body("let f = x «=>» x + 1\n  f"));
reports("parse.expected_token", body("f(«a»: 1, 2, true)"));
reports("parse.expected_token", body("let p = (a«,» b)\n  p"));
reports("parse.expected_token", body("P «{» x = 1 }"));
reports("parse.expected_token", body("if P { x«:» 1 }"));
reports("parse.expected_token", body("if flag «return» a"));
reports("parse.expected_token", "commons t\nfn f(«Int» a) -> Int { a }\n");
reports("parse.expected_token", "commons t\nfn f(a: Map«<»Int, List<Int>>) -> Int { a }\n");
reports("parse.expected_token", "commons t\nfn f(a: Int)«:» Int { a }\n");
reports("parse.expected_token", service('on GET("/x") by Visitor «->» Effect[HttpResult[Int]] { Ok(1) }'));
reports("parse.expected_token", service('on GET("/x") by «(»u: User) () -> Effect[HttpResult[Int]] { Ok(1) }'));
reports("parse.expected_token", service('on GET("/x") () «by» Visitor -> Effect[HttpResult[Int]] { Ok(1) }'));
reports("parse.expected_token", service('on GET «"/x"» by Visitor () -> Effect[HttpResult[Int]] { Ok(1) }'));
reports("parse.expected_token", `context t\nservice s «http» {\n  ${handler}\n}\n`);
reports("parse.expected_token", "context t\nactor A { «identity» = B, auth = None }\n");
reports("parse.expected_token", 'context t\nactor A = Bearer«(»secret = "S")\n');
reports("parse.expected_handler", service(`«GET»("/y") by Visitor () -> Effect[HttpResult[Int]] { Ok(1) }`));
reports("parse.expected_item", "commons t\n«const» x = 3\ntype A = Int\n");
reports("parse.expected_item", "commons t\ntype A = Int «|» String\n");
reports("parse.expected_item", "commons t\ntype A = Int«?»\n");
reports("parse.expected_item", "commons t\nuses a«,» b\n");
reports("parse.expected_type", "commons t\nfn f(a: «Int[]») -> Int { a }\n");
reports("parse.expected_type", body("f[«]»(a)"));
reports("lex.unexpected_character", body("a «`»"));
reports("parse.expected_type", "commons t\nfn f(a: «=») -> Int { 1 }\n");
reports("parse.expected_type", "commons t\nfn f(a: «let») -> Int { 1 }\n");
reports("parse.expected_type", "commons t\ntype A = «1»\n");
reports("parse.expected_type", "commons t\ntype A = «Lent»(days: Int) | Lost\n");
reports("parse.expected_type", body("xs[«0»]"));
reports("parse.expected_unit_header", "«hello» there\n");
reports("parse.expected_unit_header", "«type» A = Int\nfn f() -> Int { 1 }\n");
reports("parse.expected_visibility", "context t\nexports «public» { A }\ntype A = Int\n");
reports("parse.extra_tokens", body('"a \\(a «b») c"'));
reports("parse.extra_tokens", "commons t { type A = Int }\n«commons u» { type B = Int }\n", { singleFile: true });
reports("parse.generic_arg_count", "commons t\nfn f(a: «Result[Int]») -> Int { 1 }\n");
reports("parse.generic_arg_count", "commons t\nfn f(a: «Map[Int, Int, Int]») -> Int { 1 }\n");
reports("parse.generic_arg_count", "commons t\nfn f(a: «Option») -> Int { 1 }\n");
reports(
  "parse.handler_in_agent",
  'context t\nagent A {\n  key id: String\n  store n: Cell[Int]\n  on «GET»("/x") () -> Effect[Int] { 1 }\n}\n',
);
reports(
  "parse.invariant_after_handler",
  "context t\nagent A {\n  key id: String\n  store n: Cell[Int]\n  on call h() -> Effect[Int] { n }\n  «invariant» i: n > 0\n}\n",
);
reports(
  "parse.transition_after_handler",
  "context t\nagent A {\n  key id: String\n  store n: Cell[Int]\n  on call h() -> Effect[Int] { n }\n  «transition» i: new.n > 0\n}\n",
);
reports(
  "parse.storage_after_phase",
  "context t\nagent A {\n  key id: String\n  store n: Cell[Int]\n  invariant i: n > 0\n  «store» m: Cell[Int]\n}\n",
);
reports("parse.malformed_float_literal", body("«7.» + 1.0"));
reports("parse.malformed_float_literal", body("«.7» + 1.0"));
reports("parse.nesting_too_deep", `commons t\nfn f() -> Int { ${"(".repeat(199)}«(»((1${")".repeat(202)} }\n`);
reports("parse.nesting_too_deep", `commons t\nfn f() -> Int { ${"a + ".repeat(400)}a «+» a }\n`);
reports("parse.non_associative", body("a == b «==» a"));
reports("parse.non_associative", body("a < b «>=» a"));
reports("parse.non_associative", body("a is Some(_) «!=» flag"));
reports("parse.orphan_doc_block", "commons t\n«---\nDoc.\n---»\n\ntype A = Int\n");
reports("parse.orphan_doc_block", "commons t\n«---\nDoc.\n---»\nuses other\n");
reports("parse.orphan_doc_block", "commons t\n«---\nOne.\n---»\n---\nTwo.\n---\ntype A = Int\n");
reports("parse.orphan_doc_block", "commons t\ntype A = Int\n«---\nAt the end.\n---»\n");
reports("parse.refined_pattern_inner", body("match a { «n» where Positive => n, _ => 0 }"));
reports("parse.reserved_keyword", "commons t\ntype A = { «type»: Int }\n");
reports("parse.reserved_keyword", body("let «given» = 1\n  a"));
reports("parse.self_outside_method", "commons t\nfn f(«self», a: Int) -> Int { a }\n");
reports("parse.unexpected_adapter", "«adapter a»\ntype A = Int\n", { singleFile: true });
reports("parse.unexpected_context", "«context a.b» { type A = Int }\n", { singleFile: true });
reports("parse.unexpected_suite", '«suite a»\ncase "c" { expect true }\n', { singleFile: true });
reports("parse.unexpected_eof", "«»");
reports("parse.unexpected_eof", "-- nothing but a comment\n«»");
reports("parse.unexpected_eof", "commons t\nfn f() -> Int {\n  1\n«»");
reports("parse.unexpected_eof", "commons t\ntype A =«»");
reports("parse.unknown_effect_method", body("Effect.«of»(a)"));
reports("parse.unknown_handler_kind", service('on «HEAD»("/x") by Visitor () -> Effect[HttpResult[Int]] { Ok(1) }'));
reports("parse.unknown_handler_kind", service('on «get»("/x") by Visitor () -> Effect[HttpResult[Int]] { Ok(1) }'));
reports("parse.unknown_predicate", "commons t\ntype A = Int where «Even»\n");
reports("parse.unknown_predicate", "commons t\ntype A = String where «MinLenght»(2) and NonEmpty\n");
reports("parse.unknown_tier", 'suite t as «e2e»\ncase "c" { expect true }\n');
reports("parse.variant_name_case", "commons t\ntype A = | «open» | Closed\n");
reports("parse.variant_name_case", "commons t\ntype A = enum { Open, «closed» }\n");

reports(
  "actor.by_on_agent",
  "context t\nagent A {\n  key id: String\n  store n: Cell[Int]\n  on call h «by v: Visitor» () -> Effect[Int] { n }\n}\n",
);
reports("actor.outside_context", "commons t\n«actor» A { auth = None }\n");
reports("adapter.disallowed_item", "adapter t\n«service» s {\n  on call () -> Effect[Int] { 1 }\n}\n");
reports("adapter.disallowed_item", 'adapter t\n«actor» A = B where hasClaim("c")\n');
reports("agent.outside_context", "commons t\n«agent» A {\n  key id: String\n  store n: Cell[Int]\n}\n");
reports("capability.outside_context", "commons t\n«capability» C {\n  fn a() -> Int\n}\n");
reports("consumes.in_commons", "commons t\n«consumes» other\n");
reports("duration.literal_overflow", body("«9_007_199_254_740_991.seconds»"));
reports("event.outside_context", "commons t\n«event» E = { a: Int }\n");
reports("generics.no_bounds", "commons t\nfn f[A«: Show»](a: A) -> A { a }\n");
reports("messages.outside_commons", 'context t\n«messages» "en" { "a" => "b" }\n');
reports("provider.outside_context", "commons t\n«provides» C = P { fn a() -> Int { 1 } }\n");
reports("provides.bad_sequence", 'suite t\nprovides C.op() returns «each» []\ncase "c" { expect true }\n');
reports("stub.bad_sequence", 'suite t\nstub C.op() returns «each» []\ncase "c" { expect true }\n');
reports("service.outside_context", "commons t\n«service» s {\n  on call () -> Effect[Int] { 1 }\n}\n");
reports("service.unknown_protocol", `context t\nservice s from «smtp» {\n  ${handler}\n}\n`);
reports("service.unknown_protocol", `context t\nservice s from «htpp» {\n  ${handler}\n}\n`);
reports(
  "service.unknown_via_clause",
  "context t\nservice s from Events(E) via «version»(1) {\n  on event(e: E) -> Effect[()] { () }\n}\n",
);
reports(
  "service.websocket_header",
  "context t\nservice s from «WebSocket»(Frame) {\n  on open by Visitor () -> Effect[()] { () }\n}\n",
);
reports(
  "service.websocket_header",
  "context t\nservice s from «websocket»(out: A, in: B) {\n  on open by Visitor () -> Effect[()] { () }\n}\n",
);
reports("tier.property_has_tier", 'suite t\nproperty "p" «as unit» { for all a: Int { expect true } }\n');

test.each(cases)("$code at $drawn", ({ code, drawn, options }) => {
  const { text, spans } = readMarked(drawn);
  const found = parseFile("src/t.bynk", text, options).diagnostics.map(({ code, span }) => ({ code, span }));
  expect(found).toEqual([{ code, span: spans[0] }]);
});

test("every code of the lexer and the parser has a case", () => {
  const reported = new Set(cases.map((one) => one.code));
  const all = Object.keys({ ...lex, ...parse, ...placement });
  expect(all.filter((code) => !reported.has(code))).toEqual([]);
});

test("applying a fix removes the diagnostic and adds no other", () => {
  let fixed = 0;
  for (const { code, drawn, options } of cases) {
    const { text } = readMarked(drawn);
    for (const fix of parseFile("src/t.bynk", text, options).diagnostics.flatMap((found) => found.fixes)) {
      fixed += 1;
      const after = parseFile("src/t.bynk", applyFix(text, fix), options).diagnostics.map((found) => found.code);
      expect({ code, title: fix.title, after }).toEqual({ code, title: fix.title, after: [] });
    }
  }
  expect(fixed).toBeGreaterThan(20);
});

test("every diagnostic has a label under its place and all but the plainest a hint that starts with a verb", () => {
  for (const { drawn, options } of cases) {
    const { text } = readMarked(drawn);
    const [found] = parseFile("src/t.bynk", text, options).diagnostics;
    expect(found?.labels[0]?.span).toEqual(found?.span);
    if (found?.hint !== undefined) expect(found.hint).toMatch(/^[a-z]/);
    else expect(found?.code).toBe("bynk.parse.expected_token");
  }
});

function applyFix(text: string, fix: Fix): string {
  const edits = fix.edits.toSorted((a, b) => b.span.start - a.span.start);
  return edits.reduce((done, edit) => done.slice(0, edit.span.start) + edit.text + done.slice(edit.span.end), text);
}
