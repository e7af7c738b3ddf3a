/** Blocks and statements (reference §6), and the bodies of functions. */
import type { Block, Expr, LetStmt, Stmt } from "../syntax/ast.ts";
import { Body, type BodyOptions, type Sink } from "./body.ts";
import { at, type Code, isLiteral, Level } from "./code.ts";
import { writeIf } from "./control.ts";
import { lower } from "./expressions.ts";
import { isInline, needsType } from "./inline.ts";
import { writeMatch } from "./matches.ts";
import { begin } from "./operands.ts";
import { typeText } from "./types.ts";
import type { Writer } from "./writer.ts";

/** A body, ready to be given its parameters. */
export function createBody(options: Omit<BodyOptions, "rules">): Body {
  return new Body({ ...options, rules: { lower, into } });
}

/** Writes the statements of a function. */
export function writeBody(body: Body, block: Block, out: Writer): void {
  for (const statement of block.statements) writeStatement(body, statement, out);
  const { tail } = block;
  if (tail !== undefined && tail.kind !== "UnitLiteral") into(body, tail, { kind: "return" }, out);
}

function into(body: Body, node: Expr | Block, sink: Sink, out: Writer): void {
  switch (node.kind) {
    case "Block":
      writeBlock(body, node, sink, out);
      return;
    case "ParenExpr":
      into(body, node.inner, sink, out);
      return;
    case "IfExpr":
      if (sink.kind !== "assign" || !isInline(node)) {
        writeIf(body, node, sink, out);
        return;
      }
      break;
    case "MatchExpr":
      writeMatch(body, node, sink, out);
      return;
  }
  const found = body.lower(node, out);
  const text = at(Level.assign, found);
  const origin = body.origin(node);
  if (sink.kind === "assign") out.line(`${sink.name} = ${at(Level.assign, begin(body, node, found))};`, origin);
  else if (sink.kind === "return") out.line(text === "undefined" ? "return;" : `return ${text};`, origin);
  else if (!found.stable) out.line(`${discarded(body, node, found)};`, origin);
}

/** A value nobody wants; work that was begun for it goes on, and its failure is reported. */
function discarded(body: Body, expr: Expr, found: Code): string {
  const text = at(Level.assign, found);
  return body.typeOf(expr).kind === "effect" ? `${body.module.runtime("detached")}(${text})` : asStatement(text);
}

function writeBlock(body: Body, block: Block, sink: Sink, out: Writer): void {
  for (const statement of block.statements) writeStatement(body, statement, out);
  if (block.tail !== undefined) into(body, block.tail, sink, out);
  else if (sink.kind === "return") out.line("return;");
  else if (sink.kind === "assign") out.line(`${sink.name} = undefined;`);
}

/** An object literal would be read as a block. */
function asStatement(text: string): string {
  return text.startsWith("{") ? `(${text})` : text;
}

function writeStatement(body: Body, statement: Stmt, out: Writer): void {
  const origin = body.origin(statement);
  switch (statement.kind) {
    case "LetStmt":
      writeLet(body, statement, out);
      return;
    case "DoStmt": {
      const value = body.lower(statement.value, out);
      out.line(`await ${at(Level.unary, value)};`, origin);
      return;
    }
    case "SendStmt": {
      const value = at(Level.assign, body.lower(statement.value, out));
      const { module, context } = body;
      const start =
        context === undefined ? `${module.runtime("detached")}(` : `${module.runtime("background")}(${context}, `;
      out.line(`${start}${value});`, origin);
      return;
    }
    default:
      throw new Error(`${statement.kind} is not part of this ring`);
  }
}

function writeLet(body: Body, statement: LetStmt, out: Writer): void {
  const { value, bind, annotation } = statement;
  const origin = body.origin(statement);
  const local = body.typing.lets.get(statement);
  const isStatement = !bind && !isInline(value) && (value.kind === "IfExpr" || value.kind === "MatchExpr");
  if (local === undefined) {
    if (isStatement) into(body, value, { kind: "discard" }, out);
    else {
      const found = body.lower(value, out);
      const text = bind ? `await ${at(Level.unary, found)}` : discarded(body, value, found);
      if (bind || !found.stable) out.line(`${text};`, origin);
    }
    return;
  }
  const type = typeText(body.module, local.type);
  if (isStatement) {
    const name = body.bind(local);
    out.line(`let ${name}: ${type};`, origin);
    into(body, value, { kind: "assign", name }, out);
    return;
  }
  const found = body.lower(value, out);
  // The value is written before its name is bound: it may read an earlier value of the same name.
  const name = body.bind(local);
  const typed = annotation !== undefined || needsType(value, body.typing) || isLiteral(found) ? `: ${type}` : "";
  const text = bind ? `await ${at(Level.unary, found)}` : at(Level.assign, begin(body, value, found));
  out.line(`const ${name}${typed} = ${text};`, origin);
}
