/** Statements (reference §6). */
import type { CallSiteActor, LetStmt, Stmt } from "../ast.ts";
import { atArguments, parseArguments } from "./arguments.ts";
import type { ParseContext } from "./context.ts";
import { replaceFix, reportExpected } from "./expect.ts";
import { parseExpectStmt } from "./expectations.ts";
import { isName, nameOf, parseName } from "./names.ts";
import { parseExpression } from "./nesting.ts";
import { parseType } from "./types.ts";

/** Reads a statement if one begins here; a bare expression is not one. */
export function parseStatement(ctx: ParseContext): Stmt | undefined {
  switch (ctx.kind) {
    case "let":
      return parseLet(ctx);
    case "do":
      return parseEffect(ctx, "DoStmt");
    case "~>":
      return parseEffect(ctx, "SendStmt");
    case "expect":
      return parseExpectStmt(ctx);
    default:
      return isName(ctx.token) && ctx.peek().kind === ":=" ? parseAssign(ctx) : undefined;
  }
}

function parseLet(ctx: ParseContext): Stmt {
  const { start } = ctx.next();
  return parseLetRest(ctx, start);
}

/** What follows the word `let`. */
export function parseLetRest(ctx: ParseContext, start: number): Stmt {
  const binder = parseBinder(ctx);
  const annotation = ctx.eat(":") ? parseType(ctx) : undefined;
  const bind = parseLetSign(ctx);
  const value = parseExpression(ctx);
  const actor = bind && ctx.kind === "by" ? parseCallSiteActor(ctx) : undefined;
  return { kind: "LetStmt", binder, annotation, bind, value, actor, span: ctx.spanFrom(start) };
}

/** A name, or `_` for a value nobody wants. */
function parseBinder(ctx: ParseContext): LetStmt["binder"] {
  if (ctx.atWord("mut") && ctx.peek().kind === "name") skipMut(ctx);
  const next = ctx.peek();
  const discards = ctx.kind === "_" && !(isName(next) && next.start === ctx.token.end);
  if (!discards) return parseName(ctx, "a name or `_`");
  ctx.next();
  return undefined;
}

/** `let mut x` */
function skipMut(ctx: ParseContext): void {
  const span = { start: ctx.token.start, end: ctx.peek().start };
  reportExpected(ctx, "a name or `_`", { variant: "letWord", fixes: [replaceFix(ctx, span, "", "remove `mut`")] });
  ctx.next();
}

/** True for `<-`. */
function parseLetSign(ctx: ParseContext): boolean {
  if (ctx.eat("<-")) return true;
  if (!ctx.eat("=")) reportExpected(ctx, "`=` or `<-`");
  return false;
}

/** `by Reader("1")` behind a driven call (ring 3). */
function parseCallSiteActor(ctx: ParseContext): CallSiteActor {
  const { start } = ctx.next();
  const name = parseName(ctx, "the name of an actor");
  const args = atArguments(ctx) ? parseArguments(ctx) : undefined;
  return { kind: "CallSiteActor", name, args, span: ctx.spanFrom(start) };
}

function parseEffect(ctx: ParseContext, kind: "DoStmt" | "SendStmt"): Stmt {
  const { start } = ctx.next();
  const value = parseExpression(ctx);
  return { kind, value, span: ctx.spanFrom(start) };
}

function parseAssign(ctx: ParseContext): Stmt {
  const target = nameOf(ctx.next());
  ctx.next();
  const value = parseExpression(ctx);
  return { kind: "AssignStmt", target, value, span: ctx.spanFrom(target.span.start) };
}
