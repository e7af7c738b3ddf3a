/** Expressions that begin with a name: the name itself, a call, a record literal (reference §7.3). */
import type { Expr, Name } from "../ast.ts";
import { atArguments, atTypeArgs, parseArguments } from "./arguments.ts";
import type { ParseContext } from "./context.ts";
import { reportExpected } from "./expect.ts";
import { nameOf } from "./names.ts";
import { isRecordBody, parseRecord } from "./records.ts";
import { isTrace, parseTrace, parseVal, parseWire } from "./test-values.ts";
import { parseTypeArgs } from "./types.ts";

/** At a name. */
export function parseNamed(ctx: ParseContext): Expr {
  const name = nameOf(ctx.next());
  if (ctx.kind === "{" && isRecordBody(ctx)) return parseRecord(ctx, name);
  if (atTypeArgs(ctx)) return name.text === "Val" ? parseVal(ctx, name) : parseGenericCall(ctx, name);
  if (atArguments(ctx)) return parseCall(ctx, name);
  return { kind: "NameExpr", name, span: name.span };
}

function parseCall(ctx: ParseContext, callee: Name): Expr {
  if (ctx.inSuite && callee.text === "trace" && isTrace(ctx)) return parseTrace(ctx, callee);
  if (ctx.inSuite && callee.text === "Wire") return parseWire(ctx, callee);
  const args = parseArguments(ctx);
  return { kind: "CallExpr", callee, typeArgs: undefined, args, span: ctx.spanFrom(callee.span.start) };
}

function parseGenericCall(ctx: ParseContext, callee: Name): Expr {
  if (atIndex(ctx)) return failIndex(ctx, callee);
  const typeArgs = parseTypeArgs(ctx);
  if (!atArguments(ctx)) reportExpected(ctx, "`(` after the type arguments", { variant: "typeArgsAlone" });
  const args = atArguments(ctx) ? parseArguments(ctx) : [];
  return { kind: "CallExpr", callee, typeArgs, args, span: ctx.spanFrom(callee.span.start) };
}

/** `xs[0]`: elements are read with `get`. */
function atIndex(ctx: ParseContext): boolean {
  const { kind } = ctx.peek();
  return kind === "int" || kind === "string" || kind === "-";
}

function failIndex(ctx: ParseContext, list: Name): Expr {
  const { start, end } = ctx.peek();
  ctx.report("bynk.parse.expected_type", { start, end }, { list: list.text }, { variant: "index" });
  if (ctx.closing > ctx.at) ctx.at = ctx.closing + 1;
  else ctx.next();
  ctx.hush();
  return { kind: "ErrorExpr", span: ctx.spanFrom(list.span.start) };
}
