/**
 * Makes valid Bynk expressions of a wanted type. Types are written as in the language; what each program declares is fixed,
 * so that every type has values and every value has uses.
 */
import type { Random } from "../../support/random.ts";

/** What every generated program declares, beside its own functions. */
export const DECLARATIONS = `type Level = Int where InRange(-9, 9)
type Word = String where MinLength(1) and MaxLength(12)
type Token = opaque String where NonEmpty
type Color = enum { Red, Green, Blue }
type Point = { x: Int, y: Int }
type Box = { name: Word, at: Point, color: Color, note: Option[String] }
type Shape =
  | Dot(at: Point)
  | Line(start: Point, end: Point)
  | Tagged(color: Color, deep: Option[Box])
  | Empty
fn Point.plus(self, other: Point) -> Point { Point { x: self.x + other.x, y: self.y + other.y } }
fn Point.origin() -> Point { Point { x: 0, y: 0 } }
fn Shape.isEmpty(self) -> Bool { self is Empty }
fn optionInt(o: Option[Int]) -> Option[Int] { o }
fn optionPoint(o: Option[Point]) -> Option[Point] { o }
fn optionColor(o: Option[Color]) -> Option[Color] { o }
fn resultInt(r: Result[Int, String]) -> Result[Int, String] { r }
`;

/** Functions that say of which type a `None` or an `Ok` is, where nothing else does. */
const TYPED: Readonly<Record<string, string>> = {
  "Option[Int]": "optionInt",
  "Option[Point]": "optionPoint",
  "Option[Color]": "optionColor",
  "Result[Int, String]": "resultInt",
};

export const TYPES = [
  "Int",
  "Bool",
  "String",
  "Float",
  "Duration",
  "Level",
  "Word",
  "Color",
  "Point",
  "Box",
  "Shape",
  "Option[Int]",
  "Option[Point]",
  "Option[Color]",
  "Result[Int, String]",
  "Result[Box, Color]",
  "List[Int]",
] as const;

export interface Variable {
  readonly name: string;
  readonly type: string;
}

export interface Func {
  readonly name: string;
  readonly params: readonly Variable[];
  readonly result: string;
}

export interface Scope {
  readonly random: Random;
  readonly variables: readonly Variable[];
  readonly functions: readonly Func[];
  /** The error type of the body's result, where it has one: `?` may stand there. */
  readonly error: string | undefined;
  /** Counts names. */
  readonly fresh: () => string;
}

const one = (random: Random, of: number): boolean => random.below(of) === 0;

/** An expression of `type`, at most about `depth` levels deep. */
export function expression(scope: Scope, type: string, depth: number): string {
  const { random } = scope;
  const known = scope.variables.filter((variable) => variable.type === type);
  if (known.length > 0 && (depth <= 0 || one(random, 3))) return random.pick(known).name;
  if (depth <= 0) return leaf(scope, type);
  const form = random.below(8);
  if (form === 0) return conditional(scope, type, depth);
  if (form === 1) return matching(scope, type, depth);
  if (form === 2) return called(scope, type, depth) ?? built(scope, type, depth);
  if (form === 3) return asked(scope, type, depth) ?? built(scope, type, depth);
  if (form === 4) return fieldOf(scope, type, depth) ?? built(scope, type, depth);
  return built(scope, type, depth);
}

/** An expression in a place that expects no type of its own. */
function typed(scope: Scope, type: string, depth: number): string {
  const known = TYPED[type];
  const value = expression(scope, type, depth);
  return known === undefined ? value : `${known}(${value})`;
}

/** A block that binds a name or two, then gives its value. */
export function block(scope: Scope, type: string, depth: number): string {
  const { random } = scope;
  if (depth <= 1 || one(random, 2)) return `{ ${expression(scope, type, depth)} }`;
  const bound = random.pick(TYPES);
  // Now and then an earlier name is taken again.
  const again = scope.variables.length > 0 && one(random, 4) ? random.pick(scope.variables).name : scope.fresh();
  const annotation = one(random, 2) ? `: ${bound}` : "";
  const value = expression(scope, bound, depth - 1);
  const variables = [...scope.variables.filter(({ name }) => name !== again), { name: again, type: bound }];
  // Literals are of their base type unless the name says otherwise.
  const typed = annotation === "" && needsAnnotation(bound) ? `: ${bound}` : annotation;
  return `{\n    let ${again}${typed} = ${value}\n    ${expression({ ...scope, variables }, type, depth - 1)}\n  }`;
}

function needsAnnotation(type: string): boolean {
  return type === "Level" || type === "Word" || type.includes("[");
}

function conditional(scope: Scope, type: string, depth: number): string {
  const { condition, scope: inside } = test(scope, depth - 1);
  return `(if ${condition} ${block(inside, type, depth - 1)} else ${block(scope, type, depth - 1)})`;
}

