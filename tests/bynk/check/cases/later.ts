/** What later rings bring: read, and refused once at its place. */
import { createCases, project } from "../case.ts";

const { cases, reports } = createCases();
export const laterCases = cases;

const unsupported = (drawn: string | Readonly<Record<string, string>>): void => reports("unsupported", drawn);
const body = (drawn: string, params = "xs: List[Int]"): string =>
  `commons t\nfn f(${params}) -> Int {\n  ${drawn}\n  1\n}\n`;

unsupported("adapter «mail»\ntype T = Int\n");
unsupported(
  "context t\nagent «Cart» {\n  key owner: String\n  store n: Cell[Int]\n  on call get() -> Effect[Int] { n }\n}\n",
);
unsupported(
  'context t\nagent «Cart» {\n  key owner: String\n  store n: Cell[Int]\n  on call get() -> Effect[Int] { n }\n}\nservice s { on call() -> Effect[Int] {\n  let n <- Cart("a").get()\n  n\n} }\n',
);
unsupported("context t\nevent «Order» = { id: String }\n");
unsupported('commons t\nmessages «"en"» @reference { "a" => "b" }\n');
unsupported("commons t\ntype Box[«T»] = { value: T }\n");
unsupported("commons t\nfn id[«T»](v: T) -> T { v }\n");
unsupported("context t\ncapability C { fn a[«T»](v: T) -> Effect[T] }\n");
unsupported("commons t\nfn f(n: Int) -> Int\n  «requires positive: n > 0»\n{ n }\n");
unsupported("commons t\nfn f(g: «Int -> Int») -> Int { 1 }\n");
unsupported("commons t\ntype R = { s: «Stream[Int]» }\n");
const either = (index: number): string => `(Ok(x${index}) | Err(x${index}))`;
const many = Array.from({ length: 9 }, (_, index) => index);
const wide = `commons t\ntype P = | V(${many.map((index) => `a${index}: Result[Int, Int]`).join(", ")}) | W\n`;
const all = `V(${many.map(either).join(", ")})`;
unsupported(`${wide}fn f(p: P) -> Int { match p { «${all}» => x0, _ => 1 } }\n`);
unsupported(`${wide}fn f(p: P) -> Int { if p is «${all}» { x0 } else { 1 } }\n`);
unsupported(
  `commons t\nfn f(r: Result[Int, Int]) -> Int { ${many.map((index) => `match r { ${index === 8 ? `«Ok(x8) | Err(x8)»` : `Ok(x${index}) | Err(x${index})`} => `).join("")} x0 ${"}".repeat(9)} }\n`,
);
unsupported(body("let n = xs.«length»()"));
unsupported(body("let g = «(x: Int) => x»"));
unsupported(body("let m = xs.«map»((x) => x)"));
unsupported(body("let m = «Map.empty()»"));
unsupported(body("let m = «Json.encode(1)»"));
unsupported(body("let m = o.«map»(g())", "o: Option[Int]").replace("commons t\n", "commons t\nfn g() -> Int { 1 }\n"));
unsupported(body("let m = g[«Int»](1)").replace("commons t\n", "commons t\nfn g(n: Int) -> Int { 1 }\n"));
unsupported("context t\nconsumes bynk { «Events» }\n");
unsupported("context t\nconsumes «bynk.cloudflare»\n");
unsupported("commons t\nuses «bynk.list»\n");
unsupported("context t\nservice s from «Events(Order)» { on event(e: Int) -> Effect[()] { () } }\n");
unsupported(
  "context t\nservice s from «WebSocket(in: Int, out: Int)» { on open by Visitor () -> Effect[()] { () } }\n",
);
unsupported(body("«n» := 1"));
unsupported(body("let v = «Val[Int]»"));
unsupported(body("let m = match r { «Streaming(s)» => 1, _ => 2 }", "r: HttpResult[Int]"));
unsupported(
  'context t\nservice s from http { on GET("/") by Visitor () -> Effect[HttpResult[Int]] { «Streaming»(1) } }\n',
);
unsupported(project("commons t\ntype R = { n: Int = «1» }\n"));
