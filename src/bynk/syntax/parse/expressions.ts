/**
 * Expressions by precedence climbing (reference §7.1): a table says how tightly each operator binds, and one loop reads
 * an operand and whatever operators bind tighter than what stands to its left.
 */
import type { BinaryOperator, Expr, Span } from "../ast.ts";
import type { Token, TokenKind } from "../token.ts";
import type { ParseContext } from "./context.ts";
import { parseExpectExpr } from "./expectations.ts";
import { errorExpression, growChain, nested } from "./nesting.ts";
import { parsePattern } from "./patterns.ts";
import { parsePostfix } from "./postfix.ts";

type Associativity = "left" | "right" | "none";

interface Operator {
  readonly level: number;
  readonly associativity: Associativity;
}

const operators: Readonly<Partial<Record<TokenKind, Operator>>> = {
  implies: { level: 1, associativity: "right" },
  "||": { level: 2, associativity: "left" },
  "&&": { level: 3, associativity: "left" },
  "==": { level: 4, associativity: "none" },
  "!=": { level: 4, associativity: "none" },
  is: { level: 4, associativity: "none" },
  "<": { level: 5, associativity: "none" },
  "<=": { level: 5, associativity: "none" },
  ">": { level: 5, associativity: "none" },
  ">=": { level: 5, associativity: "none" },
  "+": { level: 6, associativity: "left" },
  "-": { level: 6, associativity: "left" },
  "*": { level: 7, associativity: "left" },
  "/": { level: 7, associativity: "left" },
};

/** The `expression` of `Rules`; callers elsewhere go through `parseExpression`, which counts nesting. */
export function parseOperators(ctx: ParseContext): Expr {
  return ctx.kind === "expect" ? parseExpectExpr(ctx) : parseAbove(ctx, 0);
}

/** An expression whose operators all bind tighter than `level`. */
function parseAbove(ctx: ParseContext, level: number): Expr {
  let left = parseUnary(ctx);
  let chained = -1;
  for (;;) {
    const operator = continuingOperator(ctx);
    if (operator === undefined || operator.level <= level) return left;
    if (operator.level === chained) reportChained(ctx, left.span);
    if (!growChain(ctx)) left = errorExpression(left.span);
    left = parseOperation(ctx, left, operator);
    chained = operator.associativity === "none" ? operator.level : -1;
  }
}

/** A `+` or `-` at the start of a line never continues the line above (reference §7.2). */
function continuingOperator(ctx: ParseContext): Operator | undefined {
  const { token } = ctx;
  if (token.firstOnLine && (token.kind === "+" || token.kind === "-")) return undefined;
  return operators[token.kind];
}

function parseOperation(ctx: ParseContext, left: Expr, { level, associativity }: Operator): Expr {
  const token = ctx.next();
  const { start } = left.span;
  if (token.kind === "is") {
    const pattern = parsePattern(ctx);
    return { kind: "IsExpr", value: left, pattern, span: ctx.spanFrom(start) };
  }
  const right = nested(
    ctx,
    (inner) => parseAbove(inner, associativity === "right" ? level - 1 : level),
    errorExpression,
  );
  return {
    kind: "BinaryExpr",
    // Every other key of the table is a binary operator.
    operator: token.kind as BinaryOperator,
    operatorSpan: spanOf(token),
    left,
    right,
    span: ctx.spanFrom(start),
  };
}

function reportChained(ctx: ParseContext, left: Span): void {
  const { token } = ctx;
  const related = [{ span: left, message: "this comparison is complete" }];
  ctx.report("bynk.parse.non_associative", spanOf(token), { operator: token.text }, { related });
}

function parseUnary(ctx: ParseContext): Expr {
  const { token } = ctx;
  if (token.kind !== "-" && token.kind !== "!") return parsePostfix(ctx);
  ctx.next();
  const operand = nested(ctx, parseUnary, errorExpression);
  return { kind: "UnaryExpr", operator: token.kind, operand, span: ctx.spanFrom(token.start) };
}

function spanOf(token: Token): Span {
  return { start: token.start, end: token.end };
}
