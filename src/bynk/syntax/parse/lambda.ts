/** Lambdas (reference §19). `(` begins one exactly when its closing bracket is followed by `=>`. */
import type { Expr, LambdaParam } from "../ast.ts";
import type { ParseContext } from "./context.ts";
import { parseList } from "./lists.ts";
import { parseName } from "./names.ts";
import { parseBlock, parseExpression } from "./nesting.ts";
import { parseType } from "./types.ts";

/** At `(`. */
export function isLambda(ctx: ParseContext): boolean {
  const { closing } = ctx;
  return closing > 0 && ctx.tokens[closing + 1]?.kind === "=>" && !ctx.restriction.noLambda;
}

export function parseLambda(ctx: ParseContext): Expr {
  const opener = ctx.next();
  const params = ctx.unrestricted(() => parseList(ctx, ")", opener, parseLambdaParam));
  ctx.eat("=>");
  const body = parseArrowBody(ctx);
  return { kind: "LambdaExpr", params, body, span: ctx.spanFrom(opener.start) };
}

/** What stands behind `=>`: a block if it begins with `{`, else an expression. */
export function parseArrowBody(ctx: ParseContext) {
  return ctx.kind === "{" ? parseBlock(ctx, "the body after `=>`") : parseExpression(ctx);
}

function parseLambdaParam(ctx: ParseContext): LambdaParam {
  const { start } = ctx.token;
  const name = parseName(ctx, "the name of a parameter");
  const type = ctx.eat(":") ? parseType(ctx) : undefined;
  return { kind: "LambdaParam", name, type, span: ctx.spanFrom(start) };
}
