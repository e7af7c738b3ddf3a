/** Conditions, branches and matches (reference §17.4). Every arm is reached only when those before it did not match. */
import type { BinaryExpr, Block, Expr, IfExpr, IsExpr, MatchArm, MatchExpr } from "../syntax/ast.ts";
import type { Body, Sink } from "./body.ts";
import { at, type Code, code, infix, Level, not, stable } from "./code.ts";
import { isInline, needsType } from "./inline.ts";
import { type Alternative, alternatives, type Bind } from "./patterns.ts";
import { typeText } from "./types.ts";
import { Writer } from "./writer.ts";

/** A condition. TypeScript follows `true` and `false` into branches it then finds pointless; the author meant them. */
export function lowerCondition(body: Body, expr: Expr, out: Writer): Code {
  if (expr.kind === "ParenExpr") return lowerCondition(body, expr.inner, out);
  if (expr.kind === "BoolLiteral") return stable(`(${expr.value} as boolean)`);
  return body.lower(expr, out);
}

/** `a && b`, `a || b`, `a implies b`: the right side only where the left one asks for it. */
export function lowerLogical(body: Body, expr: BinaryExpr, out: Writer): Code {
  const left = lowerCondition(body, expr.left, out);
  const before = new Writer();
  const right = lowerCondition(body, expr.right, before);
  const { operator } = expr;
  if (before.isIdle) {
    out.append(before);
    if (operator === "&&") return infix("&&", Level.and, left, right);
    return infix("||", Level.or, operator === "||" ? left : not(left), right);
  }
  const holds = body.claim("holds");
  out.line(`let ${holds} = ${operator !== "&&"};`);
  const condition = operator === "||" ? not(left) : left;
  out.block(`if (${condition.text}) {`, () => {
    out.append(before);
    out.line(`${holds} = ${at(Level.assign, right)};`);
  });
  return stable(holds);
}

/** `e is Pattern`. A value that is no plain name gets one inside the condition, so that the branch can look into it. */
export function lowerIs(body: Body, expr: IsExpr, out: Writer): Code {
  const found = body.lower(expr.value, out);
  const resolved = body.typing.patterns.get(expr.pattern);
  if (resolved?.kind === "refined" && resolved.type !== undefined) {
    return code(`${body.module.type(resolved.type)}.is(${at(Level.assign, found)})`);
  }
  if (isOwnPath(body, expr.value, found)) return bindIs(body, expr, found.text, found.text, out);
  const name = body.claim("subject");
  out.declare(`let ${name}: ${typeText(body.module, body.typeOf(expr.value))};`);
  return { ...bindIs(body, expr, name, `(${name} = ${at(Level.assign, found)})`, out), stable: false };
}

/** `first` stands for the subject where it is read first: there it may be assigned. */
function bindIs(body: Body, expr: IsExpr, path: string, first: string, out: Writer): Code {
  const ways = alternatives(body, expr.pattern, path);
  const [way] = ways;
  if (way === undefined) return stable("true");
  if (ways.length > 1) return bindSeveral(body, ways, path, first, out);
  for (const { local, path: place } of way.binds) body.alias(local, place);
  return condition(way.tests, path, first);
}

/** Alternatives with names: which of them matched is settled first. */
function bindSeveral(body: Body, ways: readonly Alternative[], path: string, first: string, out: Writer): Code {
  const locals = [...new Set(ways.flatMap(({ binds }) => binds.map(({ local }) => local)))];
  const names = new Map(locals.map((local) => [local, body.bind(local)]));
  for (const [local, name] of names) out.declare(`let ${name}!: ${typeText(body.module, local.type)};`);
  const parts = ways.map(({ tests, binds }, index) => {
    const test = condition(tests, path, index === 0 ? first : path).text;
    const assigns = binds.map(({ local, path: place }) => `((${names.get(local)} = ${place}), true)`);
    return `(${[test, ...assigns].join(" && ")})`;
  });
  return code(parts.join(" || "), Level.or);
}

function condition(tests: readonly string[], path: string, first: string): Code {
  if (tests.length === 0) return stable("true");
  const [head = "", ...rest] = tests;
  const start = first === path ? head : head.replace(path, () => first);
  const all = [start, ...rest];
  const level = all.length > 1 ? Level.and : /^[!\w.$]+$/.test(start) ? Level.unary : Level.equality;
  return { text: all.join(" && "), level: start.includes(" || ") ? Level.or : level, stable: true };
}

