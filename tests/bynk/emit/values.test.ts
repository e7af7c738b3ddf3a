/** What expressions come to, and in which order they are evaluated. */
import { expect, test } from "vitest";
import { loadCommons } from "./support/compiled.ts";

test("an early exit leaves the function from inside an operand, and what stands before it was evaluated", async () => {
  const module = await loadCommons(`commons exits
fn half(n: Int) -> Result[Int, String] { if n / 2 * 2 == n { Ok(n / 2) } else { Err("odd \\(n)") } }
fn sum(a: Int, b: Int) -> Result[Int, String] { Ok(half(a)? + half(b)? * 2) }
fn chosen(flag: Bool, n: Int) -> Result[Int, String] { Ok(if flag { half(n)? } else { n }) }
fn both(a: Int, b: Int) -> Result[Bool, String] { Ok(half(a)? > 1 && half(b)? > 1) }
`);
  expect(module["sum"](4, 6)).toEqual({ tag: "Ok", value: 8 });
  expect(module["sum"](4, 5)).toEqual({ tag: "Err", error: "odd 5" });
  expect(module["sum"](3, 5)).toEqual({ tag: "Err", error: "odd 3" });
  expect(module["chosen"](false, 3)).toEqual({ tag: "Ok", value: 3 });
  expect(module["chosen"](true, 3)).toEqual({ tag: "Err", error: "odd 3" });
  expect(module["both"](2, 3)).toEqual({ tag: "Ok", value: false });
  expect(module["both"](4, 3)).toEqual({ tag: "Err", error: "odd 3" });
});

test("the right side of an operator that decides is not evaluated when the left side decides", async () => {
  const module = await loadCommons(`commons lazily
fn fails() -> Bool { 1 / 0 == 0 }
fn and(a: Bool) -> Bool { a && fails() }
fn or(a: Bool) -> Bool { a || fails() }
fn implied(a: Bool) -> Bool { a implies fails() }
fn exits(a: Bool, r: Result[Bool, String]) -> Result[Bool, String] { Ok(a || r?) }
`);
  expect(module["and"](false)).toBe(false);
  expect(() => module["and"](true)).toThrow("divided by zero");
  expect(module["or"](true)).toBe(true);
  expect(() => module["or"](false)).toThrow("divided by zero");
  expect(module["implied"](false)).toBe(true);
  expect(() => module["implied"](true)).toThrow("divided by zero");
  expect(module["exits"](true, { tag: "Err", error: "x" })).toEqual({ tag: "Ok", value: true });
  expect(module["exits"](false, { tag: "Err", error: "x" })).toEqual({ tag: "Err", error: "x" });
});

test("operands before one that needs statements are evaluated first", async () => {
  const module = await loadCommons(`commons order
fn fault(n: Int) -> Int { n / 0 }
fn total(r: Result[Int, String]) -> Result[Int, String] { Ok(fault(1) + r?) }
fn picked(n: Int, o: Option[Int]) -> Int { fault(n) + match o { Some(v) => v, None => 0 } }
`);
  expect(() => module["total"]({ tag: "Err", error: "late" })).toThrow("divided by zero");
  expect(() => module["picked"](1, { tag: "None" })).toThrow("divided by zero");
});

test("equality is by structure for records, sums, options, results and lists", async () => {
  const module = await loadCommons(`commons same
type Point = { x: Int, y: Int }
type Shape = | Dot(at: Point) | Nothing
fn points(a: Point, b: Point) -> Bool { a == b }
fn made() -> Bool { Dot(Point { x: 1, y: 2 }) == Shape.Dot(Point { y: 2, x: 1 }) }
fn differs() -> Bool { Dot(Point { x: 1, y: 2 }) != Nothing }
fn options(a: Option[Point]) -> Bool { a == Some(Point { x: 1, y: 2 }) }
fn lists(a: List[Int]) -> Bool { a == [1, 2] }
`);
  expect(module["points"]({ x: 1, y: 2 }, { x: 1, y: 2 })).toBe(true);
  expect(module["points"]({ x: 1, y: 2 }, { x: 1, y: 3 })).toBe(false);
  expect(module["made"]()).toBe(true);
  expect(module["differs"]()).toBe(true);
  expect(module["options"]({ tag: "Some", value: { x: 1, y: 2 } })).toBe(true);
  expect(module["lists"]([1, 2])).toBe(true);
  expect(module["lists"]([2, 1])).toBe(false);
});

