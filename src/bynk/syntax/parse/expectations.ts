/** `expect` and what it may claim about calls at a capability's seam (reference §30). */
import type { ExpectStmt, Expr, Name, Observation } from "../ast.ts";
import type { ParseContext } from "./context.ts";
import { expectToken, expectWord } from "./expect.ts";
import { intLiteralOf } from "./literals.ts";
import { isName, nameOf, parseName } from "./names.ts";
import { parseExpression } from "./nesting.ts";

/** `expect …` where an expression stands, with the word next. */
export function parseExpectExpr(ctx: ParseContext): Expr {
  const { start } = ctx.next();
  const subject = parseSubject(ctx);
  return { kind: "ExpectExpr", subject, span: ctx.spanFrom(start) };
}

/** `expect …` as a statement, with the word next. */
export function parseExpectStmt(ctx: ParseContext): ExpectStmt {
  const { start } = ctx.next();
  const subject = parseSubject(ctx);
  return { kind: "ExpectStmt", subject, span: ctx.spanFrom(start) };
}

function parseSubject(ctx: ParseContext): Expr | Observation {
  return isObservation(ctx) ? parseObservation(ctx) : parseExpression(ctx);
}

/** `Cap.op` and, on the same line, one of the words that claim something about its calls. */
function isObservation(ctx: ParseContext): boolean {
  const claim = ctx.peek(3);
  if (!isName(ctx.token) || ctx.peek(1).kind !== "." || !isName(ctx.peek(2)) || claim.firstOnLine) return false;
  return claim.kind === "name" && (claim.text === "called" || claim.text === "never" || claim.text === "before");
}

function parseObservation(ctx: ParseContext): Observation {
  const { start } = ctx.token;
  const [capability, operation] = parseSeam(ctx);
  const claim = parseClaim(ctx);
  return { kind: "Observation", capability, operation, claim, span: ctx.spanFrom(start) };
}

/** `Cap.op` */
export function parseSeam(ctx: ParseContext): readonly [capability: Name, operation: Name] {
  const capability = parseName(ctx, "the name of a capability");
  expectToken(ctx, ".", "`.` and the name of an operation");
  return [capability, parseName(ctx, "the name of an operation")];
}

function parseClaim(ctx: ParseContext): Observation["claim"] {
  const word = nameOf(ctx.next());
  if (word.text === "before") return parseBefore(ctx, word);
  if (word.text === "called") return parseCalled(ctx, word);
  expectWord(ctx, "called");
  return { kind: "ObservedNever", span: ctx.spanFrom(word.span.start) };
}

function parseBefore(ctx: ParseContext, word: Name): Observation["claim"] {
  const [capability, operation] = parseSeam(ctx);
  return { kind: "ObservedBefore", capability, operation, span: ctx.spanFrom(word.span.start) };
}

function parseCalled(ctx: ParseContext, word: Name): Observation["claim"] {
  const times = parseTimes(ctx);
  const predicate = ctx.eatWord("with") ? parseExpression(ctx) : undefined;
  return { kind: "ObservedCalled", times, with: predicate, span: ctx.spanFrom(word.span.start) };
}

/** `once`, `3 times`, or nothing. */
function parseTimes(ctx: ParseContext): number | undefined {
  if (ctx.eatWord("once")) return 1;
  if (ctx.kind !== "int" || ctx.token.firstOnLine) return undefined;
  const times = intLiteralOf(ctx.next()).value;
  expectWord(ctx, "times");
  return times;
}
