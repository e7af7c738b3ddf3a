/** Names: declarations that clash, and names that mean nothing. */
import { createCases, project } from "../case.ts";

const { cases, reports } = createCases();
export const nameCases = cases;

/** In the body of a function that returns an Int. */
const body = (drawn: string, more = ""): string => `commons t\n${more}fn f(a: Int) -> Int {\n  ${drawn}\n}\n`;

const states = "type State = | Open | Shut(why: String)\ntype Door = | Open | Locked\n";
const records = "type Loan = { shelf: String, days: Int }\n";
const call = (drawn: string, more = ""): string =>
  `context t\n${more}service s { on call(a: Int) -> Effect[Int] {\n  ${drawn}\n  a\n} }\n`;

reports("resolve.ambiguous_variant", `commons t\n${states}fn f() -> State { «Open» }\n`);
reports("resolve.ambiguous_variant", "commons t\ntype A = | V(x: Int)\ntype B = | V(y: Int)\nfn f() -> A { «V»(1) }\n");
reports("resolve.arity_mismatch", body("«f»()"));
reports("resolve.arity_mismatch", body("«f»(1, 2)"));
reports("resolve.duplicate_actor", "context t\nactor A { auth = None }\nactor «A» { auth = None }\n");
reports(
  "resolve.duplicate_capability",
  "context t\ncapability C { fn a() -> Effect[()] }\ncapability «C» { fn b() -> Effect[()] }\n",
);
reports("resolve.duplicate_field", "commons t\ntype R = { a: Int, «a»: String }\n");
reports("resolve.duplicate_field", "commons t\ntype S = | V(a: Int, «a»: Int)\n");
reports("resolve.duplicate_field_init", body('let l = Loan { shelf: "x", days: 1, «days»: 2 }\n  a', records));
reports("resolve.duplicate_fn", "commons t\nfn f() -> Int { 1 }\nfn «f»() -> Int { 2 }\n");
reports("resolve.duplicate_fn", {
  "src/t/one.bynk": "commons t\nfn f() -> Int { 1 }\n",
  "src/t/two.bynk": "commons t\nfn «f»() -> Int { 2 }\n",
});
reports("resolve.duplicate_method", `commons t\n${records}fn Loan.a(self) -> Int { 1 }\nfn Loan.«a»() -> Int { 2 }\n`);
reports("resolve.duplicate_method", `commons t\n${states}fn State.«Open»() -> Int { 2 }\n`);
reports("resolve.duplicate_method", "commons t\ntype N = Int\nfn N.«of»(i: Int) -> Int { i }\n");
reports("resolve.duplicate_param", "commons t\nfn f(a: Int, «a»: Int) -> Int { 1 }\n");
reports(
  "resolve.duplicate_provider",
  `context t\ncapability C { fn a() -> Effect[()] }
provides C = One { fn a() -> Effect[()] { () } }
provides «C» = Two { fn a() -> Effect[()] { () } }\n`,
);
reports(
  "resolve.duplicate_service",
  "context t\nservice s { on call() -> Effect[()] { () } }\nservice «s» { on call() -> Effect[()] { () } }\n",
);
reports("resolve.duplicate_type", "commons t\ntype T = Int\ntype «T» = String\n");
reports("resolve.duplicate_variant", "commons t\ntype S = | A | B | «A»\n");
reports("resolve.fn_without_call", body("«g»", "fn g() -> Int { 1 }\n"));
reports(
  "resolve.fn_without_call",
  body('Loan { shelf: "x", days: 1 }.«long»', `${records}fn Loan.long(self) -> Int { 1 }\n`),
);
reports("resolve.let_shadows_fn", body("let «g» = 1\n  a", "fn g() -> Int { 1 }\n"));
reports("resolve.let_shadows_fn", call("let «g» = 1", "fn g() -> Int { 1 }\n"));
reports("resolve.let_shadows_type", body("let «Loan» = 1\n  a", records));
reports("resolve.method_unknown_type", "commons t\nfn «Loan».a(self) -> Int { 1 }\n");
reports("resolve.missing_field", body('let l = «Loan» { shelf: "x" }\n  a', records));
reports("resolve.missing_field", call('let l = «Loan» { shelf: "x" }', records));
reports("resolve.name_conflict", "commons t\ntype T = Int\nfn «T»() -> Int { 1 }\n");
reports("resolve.not_a_record_type", body("let l = «N» { }\n  a", "type N = Int\n"));
reports("resolve.not_a_record_type", body("let l = «Locked» { n: a }\n  a", states));
reports("resolve.opaque_record_construction", body("let k = «Key» { v: 1 }\n  a", "type Key = opaque Int\n"));
reports("resolve.param_as_function", body("«a»(1)"));
reports("resolve.recursive_record_field", "commons t\ntype A = { b: «B» }\ntype B = { a: «A», c: Option[B] }\n");
reports("resolve.reserved_builtin_type", "commons t\ntype «Stream» = Int\n");
reports("resolve.self_outside_method", body("«self»"));
reports("resolve.self_outside_method", call("let x = «self»"));
reports("resolve.type_as_function", body("«N»(1)", "type N = Int\n"));
reports("resolve.type_in_expr", body("«N»", "type N = Int\n"));
reports("resolve.unconsumed_context", project("context desk.front\ntype T = Int\n", call("do «desk.front».ring()")));
reports("resolve.unconsumed_context", project("context front\ntype T = Int\n", call("do «front».ring()")));
reports(
  "resolve.unconsumed_context",
  project("context desk.front\ntype T = Int\n", call("do «front».ring()", "consumes desk.front\n")),
);
reports("resolve.unconsumed_context", "context t\nservice s { on call() -> Effect[Int] given «desk».Clerk { 1 } }\n");
reports("resolve.unknown_field", body('let l = Loan { shelf: "x", days: 1, «extra»: 2 }\n  a', records));
reports("resolve.unknown_field", body('let l = Loan { shelf: "x", days: 1, «dasy»: 2 }\n  a', records));
reports("resolve.unknown_function", body("«nothing»(1)"));
reports("resolve.unknown_function", body("«helo»(1)", "fn hello(n: Int) -> Int { n }\n"));
reports("resolve.unknown_name", body("«nothing»"));
reports("resolve.unknown_name", body("let total = 1\n  «totle»"));
reports("resolve.unknown_name", body("«nothing».length()"));
reports("resolve.unknown_static_member", body("N.«make»(1)", "type N = Int\n"));
reports("resolve.unknown_static_member", body("let d = Door.«Lokced»\n  a", states));
reports("resolve.unknown_static_member", body('let n = Int.«prase»("1")\n  a'));
reports("resolve.unknown_static_member", body("let n = N.«unsafe»(1)\n  a", "type N = Int\n"));
reports("resolve.unknown_type", "commons t\ntype R = { a: «Nothing» }\n");
reports("resolve.unknown_type", "commons t\nfn f(a: «Strng») -> «Itn» { 1 }\n");
reports(
  "resolve.unknown_type",
  project("context desk\ntype Secret = Int\n", "context t\nconsumes desk\ntype R = { s: «Secret» }\n"),
);
