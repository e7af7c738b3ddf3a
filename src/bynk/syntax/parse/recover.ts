/**
 * Getting on after an error: skipping to a place where reading can start again. Groups in matching brackets are skipped
 * whole, so a mistake in a head does not spill into its body.
 */
import type { Span } from "../ast.ts";
import type { Token, TokenKind } from "../token.ts";
import type { ParseContext } from "./context.ts";

const unitWords: ReadonlySet<TokenKind> = new Set(["commons", "context", "adapter", "suite"]);

const itemWords: ReadonlySet<TokenKind> = new Set([
  ...(["uses", "consumes", "exports", "binding", "type", "fn", "capability"] as const),
  ...(["provides", "service", "agent", "actor"] as const),
]);

/** True where a unit begins: its word first on a line. `suite` may be a name, so it needs another behind it. */
export function startsUnit(ctx: ParseContext): boolean {
  const { token } = ctx;
  if (!unitWords.has(token.kind) || !token.firstOnLine) return false;
  const next = ctx.peek();
  return token.kind !== "suite" || (next.kind === "name" && !next.firstOnLine);
}

/** True where an item of a unit, or the next unit, begins: its word first on a line. */
export function startsDeclaration(ctx: ParseContext): boolean {
  if (!ctx.token.firstOnLine) return false;
  return itemWords.has(ctx.kind) || startsUnit(ctx) || startsTest(ctx);
}

/** `case "…"` and `property "…"`; `case` alone may be a name. */
function startsTest(ctx: ParseContext): boolean {
  return (ctx.kind === "case" || ctx.kind === "property") && ctx.inSuite && ctx.peek().kind === "string";
}

/** True at the word of an item, wherever it stands on its line. */
export function atItemWord(ctx: ParseContext): boolean {
  return itemWords.has(ctx.kind);
}

/** Skips tokens until `stops` holds, the file ends or a declaration begins. Returns what was skipped. */
export function skipUntil(ctx: ParseContext, stops: (token: Token) => boolean): Span {
  const start = ctx.token.start;
  while (ctx.kind !== "eof" && !stops(ctx.token) && !startsDeclaration(ctx)) skipOne(ctx);
  return ctx.spanFrom(start);
}

/** Skips one token, a whole bracketed group, or a whole string with its holes. */
export function skipOne(ctx: ParseContext): void {
  ctx.docs.excuse(ctx.at);
  while (ctx.closing > ctx.at) ctx.at = ctx.closing;
  ctx.next();
}