/** The value has a name that only this test looks at; a variant's constant is looked at from everywhere. */
function isOwnPath(body: Body, expr: Expr, found: Code): boolean {
  const kind = body.typing.references.get(expr)?.kind;
  return isPath(found) && kind !== "variant" && kind !== "builtinVariant" && !body.isContested(expr);
}

function isPath(found: Code): boolean {
  return found.stable && /^[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*$/.test(found.text);
}

/** `if` as an expression. */
export function lowerConditional(body: Body, expr: IfExpr, out: Writer): Code {
  const { else: otherwise } = expr;
  if (otherwise === undefined || !isInline(expr.then) || !isInline(otherwise) || needsJumps(expr.condition)) {
    return settle(body, expr, out);
  }
  const test = lowerCondition(body, expr.condition, out);
  const then = body.lower(tailOf(expr.then), out);
  const rest = body.lower(otherwise.kind === "Block" ? tailOf(otherwise) : otherwise, out);
  const text = `${at(Level.or, test)} ? ${at(Level.assign, then)} : ${at(Level.assign, rest)}`;
  return code(text, Level.conditional, test.stable && then.stable && rest.stable);
}

function tailOf(block: Block): Expr {
  if (block.tail === undefined) throw new Error("a block without a value");
  return block.tail;
}

/** `match` as an expression. */
export function lowerMatch(body: Body, expr: MatchExpr, out: Writer): Code {
  return settle(body, expr, out);
}

/** Statements bring the value to a variable of its own. */
function settle(body: Body, expr: Expr, out: Writer): Code {
  const type = body.typeOf(expr);
  if (type.kind === "unit") {
    body.into(expr, { kind: "discard" }, out);
    return stable("undefined");
  }
  const name = body.claim("value");
  out.line(`let ${name}: ${typeText(body.module, type)};`);
  body.into(expr, { kind: "assign", name }, out);
  return stable(name);
}

/** `if` as statements. */
export function writeIf(body: Body, expr: IfExpr, sink: Sink, out: Writer): void {
  if (needsJumps(expr.condition)) {
    writeJumpingIf(body, expr, sink, out);
    return;
  }
  const test = lowerCondition(body, expr.condition, out);
  const then = branch(body, expr.then, sink);
  const otherwise = elseBranch(body, expr, sink);
  if (sink.kind === "return") {
    writeBranch(`if (${test.text})`, then, out);
    out.append(otherwise);
    return;
  }
  out.line(`if (${test.text}) {`);
  out.indented(() => out.append(then));
  const only = otherwise.firstText;
  if (only === undefined) out.line("}");
  else if (expr.else?.kind === "IfExpr" && only.startsWith("if (")) {
    out.appendGlued("} else ", otherwise);
  } else {
    out.line("} else {");
    out.indented(() => out.append(otherwise));
    out.line("}");
  }
}

function branch(body: Body, node: Expr | Block, sink: Sink): Writer {
  const writer = new Writer();
  body.inner().into(node, sink, writer);
  return writer;
}

function elseBranch(body: Body, expr: IfExpr, sink: Sink): Writer {
  if (expr.else !== undefined) return branch(body, expr.else, sink);
  const writer = new Writer();
  const isEffect = body.typeOf(expr).kind === "effect";
  if (sink.kind === "assign") writer.line(`${sink.name} = ${isEffect ? "Promise.resolve()" : "undefined"};`);
  else if (sink.kind === "return") writer.line("return;");
  return writer;
}

/** `if (…) return …;` on one line where the branch is one line. */
function writeBranch(head: string, then: Writer, out: Writer): void {
  const { onlyLine } = then;
  if (onlyLine?.startsWith("return") && head.length + onlyLine.length < 100) {
    out.appendGlued(`${head} `, then);
    return;
  }
  out.line(`${head} {`);
  out.indented(() => out.append(then));
  out.line("}");
}

/** A condition whose later parts need statements after its earlier parts have held. */
function needsJumps(expr: Expr): boolean {
  if (expr.kind === "ParenExpr") return needsJumps(expr.inner);
  if (expr.kind !== "BinaryExpr" || expr.operator !== "&&") return false;
  return !isInline(expr.right) || needsJumps(expr.left);
}

function conjuncts(expr: Expr): readonly Expr[] {
  if (expr.kind === "ParenExpr") return conjuncts(expr.inner);
  if (expr.kind === "BinaryExpr" && expr.operator === "&&") return [...conjuncts(expr.left), ...conjuncts(expr.right)];
  return [expr];
}

/** One `if` inside the other, so that what the first has shown about a value still holds in the branch. */
function writeJumpingIf(body: Body, expr: IfExpr, sink: Sink, out: Writer): void {
  const label = sink.kind === "return" ? undefined : body.claim("choice");
  const write = (): void => {
    const nest = (inside: Body, tests: readonly Expr[]): void => {
      const [first, ...rest] = tests;
      if (first === undefined) {
        out.append(branch(inside, expr.then, sink));
        if (label !== undefined) out.line(`break ${label};`);
        return;
      }
      const test = lowerCondition(inside, first, out);
      out.block(`if (${test.text}) {`, () => nest(inside.inner(), rest));
    };
    nest(body, conjuncts(expr.condition));
    out.append(elseBranch(body, expr, sink));
  };
  if (label === undefined) write();
  else out.block(`${label}: {`, write);
}

interface Arm {
  readonly arm: MatchArm;
  readonly way: Alternative;
}

/** `match` as statements. */
export function writeMatch(body: Body, expr: MatchExpr, sink: Sink, out: Writer): void {
  const found = lowerCondition(body, expr.scrutinee, out);
  const path = isOwnPath(body, expr.scrutinee, found) ? found.text : nameSubject(body, expr, found, out);
  const arms = closeBool(
    expr.arms.flatMap((arm) => alternatives(body, arm.pattern, path).map((way) => ({ arm, way }))),
    path,
  );
  if (isSwitch(arms, path)) writeSwitch(body, arms, path, sink, out);
  else writeChain(body, arms, sink, out);
}

/** Of `true` and `false`, the second needs no test. */
function closeBool(arms: readonly Arm[], path: string): readonly Arm[] {
  const [first, second] = arms;
  if (arms.length !== 2 || first === undefined || second === undefined) return arms;
  const tests = [first, second].map(({ arm, way }) => (arm.guard === undefined ? way.tests.join(" ") : ""));
  if (!tests.includes(path) || !tests.includes(`!${path}`)) return arms;
  return [first, { ...second, way: { ...second.way, tests: [] } }];
}

function nameSubject(body: Body, expr: MatchExpr, found: Code, out: Writer): string {
  const name = body.claim("subject");
  const isCast = found.text.endsWith(" as boolean)");
  // Of a number or a text TypeScript might know the very value.
  const isScalar = body.typeOf(expr.scrutinee).kind === "base";
  const isTyped = !isCast && (isScalar || needsType(expr.scrutinee, body.typing));
  const type = isTyped ? `: ${typeText(body.module, body.typeOf(expr.scrutinee))}` : "";
  out.line(`const ${name}${type} = ${at(Level.assign, found)};`, body.origin(expr.scrutinee));
  return name;
}

const TAG_TEST = /^[\w$.]+\.(tag|party) === ("\w+")$/;

/** Each arm asks for one variant and nothing more, save for a last one that takes the rest. */
function isSwitch(arms: readonly Arm[], path: string): boolean {
  const tags = new Set<string>();
  const plain = arms.every(({ arm, way }, index) => {
    if (arm.guard !== undefined) return false;
    const [test, ...more] = way.tests;
    if (test === undefined) return index === arms.length - 1;
    const tag = TAG_TEST.exec(test)?.[2];
    if (more.length > 0 || tag === undefined || !test.startsWith(`${path}.`) || tags.has(tag)) return false;
    tags.add(tag);
    return test.split(" ")[0] === `${path}.${TAG_TEST.exec(test)?.[1]}`;
  });
  return plain && arms.length > 1;
}

function writeSwitch(body: Body, arms: readonly Arm[], path: string, sink: Sink, out: Writer): void {
  const member = TAG_TEST.exec(arms[0]?.way.tests[0] ?? "")?.[1] ?? "tag";
  out.block(`switch (${path}.${member}) {`, () => {
    for (const { arm, way } of arms) {
      const tag = TAG_TEST.exec(way.tests[0] ?? "")?.[2];
      const inside = new Writer();
      writeArm(body.inner(), arm, way.binds, sink, inside);
      if (sink.kind !== "return") inside.line("break;");
      const head = tag === undefined ? "default:" : `case ${tag}:`;
      writeCase(head, inside, out);
    }
    if (arms.at(-1)?.way.tests.length !== 0) {
      out.line("default:");
      out.indented(() => out.line(`throw ${body.module.runtime("unreachable")}();`));
    }
  });
}

/** Constants of an arm belong to it alone. */
function writeCase(head: string, inside: Writer, out: Writer): void {
  if (inside.hasConstants) {
    out.block(`${head} {`, () => out.append(inside));
    return;
  }
  out.line(head);
  out.indented(() => out.append(inside));
}

function writeArm(inside: Body, arm: MatchArm, binds: readonly Bind[], sink: Sink, out: Writer): void {
  bindAll(inside, binds, out);
  inside.into(arm.body, sink, out);
}

/** A value that is read once is read where it is; one that is read more often gets its name. */
function bindAll(inside: Body, binds: readonly Bind[], out: Writer): void {
  for (const { local, path } of binds) {
    const uses = inside.module.usesOf(local);
    if (uses <= 1) inside.alias(local, path);
    else out.line(`const ${inside.bind(local)} = ${path};`, inside.origin(local.node));
  }
}

function writeChain(body: Body, arms: readonly Arm[], sink: Sink, out: Writer): void {
  const simple = arms.every(({ arm }) => arm.guard === undefined || isInline(arm.guard));
  if (sink.kind === "return") {
    for (const each of arms) writeChained(body, each, sink, undefined, out);
    finishChain(body, arms, out);
  } else if (simple) {
    writeElseChain(body, arms, sink, out);
  } else {
    const label = body.claim("choice");
    out.block(`${label}: {`, () => {
      for (const each of arms) writeChained(body, each, sink, label, out);
      finishChain(body, arms, out);
    });
  }
}

function finishChain(body: Body, arms: readonly Arm[], out: Writer): void {
  if (!takesAll(arms.at(-1))) out.line(`throw ${body.module.runtime("unreachable")}();`);
}

function takesAll(each: Arm | undefined): boolean {
  return each !== undefined && each.way.tests.length === 0 && each.arm.guard === undefined;
}

/** One arm of a chain that is left by `return` or by a labelled `break`. */
function writeChained(body: Body, each: Arm, sink: Sink, label: string | undefined, out: Writer): void {
  const { arm, way } = each;
  const inside = body.inner();
  const last = (writer: Writer): void => {
    if (label !== undefined) writer.line(`break ${label};`);
  };
  if (takesAll(each)) {
    writeArm(inside, arm, way.binds, sink, out);
    return;
  }
  if (arm.guard === undefined || isInline(arm.guard)) {
    const test = armTest(body, each, out);
    const then = new Writer();
    writeArm(inside, arm, way.binds, sink, then);
    last(then);
    writeBranch(`if (${test})`, then, out);
    return;
  }
  const guard = arm.guard;
  const nested = (): void => {
    bindAll(inside, way.binds, out);
    const test = lowerCondition(inside, guard, out);
    const then = new Writer();
    inside.into(arm.body, sink, then);
    last(then);
    writeBranch(`if (${test.text})`, then, out);
  };
  out.block(way.tests.length === 0 ? "{" : `if (${way.tests.join(" && ")}) {`, nested);
}

function writeElseChain(body: Body, arms: readonly Arm[], sink: Sink, out: Writer): void {
  const tests = arms.map((each) => (takesAll(each) ? undefined : armTest(body, each, out)));
  let head = "if";
  for (const [index, each] of arms.entries()) {
    const inside = new Writer();
    writeArm(body.inner(), each.arm, each.way.binds, sink, inside);
    const test = tests[index];
    if (test === undefined && index === 0) {
      out.append(inside);
      return;
    }
    out.line(test === undefined ? "} else {" : `${head} (${test}) {`);
    out.indented(() => out.append(inside));
    if (test === undefined) break;
    head = "} else if";
  }
  if (!takesAll(arms.at(-1))) {
    out.line("} else {");
    out.indented(() => out.line(`throw ${body.module.runtime("unreachable")}();`));
  }
  out.line("}");
}

/** The condition of an arm, its guard included; the guard reads bound values where they are. */
function armTest(body: Body, { arm, way }: Arm, out: Writer): string {
  if (arm.guard === undefined) return way.tests.join(" && ");
  for (const { local, path } of way.binds) body.alias(local, path);
  const guard = at(Level.and, lowerCondition(body, arm.guard, out));
  return [...way.tests, guard].join(" && ");
}
