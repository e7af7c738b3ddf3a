/** Bounding how deep things nest, so that neither the parser nor whoever walks its tree runs out of stack. */
import type { Block, Expr, Span } from "../ast.ts";
import { maxHeight, maxNesting, type ParseContext } from "./context.ts";
import { skipOne } from "./recover.ts";

/** An expression, one level deeper. The way every part of the grammar but the operators asks for one. */
export function parseExpression(ctx: ParseContext): Expr {
  return nested(ctx, ctx.rules.expression, errorExpression);
}

/** A block in braces; `opener` says what it is the body of. */
export function parseBlock(ctx: ParseContext, opener: string): Block {
  return ctx.unrestricted(() => nested(ctx, (inner) => inner.rules.block(inner, opener), errorBlock));
}

/** Reads one level deeper; past the limit reports once, skips the bracketed group or token, and gives an error node. */
export function nested<Node>(ctx: ParseContext, read: (ctx: ParseContext) => Node, fail: (span: Span) => Node): Node {
  if (ctx.nesting >= maxNesting) return fail(skipTooDeep(ctx));
  const outerHeight = ctx.height;
  ctx.nesting += 1;
  ctx.height = 0;
  const node = read(ctx);
  ctx.nesting -= 1;
  ctx.height = Math.max(outerHeight, ctx.height + 1);
  return node;
}

/** Counts one more link of a chain such as `a + b + c`. False when the chain has grown too high; then it is reported. */
export function growChain(ctx: ParseContext): boolean {
  ctx.height += 1;
  if (ctx.height <= maxHeight) return true;
  const { start, end } = ctx.token;
  ctx.report("bynk.parse.nesting_too_deep", { start, end }, { limit: maxHeight }, { variant: "chain" });
  ctx.height = 0;
  return false;
}

export function errorExpression(span: Span): Expr {
  return { kind: "ErrorExpr", span };
}

function errorBlock(span: Span): Block {
  return { kind: "Block", statements: [], tail: { kind: "ErrorExpr", span }, span };
}

function skipTooDeep(ctx: ParseContext): Span {
  const { start, end } = ctx.token;
  ctx.report("bynk.parse.nesting_too_deep", { start, end }, { limit: maxNesting });
  if (ctx.closing > ctx.at) skipOne(ctx);
  else ctx.placeHere();
  ctx.hush();
  return ctx.spanFrom(start);
}
