/** Matches as statements (reference §17.4). Every arm is reached only when those before it did not match. */
import type { MatchArm, MatchExpr } from "../syntax/ast.ts";
import type { Body, Sink } from "./body.ts";
import { at, type Code, Level } from "./code.ts";
import { isOwnPath, lowerCondition } from "./conditions.ts";
import { writeBranch } from "./control.ts";
import { isInline, needsType } from "./inline.ts";
import { type Alternative, alternatives, type Bind } from "./patterns.ts";
import { typeText } from "./types.ts";
import { Writer } from "./writer.ts";

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
