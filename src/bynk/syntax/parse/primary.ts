/** Primaries: what an expression is made of (reference §7.3). */
import type { ConstructorExpr, Expr, Name, Span } from "../ast.ts";
import { describeToken, type Token, type TokenKind } from "../token.ts";
import type { ParseContext } from "./context.ts";
import { parseIf, parseMatch } from "./control.ts";
import { closeGroup, expectToken, replaceFix, reportExpected } from "./expect.ts";
import { isLambda, parseLambda } from "./lambda.ts";
import { parseList } from "./lists.ts";
import { boolLiteralOf, floatLiteralOf, stringLiteralOf } from "./literals.ts";
import { parseNamed } from "./named.ts";
import { isName, nameOf, parseName } from "./names.ts";
import { parseExpression } from "./nesting.ts";
import { parseNumber } from "./numbers.ts";
import { isUpdate, parseUpdate } from "./records.ts";
import { parseHoledString } from "./strings.ts";

export function parsePrimary(ctx: ParseContext): Expr {
  const { token } = ctx;
  switch (token.kind) {
    case "name":
      return parseNamed(ctx);
    case "int":
      return parseNumber(ctx);
    case "float":
      return floatLiteralOf(ctx.next());
    case "string":
      return stringLiteralOf(ctx.next());
    case "stringHead":
      return parseHoledString(ctx);
    case "true":
    case "false":
      return boolLiteralOf(ctx.next());
    case "self":
      ctx.next();
      return { kind: "SelfExpr", span: spanOf(token) };
    case "(":
      return parseBracketed(ctx);
    case "[":
      return parseListLiteral(ctx);
    case "{":
      return isUpdate(ctx) ? parseUpdate(ctx, undefined) : failExpression(ctx);
    case "if":
      return parseIf(ctx);
    case "match":
      return parseMatch(ctx);
    case "Ok":
    case "Err":
    case "Some":
    case "None":
      return parseConstructor(ctx);
    case "Effect":
      return parseEffect(ctx);
    case ".":
      return parseLeadingDot(ctx);
    default:
      return parseOther(ctx);
  }
}

/** `()`, `(e)`, or a lambda. */
function parseBracketed(ctx: ParseContext): Expr {
  if (isLambda(ctx)) return parseLambda(ctx);
  const opener = ctx.next();
  if (ctx.eat(")")) return { kind: "UnitLiteral", span: ctx.spanFrom(opener.start) };
  const inner = ctx.unrestricted(() => parseExpression(ctx));
  if (ctx.kind === ",") reportExpected(ctx, "`)`", { variant: "tuple" });
  closeGroup(ctx, ")", opener);
  return { kind: "ParenExpr", inner, span: ctx.spanFrom(opener.start) };
}

function parseListLiteral(ctx: ParseContext): Expr {
  const opener = ctx.next();
  const elements = ctx.unrestricted(() => parseList(ctx, "]", opener, parseExpression));
  return { kind: "ListExpr", elements, span: ctx.spanFrom(opener.start) };
}

/** `Ok(e)`, `Err(e)`, `Some(e)`, `None` */
function parseConstructor(ctx: ParseContext): Expr {
  const token = ctx.next();
  // The kind of the token is its text.
  const name = nameOf(token) as ConstructorExpr["name"];
  const value =
    token.kind === "None" ? undefined : parseBracketedValue(ctx, `\`(\` and the value of \`${token.text}\``);
  return { kind: "ConstructorExpr", name, value, span: ctx.spanFrom(token.start) };
}

function parseBracketedValue(ctx: ParseContext, phrase: string): Expr {
  const opener = expectToken(ctx, "(", phrase);
  if (opener === undefined) return { kind: "ErrorExpr", span: ctx.placeHere() };
  const value = ctx.unrestricted(() => parseExpression(ctx));
  ctx.eat(",");
  closeGroup(ctx, ")", opener);
  return value;
}

/** `Effect.pure(e)`, the only thing `Effect` can do in an expression. */
function parseEffect(ctx: ParseContext): Expr {
  const token = ctx.token;
  if (ctx.peek().kind !== ".") return failExpression(ctx);
  ctx.next();
  ctx.next();
  const method = parseName(ctx, "`pure`");
  if (method.text !== "pure" && method.text !== "") reportEffectMethod(ctx, method);
  const value = parseBracketedValue(ctx, "`(` and the value");
  return { kind: "EffectPure", value, span: ctx.spanFrom(token.start) };
}

function reportEffectMethod(ctx: ParseContext, method: Name): void {
  ctx.report("bynk.parse.unknown_effect_method", method.span, { method: method.text });
}

/** `.5` */
function parseLeadingDot(ctx: ParseContext): Expr {
  const number = ctx.peek();
  const adjacent = number.kind === "int" && number.start === ctx.token.end;
  if (!adjacent) return failExpression(ctx);
  const span = { start: ctx.token.start, end: number.end };
  const fixes = [replaceFix(ctx, span, `0.${number.text}`)];
  if (!ctx.isEcho) ctx.report("bynk.parse.malformed_float_literal", span, { written: `.${number.text}` }, { fixes });
  ctx.next();
  const { value, lexeme } = floatLiteralOf({ ...ctx.next(), text: `0.${number.text}` });
  return { kind: "FloatLiteral", value, lexeme, span };
}

/** Reserved words that may be names, and base types before a dot. */
function parseOther(ctx: ParseContext): Expr {
  const { token } = ctx;
  if (isName(token)) return parseNamed(ctx);
  if (!hasStatics(token.kind) || ctx.peek().kind !== ".") return failExpression(ctx);
  return { kind: "NameExpr", name: nameOf(ctx.next()), span: spanOf(token) };
}

/** `Int.parse`, `Duration.millis` …: base types that have static members. */
function hasStatics(kind: TokenKind): boolean {
  return kind === "Int" || kind === "Float" || kind === "Duration" || kind === "Instant" || kind === "Bytes";
}

function failExpression(ctx: ParseContext): Expr {
  const { token } = ctx;
  if (token.kind === "eof") reportExpected(ctx, "an expression");
  else if (!ctx.isEcho) {
    const variant = token.kind === "{" ? "block" : "default";
    ctx.report("bynk.parse.expected_expression", spanOf(token), { found: describeToken(token) }, { variant });
  }
  return { kind: "ErrorExpr", span: ctx.placeHere() };
}

function spanOf(token: Token): Span {
  return { start: token.start, end: token.end };
}