test("whole numbers stay whole and exact: what leaves them is a fault", async () => {
  const module = await loadCommons(`commons numbers
fn divided(a: Int, b: Int) -> Int { a / b }
fn product(a: Int, b: Int) -> Int { a * b }
fn back(a: Int) -> Int { a + 2 - 3 }
fn minus(a: Int) -> Int { -a }
fn rounded(a: Float) -> Int { a.round() }
fn half() -> Float { -0.5 }
`);
  expect(module["divided"](-7, 2)).toBe(-3);
  expect(Object.is(module["divided"](-1, 2), 0)).toBe(true);
  expect(Object.is(module["minus"](0), 0)).toBe(true);
  expect(() => module["product"](2 ** 40, 2 ** 20)).toThrow("beyond what an Int holds");
  expect(() => module["back"](Number.MAX_SAFE_INTEGER)).toThrow("beyond what an Int holds");
  expect(() => module["rounded"](Number.NaN)).toThrow("beyond what an Int holds");
  expect(module["half"]()).toBe(-0.5);
});

test("a refined type admits a literal, also a negative one, and checks everything else", async () => {
  const module = await loadCommons(`commons refined_
type Level = Int where InRange(-5, 5)
type Key = opaque String where MinLength(2)
fn low() -> Level { -3 }
fn made(n: Int) -> Result[Level, ValidationError] { Level.of(n) }
fn raw(k: Key) -> String { k.raw }
fn isLevel(n: Int) -> Bool { n is Level }
`);
  expect(module["low"]()).toBe(-3);
  expect(module["made"](9)).toEqual({
    tag: "Err",
    error: { field: "Level", message: "must be in range [-5, 5]", value: "9" },
  });
  expect(module["made"](0.5)).toMatchObject({ tag: "Err", error: { message: "must be a whole number" } });
  expect(module["raw"](module["Key"].unsafe("k"))).toBe("k");
  expect(module["Key"].of("k")).toMatchObject({ tag: "Err", error: { value: "" } });
  expect([module["isLevel"](5), module["isLevel"](6)]).toEqual([true, false]);
});

test("lengths count UTF-16 units at run time as they do for literals", async () => {
  const module = await loadCommons(`commons lengths
type Two = String where Length(2)
fn literal() -> Two { "😀" }
fn made(s: String) -> Result[Two, ValidationError] { Two.of(s) }
`);
  expect(module["literal"]()).toBe("😀");
  expect(module["made"]("😀")).toMatchObject({ tag: "Ok" });
});

test("text methods take texts literally and clamp at the beginning", async () => {
  const module = await loadCommons(`commons texts
fn replaced(s: String) -> String { s.replace("a", "$&") }
fn cut(s: String) -> String { s.slice(-2, 3) }
fn found(s: String) -> Option[Int] { s.indexOf("b") }
fn units(s: String) -> List[String] { s.chars() }
fn shown(d: Duration, b: Bool) -> String { "\\(d) \\(b) \`\\\\ \\n" }
`);
  expect(module["replaced"]("aba")).toBe("$&b$&");
  expect(module["cut"]("abcd")).toBe("abc");
  expect(module["found"]("xyz")).toEqual({ tag: "None" });
  expect(module["units"]("a😀")).toEqual(["a", "😀"]);
  expect(module["shown"](1500, true)).toBe("1500 true `\\ \n");
});

