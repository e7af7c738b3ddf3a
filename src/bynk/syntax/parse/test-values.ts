/** The values only tests have: `Val`, `trace`, `Wire` (reference §30). */
import type { Expr, Name } from "../ast.ts";
import { atArguments, parseArguments } from "./arguments.ts";
import type { ParseContext } from "./context.ts";
import { expectClosing, reportExpected } from "./expect.ts";
import { parseList } from "./lists.ts";
import { isName, nameOf } from "./names.ts";
import { parseExpression } from "./nesting.ts";
import { isRecordBody, parseFieldInit } from "./records.ts";
import { parseType } from "./types.ts";

/** `Val[T]`, with pins in brackets or by field; `[` is next. */
export function parseVal(ctx: ParseContext, word: Name): Expr {
  const opener = ctx.next();
  const type = parseType(ctx);
  expectClosing(ctx, "]", opener);
  const pins = atArguments(ctx) ? parseArguments(ctx) : undefined;
  const byField = pins === undefined && ctx.kind === "{" && isRecordBody(ctx);
  const fields = byField ? ctx.unrestricted(() => parseList(ctx, "}", ctx.next(), parseFieldInit)) : undefined;
  return { kind: "ValExpr", type, pins, fields, span: ctx.spanFrom(word.span.start) };
}

/** At `(`: true for `(Cap.op)`, which is all that `trace` takes. */
export function isTrace(ctx: ParseContext): boolean {
  return isName(ctx.peek(1)) && ctx.peek(2).kind === "." && isName(ctx.peek(3)) && ctx.peek(4).kind === ")";
}

/** `trace(Cap.op)` where `isTrace`. */
export function parseTrace(ctx: ParseContext, word: Name): Expr {
  ctx.next();
  const capability = nameOf(ctx.next());
  ctx.next();
  const operation = nameOf(ctx.next());
  ctx.next();
  return { kind: "TraceExpr", capability, operation, span: ctx.spanFrom(word.span.start) };
}

/** `Wire("raw")`, with `(` next. */
export function parseWire(ctx: ParseContext, word: Name): Expr {
  const opener = ctx.next();
  const value = ctx.unrestricted(() => parseExpression(ctx));
  if (ctx.kind === ",") reportExpected(ctx, "`)`");
  expectClosing(ctx, ")", opener);
  return { kind: "WireExpr", value, span: ctx.spanFrom(word.span.start) };
}
