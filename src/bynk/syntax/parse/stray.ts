/**
 * What a block says about things that do not belong between its statements. Most are habits from other languages, so
 * each has a hint of its own.
 */
import { createFix } from "../../diagnostics/diagnostic.ts";
import type { Expr } from "../ast.ts";
import type { Token } from "../token.ts";
import type { ParseContext } from "./context.ts";
import { type Expectation, replaceFix, reportExpected, type Situation } from "./expect.ts";

/** Words that begin a statement elsewhere, with what to say about each. */
const foreignWords: ReadonlyMap<string, Situation> = new Map([
  ["const", "letWord"],
  ["var", "letWord"],
  ["val", "letWord"],
  ["return", "returnWord"],
  ["for", "loopWord"],
  ["while", "loopWord"],
  ["loop", "loopWord"],
  ["throw", "throwWord"],
  ["raise", "throwWord"],
  ["await", "awaitWord"],
  ["not", "notWord"],
]);

/** True right behind a complete expression or statement, at a sign that continues neither. */
export function isMisplacedSign(ctx: ParseContext): boolean {
  const { kind } = ctx;
  return kind === "=" || kind === "<-" || kind === "|" || kind === ":" || kind === ":=" || kind === "=>";
}

/** Reports it. True when reading can go on right behind it, as if the sign were not there. */
export function reportMisplacedSign(ctx: ParseContext): boolean {
  reportExpected(ctx, "the end of the statement", signHint(ctx));
  return ctx.kind === "=" || ctx.kind === "<-" || ctx.kind === "|";
}

/** Reports that `value` is followed by something although only the last expression of a block may be bare. */
export function reportStray(ctx: ParseContext, value: Expr): void {
  reportExpected(ctx, "`}` to end the block", strayHint(ctx, value));
}

/** True at the name behind `const`, `var` or `val`: what follows reads like the rest of a `let`. */
export function isForeignLet(ctx: ParseContext, value: Expr): boolean {
  return foreignWordOf(ctx, value) === "letWord" && ctx.kind === "name";
}

/** True when nothing on the rest of the line can be read as the language's own. */
export function isForeignLine(ctx: ParseContext, value: Expr): boolean {
  const word = foreignWordOf(ctx, value);
  return word === "loopWord" || word === "throwWord" || word === "awaitWord" || word === "notWord";
}

/** `a and b`, `a or b` */
export function isWordOperator(ctx: ParseContext): boolean {
  return !ctx.token.firstOnLine && (ctx.kind === "and" || ctx.atWord("or"));
}

function foreignWordOf(ctx: ParseContext, value: Expr): Situation | undefined {
  if (value.kind !== "NameExpr" || ctx.token.firstOnLine) return undefined;
  return foreignWords.get(value.name.text);
}

function signHint(ctx: ParseContext): Expectation {
  if (ctx.kind === "=") return letHint(ctx);
  if (ctx.kind === "<-") return { variant: "leftArrow" };
  if (ctx.kind === "|") return { variant: "singleBar" };
  if (ctx.kind === "=>") return arrowHint(ctx);
  if (ctx.kind === ":") return { variant: isTernary(ctx) ? "ternary" : "recordInHead" };
  return {};
}

/** `x = 1` where `let x = 1` was meant: certain when a name alone stands before it on the line. */
function letHint(ctx: ParseContext): Expectation {
  const name = ctx.tokens[ctx.at - 1];
  if (name?.kind !== "name" || !name.firstOnLine) return { variant: "equalsSign" };
  const fix = createFix(ctx.source, `write \`let ${name.text} =\``, [
    { span: { start: name.start, end: name.start }, text: "let " },
  ]);
  return { variant: "letMissing", fixes: [fix] };
}

/** `x => …` */
function arrowHint(ctx: ParseContext): Expectation {
  const name = ctx.tokens[ctx.at - 1];
  if (name?.kind !== "name") return {};
  return { variant: "bareLambda", fixes: [replaceFix(ctx, spanOf(name), `(${name.text})`)] };
}

/** A `?` stands earlier on the line. */
function isTernary(ctx: ParseContext): boolean {
  const reach = 30;
  for (let back = 1; back <= reach; back++) {
    const token = ctx.tokens[ctx.at - back];
    if (token?.kind === "?") return true;
    if (token === undefined || token.firstOnLine) return false;
  }
  return false;
}

function strayHint(ctx: ParseContext, value: Expr): Expectation {
  const word = foreignWordOf(ctx, value);
  if (word !== undefined) return foreignHint(ctx, value, word);
  if (ctx.kind === "(" && ctx.token.firstOnLine) return { variant: "callOnNewLine" };
  if (value.kind === "NameExpr" && ctx.kind === "{" && !ctx.token.firstOnLine) return { variant: "recordEquals" };
  return isWordOperator(ctx) ? wordOperatorHint(ctx) : { variant: "strayExpression" };
}

function wordOperatorHint(ctx: ParseContext): Expectation {
  const isAnd = ctx.kind === "and";
  const fix = replaceFix(ctx, spanOf(ctx.token), isAnd ? "&&" : "||");
  return { variant: isAnd ? "andWord" : "orWord", fixes: [fix] };
}

function foreignHint(ctx: ParseContext, value: Expr, variant: Situation): Expectation {
  const upToNext = { start: value.span.start, end: ctx.token.start };
  if (variant === "returnWord") return { variant, fixes: [replaceFix(ctx, upToNext, "", "remove `return`")] };
  if (variant === "letWord") return { variant, fixes: [replaceFix(ctx, value.span, "let")] };
  return { variant, fixes: variant === "notWord" ? [replaceFix(ctx, upToNext, "!")] : [] };
}

function spanOf(token: Token) {
  return { start: token.start, end: token.end };
}