/** A condition, with the names that `is` binds where it holds. */
function test(scope: Scope, depth: number): { readonly condition: string; readonly scope: Scope } {
  const { random } = scope;
  if (!one(random, 3)) return { condition: expression(scope, "Bool", depth), scope };
  const name = scope.fresh();
  const [subject, pattern, type] = random.pick([
    ["Option[Point]", `Some(${name})`, "Point"],
    ["Result[Int, String]", `Ok(${name})`, "Int"],
    ["Shape", `Dot(${name})`, "Point"],
  ] as const);
  const inside = { ...scope, variables: [...scope.variables, { name, type }] };
  const is = `${typed(scope, subject, depth)} is ${pattern}`;
  const condition = one(random, 2) ? is : `${is} && ${expression(inside, "Bool", depth - 1)}`;
  return { condition, scope: inside };
}

function matching(scope: Scope, type: string, depth: number): string {
  const { random } = scope;
  const names = [scope.fresh(), scope.fresh()] as const;
  const withNames = (...bound: readonly Variable[]): Scope => ({ ...scope, variables: [...scope.variables, ...bound] });
  const arm = (pattern: string, inside: Scope): string => `${pattern} => ${block(inside, type, depth - 1)}`;
  const point = { name: names[0], type: "Point" };
  const guard = (inside: Scope): string => ` if ${expression(inside, "Bool", depth - 2)}`;
  const subjects: readonly (() => readonly [string, readonly string[]])[] = [
    () => [
      "Shape",
      [
        arm(`Dot(${names[0]})${guard(withNames(point))}`, withNames(point)),
        arm("Dot(_)", scope),
        arm(`Line(start: ${names[0]}, end: ${names[1]})`, withNames(point, { name: names[1], type: "Point" })),
        arm("Tagged(Red, Some(_))", scope),
        arm(`Tagged(${names[0]}, _)`, withNames({ name: names[0], type: "Color" })),
        arm("Empty", scope),
      ],
    ],
    () => ["Color", [arm("Red | Blue", scope), arm(one(random, 2) ? "Green" : "_", scope)]],
    () => [
      "Option[Color]",
      [
        arm("None", scope),
        arm("Some(Green)", scope),
        arm(`Some(${names[0]})`, withNames({ name: names[0], type: "Color" })),
      ],
    ],
    () => [
      "Result[Int, String]",
      [
        arm(`Ok(${names[0]})`, withNames({ name: names[0], type: "Int" })),
        arm('Err("no")', scope),
        arm(`Err(${names[0]})`, withNames({ name: names[0], type: "String" })),
      ],
    ],
    () => ["Int", [arm("0 | 1", scope), arm("-3", scope), arm(names[0], withNames({ name: names[0], type: "Int" }))]],
    () => ["Bool", [arm("true", scope), arm("false", scope)]],
    () => ["String", [arm('"a"', scope), arm("_", scope)]],
  ];
  const [subject, arms] = random.pick(subjects)();
  return `(match ${typed(scope, subject, depth - 1)} {\n    ${arms.join("\n    ")}\n  })`;
}

function called(scope: Scope, type: string, depth: number): string | undefined {
  const { random } = scope;
  const fitting = scope.functions.filter(({ result }) => result === type);
  if (fitting.length === 0) return undefined;
  const func = random.pick(fitting);
  return `${func.name}(${func.params.map((param) => expression(scope, param.type, depth - 1)).join(", ")})`;
}

/** `e?` where the body's result allows it. */
function asked(scope: Scope, type: string, depth: number): string | undefined {
  if (type === "Int" && scope.error === "String") return `(${typed(scope, "Result[Int, String]", depth - 1)})?`;
  if (type === "Box" && scope.error === "Color") return `(${expression(scope, "Result[Box, Color]", depth - 1)})?`;
  return undefined;
}

function fieldOf(scope: Scope, type: string, depth: number): string | undefined {
  const fields: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
    Int: [
      ["Point", "x"],
      ["Point", "y"],
    ],
    Word: [["Box", "name"]],
    Point: [["Box", "at"]],
    Color: [["Box", "color"]],
  };
  const found = fields[type];
  if (found === undefined) return undefined;
  const [owner, field] = scope.random.pick(found);
  return `(${expression(scope, owner, depth - 1)}).${field}`;
}

/** A hole stays on its line; what needs more than one stands aside. */
function inline(text: string, instead: string): string {
  return text.includes("\n") ? instead : text;
}

