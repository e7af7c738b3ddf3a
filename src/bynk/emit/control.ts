/** Branches, as expressions and as statements (reference §17.4). */
import type { Block, Expr, IfExpr, MatchExpr } from "../syntax/ast.ts";
import type { Body, Sink } from "./body.ts";
import { at, type Code, code, Level, stable } from "./code.ts";
import { lowerCondition } from "./conditions.ts";
import { isInline } from "./inline.ts";
import { typeText } from "./types.ts";
import { Writer } from "./writer.ts";

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
export function writeBranch(head: string, then: Writer, out: Writer): void {
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
