/** Strings with holes (reference §1.6). The lexer has balanced heads and tails. */
import { createFix } from "../../diagnostics/diagnostic.ts";
import type { Expr, StringHole, StringText } from "../ast.ts";
import { describeToken, type Token } from "../token.ts";
import type { ParseContext } from "./context.ts";
import { parseExpression } from "./nesting.ts";

/** At the piece before the first hole. */
export function parseHoledString(ctx: ParseContext): Expr {
  const head = ctx.next();
  const parts: (StringText | StringHole)[] = [textOf(head)];
  let piece = head;
  while (piece.kind !== "stringTail") {
    const opened = piece;
    const value = ctx.unrestricted(() => parseHole(ctx, opened));
    piece = ctx.next();
    const span = { start: opened.end - 2, end: Math.min(piece.start + 1, piece.end) };
    parts.push({ kind: "StringHole", value, span }, textOf(piece));
  }
  return { kind: "InterpolatedString", parts, span: ctx.spanFrom(head.start) };
}

/** Reads up to, and not including, the piece that closes the hole: to the parser, that is where the text ends. */
function parseHole(ctx: ParseContext, opened: Token): Expr {
  const end = ctx.partner[ctx.at - 1] ?? -1;
  if (end === ctx.at) return failEmpty(ctx, opened);
  const value = ctx.bounded(end, () => parseWhole(ctx));
  ctx.at = end;
  return value;
}

/** One expression and nothing after it. */
function parseWhole(ctx: ParseContext): Expr {
  const value = parseExpression(ctx);
  const { token } = ctx;
  if (token.kind !== "eof" && !ctx.isEcho) {
    const span = { start: token.start, end: token.end };
    ctx.report("bynk.parse.extra_tokens", span, { found: describeToken(token) }, { variant: "hole" });
  }
  return value;
}

function failEmpty(ctx: ParseContext, opened: Token): Expr {
  const closed = ctx.token.end > ctx.token.start;
  const span = { start: opened.end - 2, end: closed ? ctx.token.start + 1 : ctx.token.start };
  const fixes = [createFix(ctx.source, "remove the empty hole", [{ span, text: "" }])];
  if (closed) ctx.report("bynk.parse.empty_interpolation", span, {}, { fixes });
  return { kind: "ErrorExpr", span: ctx.placeHere() };
}

function textOf(piece: Token): StringText {
  return { kind: "StringText", value: piece.value ?? "", span: { start: piece.start, end: piece.end } };
}
