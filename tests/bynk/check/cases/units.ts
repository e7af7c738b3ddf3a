/** Units, their places, and what they use, consume and export. */
import { createCases, project } from "../case.ts";

const { cases, reports } = createCases();
export const unitCases = cases;

const words = "commons words\ntype Shelf = String where NonEmpty\nfn shout(s: String) -> String { s.toUpper() }\n";

reports("project.file_and_directory", {
  "src/a/b.bynk": "commons a.b\ntype T = Int\n",
  "src/a/b/c.bynk": "commons «a.b»\ntype U = Int\n",
});
reports("project.inconsistent_commons_name", { "src/other.bynk": "commons «words»\ntype T = Int\n" });
reports("project.inconsistent_commons_name", {
  "src/a.bynk": "commons a\ntype T = Int\n",
  "tests/a.bynk": "commons «a»\ntype U = Int\n",
});
reports("project.kind_conflict", {
  "src/a/one.bynk": "commons a\ntype T = Int\n",
  "src/a/two.bynk": "context «a»\ntype U = Int\n",
});
reports("namespace.reserved", "commons «bynk.mine»\ntype T = Int\n");
reports("project.schema_registry_corrupt", {
  "bynk.schemas.json": '«{ "Order":»\n',
  "src/a.bynk": "commons a\ntype T = Int\n",
});

reports(
  "uses.name_conflict",
  project(words, "commons more\ntype Shelf = Int\n", "commons t\nuses words\nuses «more»\n"),
);
reports("uses.self_reference", "commons t\nuses «t»\n");
reports("uses.target_is_context", project("context desk\ntype T = Int\n", "commons t\nuses «desk»\n"));
reports("uses.target_is_context", project("context desk\ntype T = Int\n", "context t\nuses «desk»\n"));
reports("uses.unknown_commons", "commons t\nuses «words»\n");
reports("uses.unknown_commons", project(words, "commons t\nuses «wrods»\n"));

const desk = `context desk
exports transparent { Entry }
exports opaque { Ticket }
exports capability { Clerk }
type Entry = { card: String }
type Ticket = { number: Int }
type State = | Open | Shut(why: String)
capability Clerk { fn ask(card: String) -> Effect[Int] }
provides Clerk = RealClerk { fn ask(card: String) -> Effect[Int] { card.length() } }
service lookup { on call(card: String) -> Effect[Entry] { Entry { card } } }
service issue { on call() -> Effect[Ticket] { Ticket { number: 1 } } }
service state { on call() -> Effect[State] { Open } }
service file { on call(entry: Entry) -> Effect[()] { () } }
`;

const call = (body: string, header = "consumes desk"): string =>
  `context t\n${header}\nservice s { on call() -> Effect[()] {\n  ${body}\n} }\n`;

reports("consumes.alias_conflict", project(desk, "context t\nconsumes desk as «Name»\ntype Name = Int\n"));
reports(
  "consumes.alias_conflict",
  project(desk, "context other\ntype O = Int\n", "context t\nconsumes desk as d\nconsumes other as «d»\n"),
);
reports(
  "consumes.capability_name_clash",
  project(
    desk,
    `context t\nconsumes desk { «Clerk» }\ncapability Clerk { fn a() -> Effect[()] }
provides Clerk = Mine { fn a() -> Effect[()] { () } }\n`,
  ),
);
reports("consumes.name_conflict", project(desk, "context t\nconsumes «desk»\ntype Entry = Int\n"));
reports("consumes.self_reference", "context t\nconsumes «t»\n");
reports("consumes.service_arity", project(desk, call("let e <- desk.«lookup»()")));
reports("consumes.target_is_commons", project(words, "context t\nconsumes «words»\n"));
reports("consumes.unknown_context", "context t\nconsumes «desk»\n");
reports("consumes.unknown_context", project(desk, "context t\nconsumes «dekk»\n"));
reports("consumes.unknown_service", project(desk, call("do desk.«nothing»()")));
reports("consumes.unknown_service", project(desk, call('let e <- desk.«lokup»("1")')));