test("names that JavaScript has for itself, and shadowed names, keep their meaning", async () => {
  const module = await loadCommons(`commons hygiene
type Promise = { delete: Int, tag: Int }
type Math = | Add(await: Int, new: Int) | Sub
fn class_(new: Int, await: Int) -> Int {
  let equals = new + await
  let equals = equals * 2
  let value = if equals > 4 { let equals = 1 equals } else { equals }
  value + equals
}
fn f(f: Int) -> Int { if f > 0 { f(f - 1) } else { f } }
fn codec(int: Int) -> Int { int + 1 }
fn worth(m: Math) -> Int { match m { Add(await, new) => await * 10 + new * new, Sub => 0 } }
fn made() -> Promise { Promise { delete: 1, tag: 2 } }
`);
  expect(module["class_"](1, 2)).toBe(7);
  expect(module["f"](3)).toBe(0);
  expect(module["codec"](4)).toBe(5);
  expect(module["made"]()).toEqual({ delete: 1, tag: 2 });
  const { Math_ } = module as never as { Math_: { Add(a: number, b: number): object } };
  expect(Math_.Add(4, 2)).toEqual({ tag: "Add", await: 4, new: 2 });
  expect(module["worth"](Math_.Add(4, 2))).toBe(44);
});

test("matches try their arms in order, with guards, literals, alternatives and names", async () => {
  const module = await loadCommons(`commons arms
type Leaf = enum { Red, Green }
type Tree = | One(leaf: Leaf) | Two(left: Leaf, right: Leaf) | Bare(depth: Int)
fn named(t: Tree) -> String {
  let a = match t { One(_) | Two(_, _) => "leaves", Bare(d) if d > 3 => "deep", Bare(_) => "bare" }
  let b = match t { Two(Red, x) | Two(x, Red) => if x == Green { "mixed" } else { "red" }, _ => "other" }
  "\\(a) \\(b)"
}
fn digit(n: Int) -> String { match n { -1 => "minus", 0 => "zero", 1 | 2 => "few", other => "\\(other)" } }
fn twice(t: Tree) -> Int {
  match t { One(leaf) => match t { One(Red) => 1, One(_) => 2, _ => 3 }, _ => if t is Bare(d) && d > 1 { d } else { 0 } }
}
`);
  const { Tree, Leaf } = module as never as Record<string, Record<string, never>> as never as {
    Tree: { One(l: object): object; Two(l: object, r: object): object; Bare(n: number): object };
    Leaf: { Red: object; Green: object };
  };
  expect(module["named"](Tree.Two(Leaf.Green, Leaf.Red))).toBe("leaves mixed");
  expect(module["named"](Tree.Two(Leaf.Red, Leaf.Red))).toBe("leaves red");
  expect(module["named"](Tree.Bare(4))).toBe("deep other");
  expect(module["named"](Tree.Bare(3))).toBe("bare other");
  expect([-1, 0, 2, 7].map(module["digit"])).toEqual(["minus", "zero", "few", "7"]);
  expect(module["twice"](Tree.One(Leaf.Green))).toBe(2);
  expect(module["twice"](Tree.Bare(5))).toBe(5);
  expect(module["twice"](Tree.Two(Leaf.Red, Leaf.Red))).toBe(0);
});

test("a value that was tested for a refined type compares on either side", async () => {
  const module = await loadCommons(`commons compared
type Natural = Int where NonNegative
fn below(x: Int, limit: Int) -> Bool { x is Natural && x < limit }
fn above(x: Int, limit: Int) -> Bool { x is Natural && limit < x }
fn branch(x: Int, limit: Int) -> Bool { if x is Natural { x < limit && x <= limit && limit > x } else { false } }
fn sum(x: Int, limit: Int) -> Bool { if x is Natural { x + 1 < limit == (x - limit < 0 - 1) } else { false } }
`);
  const of = (name: string) => [module[name](1, 2), module[name](2, 1), module[name](-1, 2)];
  expect(of("below")).toEqual([true, false, false]);
  expect(of("above")).toEqual([false, true, false]);
  expect(of("branch")).toEqual([true, false, false]);
  expect(of("sum")).toEqual([true, true, false]);
});
