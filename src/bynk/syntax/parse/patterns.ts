/** Patterns (reference §8.1), with the alternatives, brackets and refinements of the August dialect. */
import type { Name, Pattern, Span, SubPattern } from "../ast.ts";
import type { Token } from "../token.ts";
import type { ParseContext } from "./context.ts";
import { closeGroup, reportExpected } from "./expect.ts";
import { parseList } from "./lists.ts";
import { boolLiteralOf, parsePlainString, parseSignedNumber } from "./literals.ts";
import { isName, nameOf, parseName, startsUpperCase } from "./names.ts";
import { nested } from "./nesting.ts";
import { parsePatternRefinement } from "./predicates.ts";

const phrase = "a pattern";

export function parsePattern(ctx: ParseContext): Pattern {
  return nested(ctx, parseAlternatives, errorPattern);
}

function parseAlternatives(ctx: ParseContext): Pattern {
  const { start } = ctx.token;
  const first = parseRefined(ctx);
  if (ctx.kind !== "|") return first;
  const alternatives = [first];
  while (ctx.eat("|")) alternatives.push(parseRefined(ctx));
  return { kind: "OrPattern", alternatives, span: ctx.spanFrom(start) };
}

function parseRefined(ctx: ParseContext): Pattern {
  const { start } = ctx.token;
  const inner = parsePrimary(ctx);
  if (ctx.kind !== "where" || inner.kind === "ErrorPattern") return inner;
  if (inner.kind !== "WildcardPattern") ctx.report("bynk.parse.refined_pattern_inner", inner.span, {});
  const refinement = parsePatternRefinement(ctx);
  return { kind: "RefinedPattern", inner, refinement, span: ctx.spanFrom(start) };
}

function parsePrimary(ctx: ParseContext): Pattern {
  const { token } = ctx;
  switch (token.kind) {
    case "_":
      ctx.next();
      return { kind: "WildcardPattern", span: spanOf(token) };
    case "true":
    case "false":
      return { kind: "LiteralPattern", literal: boolLiteralOf(ctx.next()), span: spanOf(token) };
    case "string":
    case "stringHead":
      return {
        kind: "LiteralPattern",
        literal: parsePlainString(ctx, "a plain string"),
        span: ctx.spanFrom(token.start),
      };
    case "int":
      return parseIntPattern(ctx);
    case "-":
      return ctx.peek().kind === "int" ? parseIntPattern(ctx) : failPattern(ctx);
    case "(":
      return parseBracketed(ctx);
    default:
      return isName(token) || isBuiltInVariant(token) ? parseNamed(ctx) : failPattern(ctx);
  }
}

function parseIntPattern(ctx: ParseContext): Pattern {
  const literal = parseSignedNumber(ctx);
  return { kind: "LiteralPattern", literal, span: literal.span };
}

function parseBracketed(ctx: ParseContext): Pattern {
  const opener = ctx.next();
  const inner = parsePattern(ctx);
  closeGroup(ctx, ")", opener);
  return { kind: "ParenPattern", inner, span: ctx.spanFrom(opener.start) };
}

/** A binding, or a variant with an optional qualifier and payload. */
function parseNamed(ctx: ParseContext): Pattern {
  const first = ctx.next();
  if (ctx.kind === ".") return finishQualified(ctx, nameOf(first));
  if (startsUpperCase(first.text)) return finishVariant(ctx, first.start, undefined, nameOf(first));
  return { kind: "BindingPattern", name: nameOf(first), span: spanOf(first) };
}

function finishQualified(ctx: ParseContext, qualifier: Name): Pattern {
  ctx.next();
  const variant = isBuiltInVariant(ctx.token) ? nameOf(ctx.next()) : parseName(ctx, "the name of a variant");
  return finishVariant(ctx, qualifier.span.start, qualifier, variant);
}

function finishVariant(ctx: ParseContext, start: number, qualifier: Name | undefined, variant: Name): Pattern {
  const hasPayload = ctx.kind === "(" && !ctx.token.firstOnLine;
  const args = hasPayload ? parseList(ctx, ")", ctx.next(), parseSubPattern) : undefined;
  return { kind: "VariantPattern", qualifier, variant, args, span: ctx.spanFrom(start) };
}

function parseSubPattern(ctx: ParseContext): SubPattern {
  const { start } = ctx.token;
  const named = isName(ctx.token) && ctx.peek().kind === ":";
  const field = named ? nameOf(ctx.next()) : undefined;
  if (named) ctx.next();
  const pattern = parsePattern(ctx);
  return { kind: "SubPattern", field, pattern, span: ctx.spanFrom(start) };
}

/** True at `Ok`, `Err`, `Some` or `None`. */
function isBuiltInVariant(token: Token): boolean {
  return token.kind === "Ok" || token.kind === "Err" || token.kind === "Some" || token.kind === "None";
}

function failPattern(ctx: ParseContext): Pattern {
  reportExpected(ctx, phrase);
  return { kind: "ErrorPattern", span: ctx.placeHere() };
}

function errorPattern(span: Span): Pattern {
  return { kind: "ErrorPattern", span };
}

function spanOf(token: Token): Span {
  return { start: token.start, end: token.end };
}