reports("context.consumes_cycle", project("context a\nconsumes «b»\n", "context b\nconsumes a\n"));
reports("context.external_construction", project(desk, call('let e = «Entry» { card: "1" }')));
reports(
  "context.external_construction",
  project(desk, call('let e <- desk.lookup("1")\n  let f = Entry { ...e, card: "2" }').replace("= Entry", "= «Entry»")),
);
reports(
  "context.external_construction",
  project(
    "context owner\nexports transparent { Code, Kind }\ntype Code = String where NonEmpty\ntype Kind = | Big | Small(n: Int)\n",
    `context t
consumes owner
fn a() -> Result[Code, ValidationError] { «Code».of("x") }
fn b() -> Kind { «Big» }
fn c() -> Kind { Kind.«Small»(1) }
`,
  ),
);
reports("context.external_provider", "context t\ncapability C { fn a() -> Effect[()] }\nprovides C = «Outside»\n");
reports("context.opaque_inspection", project(desk, call("let k <- desk.issue()\n  let n = «k».number")));
reports(
  "context.opaque_inspection",
  project(
    "context owner\nexports opaque { Kind }\ntype Kind = | Big | Small\nservice kind { on call() -> Effect[Kind] { Big } }\n",
    call(
      "let k <- owner.kind()\n  let same = «k» == k\n  let big = «k» is Big\n  match «k» { _ => () }",
      "consumes owner",
    ),
  ),
);
reports(
  "context.opaque_inspection",
  project(
    'context owner\nexports opaque { Code }\ntype Code = String where NonEmpty\nservice code { on call() -> Effect[Code] { "x" } }\n',
    call('let k <- owner.code()\n  let a = "\\(«k»)"\n  let b = «k» < "a"', "consumes owner"),
  ),
);
const hiding = "context t\nuses states\ntype State = { note: String }\n";
const states =
  "commons states\ntype State = | Open | Shut(why: String)\ntype Info = { n: Int }\nfn start() -> State { Open }\n";
reports("context.rebrand_construction", project(states, `${hiding}fn f() -> Int {\n  let s = «Open»\n  1\n}\n`));
reports("context.rebrand_construction", project(states, `${hiding}fn f() -> Int {\n  let s = «Shut»("me")\n  1\n}\n`));
reports(
  "context.rebrand_construction",
  project(
    "commons infos\ntype Info = { n: Int, m: Int }\nfn zero() -> Info { Info { n: 0, m: 0 } }\n",
    "context t\nuses infos\ntype Info = Int\nfn f() -> Int {\n  let i = zero()\n  let j = { ...«i», n: 1 }\n  1\n}\n",
  ),
);
reports(
  "boundary.structural_mismatch",
  project(
    desk,
    "context t\nconsumes desk as d\ntype Mine = { card: Int }\nservice s { on call(m: Mine) -> Effect[()] {\n  do d.file(«m»)\n} }\n",
  ),
);
reports("boundary.structural_mismatch", project(desk, call("let e <- desk.lookup(«1»)")));

reports(
  "exports.capability_not_provided",
  "context t\nexports capability { «C» }\ncapability C { fn a() -> Effect[()] }\n",
);
reports(
  "exports.conflicting_visibility",
  "context t\nexports opaque { T }\nexports transparent { «T» }\ntype T = Int\n",
);
reports("exports.duplicate_export", "context t\nexports opaque { T }\nexports opaque { «T» }\ntype T = Int\n");
reports("exports.duplicate_in_clause", "context t\nexports opaque { T, «T» }\ntype T = Int\n");
reports("exports.undeclared_capability", "context t\nexports capability { «C» }\n");
reports(
  "exports.undeclared_capability",
  "context t\nexports capability { «Clerc» }\ncapability Clerk { fn a() -> Effect[()] }\nprovides Clerk = K { fn a() -> Effect[()] { () } }\n",
);
reports("exports.undeclared_type", "context t\nexports opaque { «T» }\n");
reports("exports.undeclared_type", "context t\nexports opaque { «Enrty» }\ntype Entry = Int\n");