function leaf({ random }: Scope, type: string): string {
  const leaves: Readonly<Record<string, readonly string[]>> = {
    Int: ["0", "1", "42", "-7"],
    Bool: ["true", "false"],
    String: ['""', '"a"', '"no"', '"line\\n\\"quoted\\" `$`"'],
    Float: ["0.5", "-2.0", "1.0e3"],
    Duration: ["5.minutes", "2.days"],
    Level: ["3", "-9"],
    Word: ['"word"', '"w"'],
    Color: ["Red", "Color.Green", "Blue"],
    Point: ["Point { x: 1, y: -2 }", "Point.origin()"],
    Box: ['Box { name: "b", at: Point.origin(), color: Red, note: None }'],
    Shape: ["Empty", "Shape.Empty", "Dot(Point { x: 1, y: 1 })"],
    "Option[Int]": ["None", "Some(1)"],
    "Option[Point]": ["None"],
    "Option[Color]": ["None", "Some(Red)"],
    "Result[Int, String]": ["Ok(1)", 'Err("no")'],
    "Result[Box, Color]": ["Err(Red)"],
    "List[Int]": ["[]", "[1, 2]"],
  };
  return random.pick(leaves[type] ?? ["()"]);
}

function built(scope: Scope, type: string, depth: number): string {
  const { random } = scope;
  const part = (wanted: string): string => expression(scope, wanted, depth - 1);
  const own = (wanted: string): string => typed(scope, wanted, depth - 1);
  const forms: Readonly<Record<string, readonly (() => string)[]>> = {
    Int: [
      () => `(${part("Int")} ${random.pick(["+", "-", "*"])} ${part("Int")})`,
      () => `(${part("Int")} / 3)`,
      () => `-(${part("Int")})`,
      () => `(${part("Int")}).min(${part("Int")})`,
      () => `(${part("String")}).length()`,
      () => `(${own("Option[Int]")}).getOrElse(${part("Int")})`,
      () => `(${part("Level")} + 1)`,
      () => `(${part("Float")}).floor().clamp(-5, 5)`,
      () => `(${part("Duration")}).toMillis()`,
    ],
    Bool: [
      () => `(${part("Int")} ${random.pick(["<", "<=", ">", ">=", "==", "!="])} ${part("Int")})`,
      () => `(${part("Bool")} ${random.pick(["&&", "||", "implies"])} ${part("Bool")})`,
      () => `!(${part("Bool")})`,
      () => `(${part("Shape")} == ${part("Shape")})`,
      () => `(${own("Option[Point]")} != ${own("Option[Point]")})`,
      () => `(${part("String")} == ${part("Word")})`,
      () => `(${part("Bool")} == ${part("Bool")})`,
      () => `(${part("Shape")}).isEmpty()`,
      () => `(${part("Int")} is Level)`,
      () => `(${own("Result[Int, String]")}).isOk()`,
      () => `(${part("Shape")} is Tagged(_, _) || ${part("Bool")})`,
      () => `(${part("Color")} == ${part("Color")})`,
    ],
    String: [
      () => `"a \\(${inline(part("Int"), "7")}) b \\(${inline(part("Bool"), "true")})"`,
      () => `(${part("String")}).concat(${part("Word")})`,
      () => `(${part("String")}).replace("a", ${part("String")}).slice(0, 3)`,
      () => `(${part("Word")}).toUpper()`,
      () => `(${part("Int")}).toString()`,
    ],
    Float: [
      () => `(${part("Float")} ${random.pick(["+", "-", "*", "/"])} ${part("Float")})`,
      () => `(${part("Int")}).toFloat()`,
    ],
    Duration: [() => `(${part("Duration")} + ${part("Duration")})`, () => `(${part("Duration")} * ${part("Int")})`],
    Point: [
      () => `Point { x: ${part("Int")}, y: ${part("Int")} }`,
      () => `Point { ...${part("Point")}, y: ${part("Int")} }`,
      () => `(${part("Point")}).plus(${part("Point")})`,
    ],
    Box: [
      () =>
        `Box { name: ${part("Word")}, at: ${part("Point")}, color: ${part("Color")}, note: Some(${part("String")}) }`,
      () => `Box { ...${part("Box")}, color: ${part("Color")} }`,
    ],
    Shape: [
      () => `Dot(${part("Point")})`,
      () => `Shape.Line(${part("Point")}, ${part("Point")})`,
      () => `Tagged(${part("Color")}, Some(${part("Box")}))`,
    ],
    "Option[Int]": [
      () => `Some(${part("Int")})`,
      () => `(${part("String")}).indexOf("a")`,
      () => `Int.parse(${part("String")})`,
    ],
    "Option[Point]": [() => `Some(${part("Point")})`],
    "Option[Color]": [() => `Some(${part("Color")})`],
    "Result[Int, String]": [
      () => `Ok(${part("Int")})`,
      () => `Err(${part("String")})`,
      () => `(${own("Option[Int]")}).okOr(${part("String")})`,
    ],
    "Result[Box, Color]": [() => `Ok(${part("Box")})`, () => `Err(${part("Color")})`],
    "List[Int]": [() => `[${part("Int")}, ${part("Int")}]`, () => "[]"],
  };
  const found = forms[type];
  return found === undefined ? leaf(scope, type) : random.pick(found)();
}
