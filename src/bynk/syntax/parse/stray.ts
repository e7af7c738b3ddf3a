/**
 * What a block says about things that do not belong between its statements. Most are habits from other languages, so
 * each has a hint of its own.
 */
import { createFix } from "../../diagnostics/diagnostic.ts";
import type { Expr } from "../ast.ts";
import type { ParseContext } from "./context.ts";
import { type Expectation, reportExpected } from "./expect.ts";

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

function signHint(ctx: ParseContext): Expectation {
  if (ctx.kind === "=") return letHint(ctx);
  if (ctx.kind === "<-") return { variant: "leftArrow" };
  if (ctx.kind === "|") return { variant: "singleBar" };
  return ctx.kind === ":" ? { variant: "recordInHead" } : {};
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

function strayHint(ctx: ParseContext, value: Expr): Expectation {
  if (value.kind === "NameExpr" && value.name.text === "return") return returnHint(ctx, value);
  const glued = ctx.kind === "(" && ctx.token.firstOnLine;
  return { variant: glued ? "callOnNewLine" : "strayExpression" };
}

function returnHint(ctx: ParseContext, word: Expr): Expectation {
  const span = { start: word.span.start, end: ctx.token.start };
  return { variant: "returnWord", fixes: [createFix(ctx.source, "remove `return`", [{ span, text: "" }])] };
}
