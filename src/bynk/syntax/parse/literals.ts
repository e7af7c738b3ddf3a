/** Literals that stand as data: numbers with a sign, plain strings, booleans. */
import type { BoolLiteral, FloatLiteral, IntLiteral, SignedLiteral, StringLiteral } from "../ast.ts";
import { floatValue } from "../lex/numbers.ts";
import type { Token } from "../token.ts";
import type { ParseContext } from "./context.ts";
import { reportExpected } from "./expect.ts";
import { skipOne } from "./recover.ts";

export function intLiteralOf(token: Token): IntLiteral {
  const value = floatValue(token.text);
  return {
    kind: "IntLiteral",
    value,
    isSafe: Number.isSafeInteger(value),
    lexeme: token.text,
    span: { start: token.start, end: token.end },
  };
}

export function floatLiteralOf(token: Token): FloatLiteral {
  const span = { start: token.start, end: token.end };
  return { kind: "FloatLiteral", value: floatValue(token.text), lexeme: token.text, span };
}

export function stringLiteralOf(token: Token): StringLiteral {
  return { kind: "StringLiteral", value: token.value ?? "", span: { start: token.start, end: token.end } };
}

export function boolLiteralOf(token: Token): BoolLiteral {
  return { kind: "BoolLiteral", value: token.kind === "true", span: { start: token.start, end: token.end } };
}

/** True at a number, or at a minus right before one. */
export function atSignedNumber(ctx: ParseContext): boolean {
  const kind = ctx.kind === "-" ? ctx.peek().kind : ctx.kind;
  return kind === "int" || kind === "float";
}

/** `-3`, `0.5`. Only where `atSignedNumber`. */
export function parseSignedNumber(ctx: ParseContext): SignedLiteral {
  const { start } = ctx.token;
  const negative = ctx.eat("-") !== undefined;
  const token = ctx.next();
  const literal = token.kind === "float" ? floatLiteralOf(token) : intLiteralOf(token);
  const value = negative ? -literal.value : literal.value;
  return { kind: "SignedLiteral", negative, literal, value, span: ctx.spanFrom(start) };
}

/** A string that is data, so it may have no holes. One with holes is reported and read over. */
export function parsePlainString(ctx: ParseContext, phrase: string): StringLiteral {
  if (ctx.kind === "string") return stringLiteralOf(ctx.next());
  const { start } = ctx.token;
  if (ctx.kind === "stringHead") {
    reportExpected(ctx, phrase, { variant: "plainString" });
    skipOne(ctx);
    return { kind: "StringLiteral", value: "", span: ctx.spanFrom(start) };
  }
  reportExpected(ctx, phrase);
  return { kind: "StringLiteral", value: "", span: ctx.placeHere() };
}
