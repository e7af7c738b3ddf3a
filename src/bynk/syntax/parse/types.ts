/** Type references and type parameters (reference §3.1, §20). */
import type { NamedType, Span, TypeParam, TypeRef } from "../ast.ts";
import { describeToken, reserved } from "../token.ts";
import type { ParseContext } from "./context.ts";
import { expectToken, reportExpected } from "./expect.ts";
import { parseList } from "./lists.ts";
import { isName, nameOf, parseName } from "./names.ts";
import { nested } from "./nesting.ts";

/** How many arguments the built-in generics take. */
const genericArity: Readonly<Record<string, number>> = {
  Option: 1,
  Effect: 1,
  HttpResult: 1,
  List: 1,
  Stream: 1,
  Query: 1,
  Connection: 1,
  History: 1,
  Result: 2,
  Map: 2,
};

const builtInTypes: ReadonlySet<string> = new Set([
  ...["Int", "String", "Bool", "Float", "Duration", "Instant", "Bytes"],
  ...["Effect", "Option", "Result", "ValidationError", "JsonError"],
]);

/** `tref`: an atom, or an arrow between atoms. */
export function parseType(ctx: ParseContext): TypeRef {
  return nested(ctx, parseArrow, errorType);
}

/** `[A, B]` after a declared name, or nothing. */
export function parseTypeParams(ctx: ParseContext): readonly TypeParam[] {
  if (ctx.kind !== "[") return [];
  const opener = ctx.next();
  return parseList(ctx, "]", opener, parseTypeParam);
}

/** `[A, B]` after a type or callee, with the opening bracket next. */
export function parseTypeArgs(ctx: ParseContext): readonly TypeRef[] {
  const opener = ctx.next();
  return parseList(ctx, "]", opener, parseType);
}

function parseTypeParam(ctx: ParseContext): TypeParam {
  const { start } = ctx.token;
  const name = parseName(ctx, "the name of a type parameter");
  if (ctx.kind === ":") {
    const colon = ctx.next();
    const bound = parseType(ctx);
    ctx.report("bynk.generics.no_bounds", { start: colon.start, end: bound.span.end }, { name: name.text });
  }
  return { kind: "TypeParam", name, span: ctx.spanFrom(start) };
}

function parseArrow(ctx: ParseContext): TypeRef {
  const { start } = ctx.token;
  if (ctx.kind === "(") return parseBracketed(ctx, start);
  const left = parseAtom(ctx);
  return ctx.kind === "->" ? finishArrow(ctx, start, [left]) : left;
}

/** `()`, `(A)`, `(A, B)`: a unit, or the domain of an arrow. */
function parseBracketed(ctx: ParseContext, start: number): TypeRef {
  const opener = ctx.next();
  const params = parseList(ctx, ")", opener, parseType);
  if (ctx.kind === "->") return finishArrow(ctx, start, params);
  const span = ctx.spanFrom(start);
  if (params.length === 0) return { kind: "UnitType", span };
  expectToken(ctx, "->", "`->` after the bracketed types");
  return params.length === 1 ? (params[0] as TypeRef) : { kind: "ErrorType", span };
}

function finishArrow(ctx: ParseContext, start: number, params: readonly TypeRef[]): TypeRef {
  ctx.next();
  const result = parseType(ctx);
  return { kind: "FunctionType", params, result, span: ctx.spanFrom(start) };
}

function parseAtom(ctx: ParseContext): TypeRef {
  const { token } = ctx;
  if (!isName(token) && !builtInTypes.has(token.kind)) return failType(ctx);
  const name = nameOf(ctx.next());
  const args = ctx.kind === "[" ? parseTypeArgs(ctx) : undefined;
  const type: NamedType = { kind: "NamedType", name, args, span: ctx.spanFrom(token.start) };
  checkGenericArity(ctx, type);
  return type;
}

function checkGenericArity(ctx: ParseContext, type: NamedType): void {
  const wanted = genericArity[type.name.text];
  const found = type.args?.length ?? 0;
  if (wanted === undefined || found === wanted) return;
  ctx.report("bynk.parse.generic_arg_count", type.span, { name: type.name.text, wanted, found });
}

function failType(ctx: ParseContext): TypeRef {
  const { token } = ctx;
  const span: Span = { start: token.start, end: token.end };
  if (token.kind === "eof") reportExpected(ctx, "a type");
  else if (!ctx.isEcho) reportNoType(ctx, span);
  return { kind: "ErrorType", span: ctx.placeHere() };
}

function reportNoType(ctx: ParseContext, span: Span): void {
  const { token } = ctx;
  const args = { found: describeToken(token) };
  const reservedWord = reserved.has(token.kind) && !token.firstOnLine;
  ctx.report("bynk.parse.expected_type", span, args, { variant: reservedWord ? "reserved" : "default" });
}

function errorType(span: Span): TypeRef {
  return { kind: "ErrorType", span };
}
