/** Programs that are right, each about one thing the checker could wrongly refuse. */
import { expect, test } from "vitest";
import { check } from "../../../src/bynk/compile.ts";
import { readPrograms } from "../support/corpus.ts";
import { gapsOf, project } from "./case.ts";

interface Accepted {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
}

const accepted: Accepted[] = [];

function accepts(name: string, ...units: readonly string[]): void {
  accepted.push({ name, files: project(...units) });
}

const fn = (params: string, result: string, body: string, more = ""): string =>
  `commons t\n${more}\nfn f(${params}) -> ${result} {\n  ${body}\n}\n`;

accepts("a refined value where its base is expected", fn("n: N", "Int", "n + 1", "type N = Int where Positive"));
accepts("a literal where a refined type is expected", fn("", "N", "3", "type N = Int where Positive"));
accepts("a negative literal where a refined type is expected", fn("", "N", "-3", "type N = Int where InRange(-4, 0)"));
accepts("negation of Float and Duration", fn("a: Float, d: Duration", "Bool", "-a < 1.5 && -d < 5.minutes"));
accepts(
  "literals through every position that expects something",
  fn(
    "flag: Bool",
    "Result[Option[N], Int]",
    `let n: N = (3)
  let l: List[N] = [1, 2]
  let r = R { n: if flag { 1 } else { 2 } }
  let s = V(4)
  let u = g(5)
  match flag { true => Ok(Some(6)), false => Ok(None) }`,
    "type N = Int where Positive\ntype R = { n: N }\ntype S = | V(n: N)\nfn g(n: N) -> N { n }",
  ),
);
accepts("a string as long as its type allows, in UTF-16 units", fn("", "S", '"😀"', "type S = String where Length(2)"));
accepts(
  "arithmetic of times",
  fn(
    "i: Instant, d: Duration",
    "Duration",
    "let later = i + d * 2 - 5.minutes\n  let span = later - i\n  2 * span + d",
  ),
);
accepts("a flag alone before a block", fn("ready: Bool, x: Int", "Int", "if ready { x } else { 0 }"));
accepts(
  "branches with a common base",
  fn(
    "a: E, b: O, c: Bool",
    "Int",
    "let n = if c { a } else { b }\n  n",
    "type E = Int where Positive\ntype O = Int where NonNegative",
  ),
);
accepts(
  "an if without else that does something",
  'context t\nconsumes bynk { Logger }\nservice s { on call(a: Bool) -> Effect[()] given Logger {\n  do if a { Logger.info("a") }\n  if a { Logger.info("b") }\n} }\n',
);
accepts(
  "names that is binds, through && and implies",
  fn(
    "x: Option[Int], y: Option[Int]",
    "Bool",
    "let a = if x is Some(n) && y is Some(m) { n == m } else { false }\n  x is Some(k) implies k > 0 && a",
  ),
);
accepts(
  "a variable that is narrowed by a refined type",
  fn(
    "n: Int",
    "Int",
    "if n is Pos && n > 3 { g(n) } else { 0 }",
    "type Pos = Int where Positive\nfn g(p: Pos) -> Int { p }",
  ),
);
accepts(
  "guards that bind",
  fn("x: Option[Option[Int]]", "Int", "match x { Some(y) if y is Some(n) && n > 3 => n, Some(_) => 1, None => 2 }"),
);
accepts(
  "nested, named and alternative patterns",
  fn(
    "s: S, n: Int, t: String",
    "Int",
    `let a = match s {
    One(n: 1) | One(2) => 1
    One(n) => n
    Two(a: Some(x), b: _) => x
    Two => 2
    S.Three => 3
  }
  let b = match n { -1 => 1, _ where Positive && InRange(1, 9) => 2, _ => 3 }
  match t { "a" | "b" => a, other => b + other.length() }`,
    "type S = | One(n: Int) | Two(a: Option[Int], b: Int) | Three",
  ),
);
accepts(
  "an Option matched to the bottom",
  fn("x: Option[Bool]", "Int", "match x { Some(true) => 1, Some(false) => 2, None => 3 }"),
);
accepts(
  "matching a queue result and an http result",
  'context t\nfn a(r: QueueResult) -> String {\n  match r { Ack => "", Retry(why) => why }\n}\nfn b(r: HttpResult[Int]) -> Int {\n  match r { Ok(n) | Created(n) => n, NotFound => 404, BadRequest(m) => m.length(), _ => 0 }\n}\n',
);
accepts(
  "a response variant that a sum of the author's owns too",
  'context t\ntype Answer = | NotFound | Found(n: Int)\nfn a() -> Answer { NotFound }\nservice s from http {\n  on GET("/") by Visitor () -> Effect[HttpResult[Int]] { NotFound }\n}\n',
);
accepts(
  "`?` on a Result, and wrapped by embeds",
  fn(
    "r: Result[Int, E]",
    "Result[Int, S]",
    "let n = r?\n  Ok(n + 1)",
    "type E = | Bad\ntype S = | Inner(e: E) | Other embeds E as Inner",
  ),
);
accepts(
  "`?` on an Option in an http handler",
  'context t\nfn find(id: String) -> Option[Int] { if id == "" { None } else { Some(id.length()) } }\nservice s from http {\n  on GET("/:id") by Visitor (id: String) -> Effect[HttpResult[Int]] {\n    Ok(find(id)?)\n  }\n}\n',
);
accepts(
  "Ok(()) and a route that answers nothing",
  'context t\nservice s from http by Visitor {\n  on DELETE("/x") () -> Effect[HttpResult[()]] { NoContent }\n  on PUT("/x") () -> Effect[HttpResult[()]] { Ok(()) }\n}\n',
);
accepts(
  "raw bytes and redirects",
  'context t\nservice s from http by Visitor {\n  on GET("/a") () -> Effect[HttpResult[()]] { Raw(Bytes.fromUtf8("a"), "text/plain") }\n  on GET("/b") () -> Effect[HttpResult[()]] { SeeOther("/a") }\n}\n',
);
accepts(
  "effects kept as values and awaited later",
  "context t\nconsumes bynk { Clock }\nservice s { on call() -> Effect[Instant] given Clock {\n  let later = Clock.now()\n  let now <- later\n  now\n} }\n",
);
accepts(
  "a tail that is an effect already",
  "context t\nconsumes bynk { Clock }\nservice s { on call(a: Bool) -> Effect[Option[Instant]] given Clock {\n  if a {\n    let now <- Clock.now()\n    Some(now)\n  } else { Effect.pure(None) }\n} }\n",
);
accepts(
  "fire and forget",
  'context t\nconsumes bynk { Logger }\nservice s { on call() -> Effect[()] given Logger {\n  ~> Logger.info("later")\n} }\n',
);
accepts(
  "equality of records, options and lists",
  fn(
    "a: R, b: R, o: Option[R], l: List[Int]",
    "Bool",
    "a == b && o == None && o != Some(a) && l == [1]",
    "type R = { n: Int }",
  ),
);
accepts(
  "a bare variant on either side of an equality",
  fn("s: S", "Bool", "s == Off || S.Off == s", "type S = | On(n: Int) | Off"),
);
accepts(
  "updates, shorthand fields and nested records",
  fn(
    "r: R, n: Int",
    "R",
    "let a = R { n, inner: I { m: n } }\n  { ...a, inner: { ...r.inner, m: 2 } }",
    "type I = { m: Int }\ntype R = { n: Int, inner: I }",
  ),
);
accepts(
  "methods, statics and kernel methods on refined values",
  fn(
    "s: S",
    "Int",
    's.twice().length() + S.make("a").getOrElse(s).length()',
    "type S = String where NonEmpty\nfn S.twice(self) -> String { self.concat(self) }\nfn S.make(t: String) -> Result[S, ValidationError] { S.of(t) }",
  ),
);
accepts(
  "a method of the author's before a built-in one",
  fn("s: S", "Int", "s.length()", "type S = String\nfn S.length(self) -> Int { 1 }"),
);
accepts(
  "opaque values inside their unit",
  fn("k: K", "String", 'let other = K.unsafe("")\n  k.raw.concat(other.raw)', "type K = opaque String where NonEmpty"),
);
accepts(
  "errors of validation",
  fn(
    "t: String",
    "Result[K, String]",
    'match K.of(t) { Ok(k) => Ok(k), Err(e) => Err("\\(e.field): \\(e.message)") }',
    "type K = String where NonEmpty",
  ),
);
accepts(
  "recursion through Option, List, Map and sums",
  "commons t\ntype A = { next: Option[A], all: List[A], index: Map[String, A], tree: Tree }\ntype Tree = | Leaf | Node(left: Tree, right: Tree)\n",
);
accepts(
  "options and results of statics",
  fn(
    "s: String",
    "Result[Int, String]",
    'let n = Int.parse(s).okOr("no number")?\n  let d = Duration.millis(n)\n  Ok(d.toMillis())',
  ),
);
accepts(
  "joined branches where None alone says nothing",
  fn("a: Bool", "Option[Int]", "let x = if a { Some(1) } else { None }\n  x"),
);
accepts(
  "a value whose type differs from what the body returns",
  fn("", "Result[Int, String]", 'let x = Ok("text")\n  let y = Some(3)\n  let z = Err(5)\n  Ok(y.getOrElse(1))'),
);
accepts("shadowing by a second let", fn("a: Int", "Int", "let b = a\n  let b = b + 1\n  let _ = b\n  b"));
accepts(
  "a repeated clause of uses and consumes",
  "commons w\ntype W = Int\n",
  "context t\nuses w\nuses w\nconsumes bynk { Clock }\nconsumes bynk { Logger }\ntype T = { w: W }\n",
);
accepts(
  "a cycle of uses",
  "commons a\nuses b\ntype A = { b: Option[B] }\n",
  "commons b\nuses a\ntype B = { a: Option[A] }\n",
);
accepts(
  "a local declaration that settles a conflict of uses",
  "commons a\ntype X = Int\n",
  "commons b\ntype X = String\n",
  "commons t\nuses a\nuses b\ntype X = Bool\n",
);
accepts(
  "an own type of a name that a first-party unit exports",
  "context t\nconsumes bynk { Clock }\ntype Request = { n: Int }\nfn f() -> Request { Request { n: 1 } }\n",
);
accepts(
  "requests to the outside",
  `context t
consumes bynk { Fetch, Secrets }
service s { on call() -> Effect[Result[Int, FetchError]] given Fetch, Secrets {
  let key <- Secrets.get("KEY")
  let req = Request { method: Get, url: "https://a.example", contentType: None, authorization: key, body: None }
  let response <- Fetch.send(req)
  Ok(response?.status)
} }
`,
);
accepts(
  "a provider with containers in its signature and a given of its own",
  `context t
consumes bynk as b
capability Store { fn all(keys: List[String], counts: Map[String, Int]) -> Effect[Result[Option[Bytes], List[Int]]] }
provides Store = Memory given b.Clock {
  fn all(names: List[String], counts: Map[String, Int]) -> Effect[Result[Option[Bytes], List[Int]]] {
    let now <- Clock.now()
    if now.toEpochMillis() > 0 { Ok(None) } else { Err([1]) }
  }
}
`,
);
accepts(
  "a pure operation",
  "context t\ncapability C { fn rate(n: Int) -> Int }\nprovides C = Mine { fn rate(n: Int) -> Int { n * 2 } }\nservice s { on call() -> Effect[Int] given C { C.rate(1) } }\n",
);
accepts(
  "a remote call with types of one's own",
  `context desk
exports transparent { Ticket }
type Card = String where NonEmpty
type Entry = { card: Card, tags: List[String], kind: Kind }
type Kind = | Big | Small(n: Int)
type Ticket = { n: Int }
service file { on call(entry: Entry, note: String) -> Effect[Result[Ticket, Kind]] { Ok(Ticket { n: 1 }) } }
`,
  `context t
consumes desk as d
type Card = String where NonEmpty
type Entry = { card: Card, tags: List[String], kind: Kind }
type Kind = | Small(n: Int) | Big
service s { on call(e: Entry) -> Effect[Int] {
  let r <- d.file(e, "x")
  let again <- d.file(Entry { card: "1", tags: [], kind: Big }, "y")
  match r { Ok(ticket) => ticket.n, Err(Big) => 0, Err(Small(n)) => n }
} }
`,
);
accepts(
  "a remote call by the full dotted name",
  "context a.desk\nservice ring { on call() -> Effect[()] { () } }\n",
  "context a.front\nconsumes a.desk\nservice s { on call() -> Effect[()] { a.desk.ring() } }\n",
);
accepts(
  "holding and passing an opaque foreign value",
  "context desk\nexports opaque { Ticket }\ntype Ticket = { n: Int }\nfn Ticket.number(self) -> Int { self.n }\nservice issue { on call() -> Effect[Ticket] { Ticket { n: 1 } } }\nservice use { on call(t: Ticket) -> Effect[()] { () } }\n",
  "context t\nconsumes desk\ntype Held = { ticket: Ticket }\nservice s { on call() -> Effect[Int] {\n  let k <- desk.issue()\n  let h = Held { ticket: k }\n  do desk.use(h.ticket)\n  k.number()\n} }\n",
);
accepts(
  "looking into a transparent foreign value",
  "context desk\nexports transparent { Kind, Entry }\ntype Kind = | Big | Small(n: Int)\ntype Entry = { n: Int }\nservice get { on call() -> Effect[Kind] { Big } }\nservice entry { on call() -> Effect[Entry] { Entry { n: 1 } } }\n",
  "context t\nconsumes desk\nservice s { on call() -> Effect[Int] {\n  let k <- desk.get()\n  let e <- desk.entry()\n  match k { Big => e.n, Small(n) => if e == e { n } else { 0 } }\n} }\n",
);
accepts(
  "a used type as identity",
  "commons ids\ntype UserId = opaque String where NonEmpty\n",
  'context t\nuses ids\nactor User { auth = Bearer(secret = "KEY"), identity = UserId }\n',
);
accepts(
  "a refinement of Oidc, and Oidc in a sum",
  'context t\ntype Id = String\nactor O { auth = Oidc(issuer = "https://i.example", audience = "a", jwks = "https://i.example/k"), identity = Id }\nactor A = O where !hasClaim("x") || (claimEquals("a", "b") && hasClaim("c"))\nservice s from http {\n  on GET("/a") by a: A () -> Effect[HttpResult[Id]] { Ok(a.identity) }\n  on GET("/b") by who: O | Visitor () -> Effect[HttpResult[Id]] { match who { O(id) => Ok(id), Visitor => Unauthorized } }\n}\n',
);
accepts(
  "defaults in a service header, overridden by a handler",
  'context t\nconsumes bynk { Clock, Logger }\ntype Id = String\nactor U { auth = Bearer(secret = "KEY"), identity = Id }\nservice s from http by u: U given Clock {\n  on GET("/a") () -> Effect[HttpResult[Instant]] {\n    let now <- Clock.now()\n    Ok(now)\n  }\n  on GET("/b") () -> Effect[HttpResult[Id]] by Visitor given Logger {\n    do Logger.info("b")\n    NotFound\n  }\n  on GET("/c") () -> Effect[HttpResult[Id]] { Ok(u.identity) }\n}\n',
);
accepts(
  "callers of calls, schedules and queues",
  'context t\ntype Job = { n: Int }\nactor Inside { auth = Internal }\nservice a { on call() -> Effect[String] by c: Caller { c.identity } }\nservice b from cron {\n  on schedule("0 4 * * *") by s: Scheduler (at: Int) -> Effect[Result[(), String]] { if at > 0 { Ok(()) } else { Err("early") } }\n  on schedule("5 4 * * *") () -> Effect[Result[(), ()]] { Ok(()) }\n}\nservice c from queue("jobs") by Inside {\n  on message (job: Job) -> Effect[QueueResult] { if job.n > 0 { Ack } else { Retry("negative") } }\n}\n',
);
accepts(
  "policies and annotations",
  'context t\nservice s from http by Visitor {\n  cors { origins: ["https://a.example"], headers: ["x-a"], credentials: true, maxAge: 10.minutes }\n  security { nosniff: false, hsts: 180.days }\n  limits { maxBody: 65_536 }\n  @cache(maxAge: 5.minutes, scope: public)\n  on GET("/a/:id/b") (id: String) -> Effect[HttpResult[String]] { Ok(id) }\n  @limit(maxBody: 1_000_000)\n  on POST("/a") (body: Map[String, List[Option[Bytes]]]) -> Effect[HttpResult[Int]] { Created(1) }\n}\n',
);
accepts(
  "bare Bytes in a call when contexts share a process",
  "context t\nservice s { on call(b: Bytes) -> Effect[Bytes] { b } }\n",
);

test("every type of the corpus is known", () => {
  const files = Object.fromEntries(readPrograms("corpus").map(({ path, text }) => [`src/${path}`, text]));
  expect(gapsOf(check({ files }).program)).toEqual([]);
});

test.each(accepted)("accepts $name", ({ files }) => {
  const { diagnostics, program } = check({ files });
  expect(diagnostics.map(({ code, path, line, column, message }) => ({ code, path, line, column, message }))).toEqual(
    [],
  );
  expect(gapsOf(program)).toEqual([]);
});
