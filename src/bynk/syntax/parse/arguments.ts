/** The arguments of a call. */
import type { Expr } from "../ast.ts";
import type { ParseContext } from "./context.ts";
import { replaceFix, reportExpected } from "./expect.ts";
import { parseList } from "./lists.ts";
import { parseExpression } from "./nesting.ts";

/** `(a, b)` with the opening bracket next. */
export function parseArguments(ctx: ParseContext): readonly Expr[] {
  return ctx.unrestricted(() => parseList(ctx, ")", ctx.next(), parseArgument));
}

function parseArgument(ctx: ParseContext): Expr {
  if (ctx.kind === "name" && ctx.peek().kind === ":") skipArgumentName(ctx);
  return parseExpression(ctx);
}

/** `f(a: 1)` */
function skipArgumentName(ctx: ParseContext): void {
  const span = { start: ctx.token.start, end: ctx.peek(2).start };
  const fix = replaceFix(ctx, span, "", `remove \`${ctx.token.text}:\``);
  reportExpected(ctx, "a value", { variant: "namedArgument", fixes: [fix] });
  ctx.next();
  ctx.next();
}

/** True at a bracket that continues the call on the same line; on a new line it starts something else (§7.2). */
export function atArguments(ctx: ParseContext): boolean {
  return ctx.kind === "(" && !ctx.token.firstOnLine;
}

/** True at `[` on the same line as the name before it; on a new line it is a list literal (§7.2). */
export function atTypeArgs(ctx: ParseContext): boolean {
  return ctx.kind === "[" && !ctx.token.firstOnLine;
}
