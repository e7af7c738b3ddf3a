/** `if` and `match` (reference §7.3, §8). In their heads `{` opens the body and never a record literal. */
import type { Block, Expr, IfExpr, MatchArm, Span } from "../ast.ts";
import type { Token } from "../token.ts";
import { inGuard, inHead, type ParseContext } from "./context.ts";
import { expectToken, replaceFix, reportExpected, reportUnclosed } from "./expect.ts";
import { parseArrowBody } from "./lambda.ts";
import { nested, parseBlock, parseExpression } from "./nesting.ts";
import { parsePattern } from "./patterns.ts";
import { skipOne, skipUntil, startsDeclaration } from "./recover.ts";

/** At `if`. */
export function parseIf(ctx: ParseContext): IfExpr {
  const { start } = ctx.next();
  const condition = ctx.restricted(inHead, () => parseExpression(ctx));
  mendAssignment(ctx);
  const then = parseBranch(ctx, "`if`");
  const otherwise = ctx.eat("else") ? parseElse(ctx) : undefined;
  return { kind: "IfExpr", condition, then, else: otherwise, span: ctx.spanFrom(start) };
}

function parseElse(ctx: ParseContext): IfExpr["else"] {
  return ctx.kind === "if" ? nested(ctx, parseIf, errorIf) : parseBranch(ctx, "`else`");
}

/** A block. Without braces it is reported, and an expression on the same line is read as the branch. */
function parseBranch(ctx: ParseContext, word: string): Block {
  const opener = `the ${word} branch`;
  if (ctx.kind === "{" || ctx.token.firstOnLine || ctx.kind === "eof") return parseBlock(ctx, opener);
  reportExpected(ctx, `\`{\` to open ${opener}`, { variant: "bodyBrace" });
  if (ctx.eatWord("then") === undefined) ctx.eatWord("return");
  const { start } = ctx.token;
  const tail = parseExpression(ctx);
  return { kind: "Block", statements: [], tail, span: ctx.spanFrom(start) };
}

function errorIf(span: Span): IfExpr {
  const nothing = { kind: "ErrorExpr", span } as const;
  const then = { kind: "Block", statements: [], tail: nothing, span } as const;
  return { kind: "IfExpr", condition: nothing, then, else: undefined, span };
}

/** `if a = b {` */
function mendAssignment(ctx: ParseContext): void {
  if (ctx.kind !== "=") return;
  const { start, end } = ctx.token;
  const fixes = [replaceFix(ctx, { start, end }, "==")];
  reportExpected(ctx, "`{` to open the branch", { variant: "equalsSign", fixes });
  ctx.next();
  ctx.restricted(inHead, () => parseExpression(ctx));
}

/** At `match`. */
export function parseMatch(ctx: ParseContext): Expr {
  const word = ctx.next();
  const scrutinee = ctx.restricted(inHead, () => parseExpression(ctx));
  const opener = expectToken(ctx, "{", "`{` and the arms of the match");
  const arms = opener === undefined ? [] : ctx.unrestricted(() => parseArms(ctx, opener));
  const span = ctx.spanFrom(word.start);
  if (opener !== undefined && arms.length === 0) {
    ctx.report("bynk.parse.empty_match", { start: word.start, end: word.end }, {});
  }
  return { kind: "MatchExpr", scrutinee, arms, span };
}

/** Arms up to the closing brace; commas between them are optional. */
function parseArms(ctx: ParseContext, opener: Token): readonly MatchArm[] {
  const arms: MatchArm[] = [];
  while (ctx.kind !== "}" && ctx.kind !== "eof" && !startsDeclaration(ctx)) {
    const before = ctx.at;
    arms.push(parseArm(ctx));
    if (ctx.eat(",")) continue;
    if (ctx.at > before) continue;
    skipOne(ctx);
    skipArm(ctx);
  }
  if (!ctx.eat("}")) reportUnclosed(ctx, "a match arm or `}`", opener);
  return arms;
}

/** To the start of a line, where the next arm may be. */
function skipArm(ctx: ParseContext): void {
  skipUntil(ctx, (token) => token.kind === "}" || token.firstOnLine);
}

/** `=>`; a `->` or `:` in its place is reported and read as one. */
function eatArrow(ctx: ParseContext): boolean {
  const { kind, start, end } = ctx.token;
  const isMeant = kind === "->" || kind === ":";
  const fixes = isMeant ? [replaceFix(ctx, { start, end }, kind === ":" ? " =>" : "=>")] : [];
  const found = expectToken(ctx, "=>", "`=>` after the pattern", { fixes });
  if (isMeant) ctx.next();
  return found !== undefined || isMeant;
}

function parseArm(ctx: ParseContext): MatchArm {
  const { start } = ctx.token;
  const pattern = parsePattern(ctx);
  const guard = ctx.eat("if") ? ctx.restricted(inGuard, () => parseExpression(ctx)) : undefined;
  if (!eatArrow(ctx)) {
    if (pattern.kind !== "ErrorPattern") skipArm(ctx);
    return {
      kind: "MatchArm",
      pattern,
      guard,
      body: { kind: "ErrorExpr", span: ctx.placeHere() },
      span: ctx.spanFrom(start),
    };
  }
  const body = parseArrowBody(ctx);
  return { kind: "MatchArm", pattern, guard, body, span: ctx.spanFrom(start) };
}
