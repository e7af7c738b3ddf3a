/** What may follow a primary: `?`, `.field`, `.method(…)`, `.method[T](…)` (reference §7.1). */
import type { Expr, Name } from "../ast.ts";
import type { Token } from "../token.ts";
import { atArguments, atTypeArgs, parseArguments } from "./arguments.ts";
import type { ParseContext } from "./context.ts";
import { replaceFix, reportExpected } from "./expect.ts";
import { isName, nameOf, parseName } from "./names.ts";
import { errorExpression, growChain } from "./nesting.ts";
import { parsePrimary } from "./primary.ts";
import { parseTypeArgs } from "./types.ts";

export function parsePostfix(ctx: ParseContext): Expr {
  let value = parsePrimary(ctx);
  while (ctx.kind === "?" || ctx.kind === ".") {
    if (!growChain(ctx)) value = errorExpression(value.span);
    value = ctx.kind === "?" ? parseQuestion(ctx, value) : parseMember(ctx, value);
  }
  return value;
}

function parseQuestion(ctx: ParseContext, operand: Expr): Expr {
  ctx.next();
  return { kind: "QuestionExpr", operand, span: ctx.spanFrom(operand.span.start) };
}

function parseMember(ctx: ParseContext, receiver: Expr): Expr {
  const dot = ctx.next();
  if (isNumber(receiver) && !isName(ctx.token)) return failNumber(ctx, receiver, dot);
  const member = parseMemberName(ctx);
  const typeArgs = atTypeArgs(ctx) ? parseTypeArgs(ctx) : undefined;
  const { start } = receiver.span;
  if (atArguments(ctx)) {
    const args = parseArguments(ctx);
    return { kind: "MethodCall", receiver, method: member, typeArgs, args, span: ctx.spanFrom(start) };
  }
  if (typeArgs !== undefined) reportExpected(ctx, "`(` after the type arguments", { variant: "typeArgsAlone" });
  return { kind: "FieldAccess", receiver, field: member, span: ctx.spanFrom(start) };
}

/** A field or method; the built-in variants may follow a dot too (`HttpResult.Ok`). */
function parseMemberName(ctx: ParseContext): Name {
  const { kind } = ctx;
  const isVariant = kind === "Ok" || kind === "Err" || kind === "Some" || kind === "None";
  return isVariant ? nameOf(ctx.next()) : parseName(ctx, "a field or method after the dot");
}

function isNumber(receiver: Expr): boolean {
  return receiver.kind === "IntLiteral" || receiver.kind === "FloatLiteral";
}

/** `7.` */
function failNumber(ctx: ParseContext, receiver: Expr, dot: Token): Expr {
  const span = { start: receiver.span.start, end: dot.end };
  const written = ctx.source.text.slice(receiver.span.start, receiver.span.end);
  const fixes = receiver.kind === "IntLiteral" ? [replaceFix(ctx, span, `${written}.0`)] : [];
  if (!ctx.isEcho) ctx.report("bynk.parse.malformed_float_literal", span, { written: `${written}.` }, { fixes });
  ctx.hush();
  return receiver.kind === "IntLiteral" ? { ...receiver, kind: "FloatLiteral", span } : receiver;
}
