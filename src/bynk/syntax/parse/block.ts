/** Blocks (reference §6.1): statements and an optional last expression, which is the block's value. */
import type { Block, Expr, Stmt } from "../ast.ts";
import type { Token } from "../token.ts";
import type { ParseContext } from "./context.ts";
import { expectToken, reportUnclosed } from "./expect.ts";
import { parseExpression } from "./nesting.ts";
import { skipOne, skipUntil, startsDeclaration } from "./recover.ts";
import { parseLetRest, parseStatement } from "./statements.ts";
import {
  isForeignLet,
  isForeignLine,
  isMisplacedSign,
  isWordOperator,
  reportMisplacedSign,
  reportStray,
} from "./stray.ts";

/** The `block` of `Rules`. Without `{` it reports and reads nothing. */
export function parseBraces(ctx: ParseContext, opener: string): Block {
  const { start } = ctx.token;
  const brace = expectToken(ctx, "{", `\`{\` to open ${opener}`, { variant: "bodyBrace" });
  if (brace === undefined) return { kind: "Block", statements: [], tail: undefined, span: ctx.placeHere() };
  const { statements, tail } = parseBlockBody(ctx, brace);
  return { kind: "Block", statements, tail, span: ctx.spanFrom(start) };
}

interface BlockBody {
  readonly statements: readonly Stmt[];
  readonly tail: Expr | undefined;
}

/** What stands in the braces, and the closing one. `brace` is the opening one, for the report that none closes it. */
export function parseBlockBody(ctx: ParseContext, brace: Token): BlockBody {
  const statements: Stmt[] = [];
  let tail: Expr | undefined;
  while (!endsBlock(ctx) && tail === undefined) {
    const mended = isMisplacedSign(ctx);
    const isEcho = ctx.isEcho;
    const statement = mended ? undefined : parseStatement(ctx);
    if (statement !== undefined) {
      statements.push(statement);
      continue;
    }
    const value = mended ? readOverSign(ctx) : parseBare(ctx);
    if (endsBlock(ctx)) tail = value;
    else statements.push(strayOf(ctx, value, mended || isEcho));
  }
  if (!ctx.eat("}")) reportUnclosed(ctx, "`}`", brace);
  return { statements, tail };
}

function endsBlock(ctx: ParseContext): boolean {
  return ctx.kind === "}" || ctx.kind === "eof" || startsDeclaration(ctx);
}

/** An expression; when none can be read, skips to the next line. */
function parseBare(ctx: ParseContext): Expr {
  const before = ctx.at;
  const value = parseExpression(ctx);
  if (ctx.at === before) skipLine(ctx);
  return value;
}

/** An expression that something follows: it is reported there, unless a report has led here, and kept. */
function strayOf(ctx: ParseContext, value: Expr, reported: boolean): Stmt {
  if (!reported && value.kind !== "ErrorExpr" && !isMisplacedSign(ctx)) {
    reportStray(ctx, value);
    if (isForeignLet(ctx, value)) return parseLetRest(ctx, value.span.start);
    skipForeign(ctx, value);
  }
  return { kind: "StrayExpr", value, span: value.span };
}

/** Over `and` and `or` to the condition behind them; over the line behind a word that begins no statement here. */
function skipForeign(ctx: ParseContext, value: Expr): void {
  if (isWordOperator(ctx)) {
    ctx.next();
    ctx.hush();
  } else if (isForeignLine(ctx, value)) skipLine(ctx);
}

/** Reports a sign that continues nothing, and reads what stands behind it. */
function readOverSign(ctx: ParseContext): Expr {
  const span = ctx.placeHere();
  if (!reportMisplacedSign(ctx)) {
    skipLine(ctx);
    return { kind: "ErrorExpr", span };
  }
  ctx.next();
  ctx.hush();
  return parseBare(ctx);
}

function skipLine(ctx: ParseContext): void {
  skipOne(ctx);
  skipUntil(ctx, (token) => token.kind === "}" || token.firstOnLine);
  ctx.hush();
}
