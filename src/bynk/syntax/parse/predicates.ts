/** `where` clauses of types, fields and patterns (reference §3, §3.4). */

import { nearestOf } from "../../diagnostics/nearest.ts";
import type { Predicate, PredicateArg, Refinement } from "../ast.ts";
import { describeToken } from "../token.ts";
import type { ParseContext } from "./context.ts";
import { replaceFix, reportExpected } from "./expect.ts";
import { parseList } from "./lists.ts";
import { atSignedNumber, parsePlainString, parseSignedNumber } from "./literals.ts";
import { isName, missingName, nameOf } from "./names.ts";

const predicateNames = [
  "NonNegative",
  "Positive",
  "InRange",
  "NonEmpty",
  "MinLength",
  "MaxLength",
  "Length",
  "Matches",
] as const;

const known: ReadonlySet<string> = new Set(predicateNames);

/** `where P and Q`, or nothing. */
export function parseRefinement(ctx: ParseContext): Refinement | undefined {
  return ctx.kind === "where" ? parseWhere(ctx, () => ctx.kind === "and" || ctx.kind === "&&") : undefined;
}

/** The `where` of a pattern: there `&&` may also join the whole test to another, so it binds only predicates. */
export function parsePatternRefinement(ctx: ParseContext): Refinement {
  return parseWhere(ctx, () => (ctx.kind === "and" || ctx.kind === "&&") && known.has(ctx.peek().text));
}

function parseWhere(ctx: ParseContext, continues: () => boolean): Refinement {
  const { start } = ctx.next();
  const predicates = [parsePredicate(ctx)];
  while (continues()) {
    ctx.next();
    predicates.push(parsePredicate(ctx));
  }
  return { kind: "Refinement", predicates, span: ctx.spanFrom(start) };
}

function parsePredicate(ctx: ParseContext): Predicate {
  const { token } = ctx;
  if (!isName(token) || token.kind === "and") return failPredicate(ctx);
  const name = nameOf(ctx.next());
  if (!known.has(name.text)) reportUnknown(ctx, name.text, name.span);
  const opener = ctx.kind === "(" ? ctx.next() : undefined;
  const args = opener && parseList(ctx, ")", opener, parsePredicateArg);
  return { kind: "Predicate", name, args, span: ctx.spanFrom(token.start) };
}

function parsePredicateArg(ctx: ParseContext): PredicateArg {
  return atSignedNumber(ctx) ? parseSignedNumber(ctx) : parsePlainString(ctx, "a number or a string");
}

function failPredicate(ctx: ParseContext): Predicate {
  const { token } = ctx;
  if (token.kind === "eof") reportExpected(ctx, "a predicate");
  else if (!ctx.isEcho) {
    ctx.report(
      "bynk.parse.expected_predicate",
      { start: token.start, end: token.end },
      { found: describeToken(token) },
    );
  }
  return { kind: "Predicate", name: missingName(ctx), args: undefined, span: ctx.placeHere() };
}

function reportUnknown(ctx: ParseContext, word: string, span: { start: number; end: number }): void {
  const nearest = nearestOf(word, predicateNames);
  if (nearest === undefined) {
    ctx.report("bynk.parse.unknown_predicate", span, { word, known: predicateNames.join(", ") });
  } else {
    const fixes = [replaceFix(ctx, span, nearest)];
    ctx.report("bynk.parse.unknown_predicate", span, { word, nearest }, { variant: "near", fixes });
  }
}
