/** Type references and type parameters (reference §3.1, §20). */
import { createFix } from "../../diagnostics/diagnostic.ts";
import type { Name, NamedType, Span, TypeParam, TypeRef } from "../ast.ts";
import { describeToken, reserved, type Token } from "../token.ts";
import type { ParseContext } from "./context.ts";
import { expectToken, replaceFix, reportExpected } from "./expect.ts";
import { parseList } from "./lists.ts";
import { isName, nameOf, parseName } from "./names.ts";
import { nested } from "./nesting.ts";

/** How many arguments the built-in generics take. */
const genericArity: ReadonlyMap<string, number> = new Map([
  ["Option", 1],
  ["Effect", 1],
  ["HttpResult", 1],
  ["List", 1],
  ["Stream", 1],
  ["Query", 1],
  ["Connection", 1],
  ["History", 1],
  ["Result", 2],
  ["Map", 2],
]);

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
  if (ctx.kind === "]") return [failType(ctx), ...parseList(ctx, "]", opener, parseType)];
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
  if (ctx.kind === "[" && ctx.peek().kind === "]") return failArray(ctx, name);
  if (ctx.kind === "<") return parseAngled(ctx, name);
  const args = ctx.kind === "[" ? parseTypeArgs(ctx) : undefined;
  const type: NamedType = { kind: "NamedType", name, args, span: ctx.spanFrom(token.start) };
  checkGenericArity(ctx, type);
  return type;
}

function checkGenericArity(ctx: ParseContext, type: NamedType): void {
  const wanted = genericArity.get(type.name.text);
  const found = type.args?.length ?? 0;
  if (wanted === undefined || found === wanted) return;
  ctx.report("bynk.parse.generic_arg_count", type.span, { name: type.name.text, wanted, found });
}

/** `T[]` */
function failArray(ctx: ParseContext, element: Name): TypeRef {
  ctx.next();
  ctx.next();
  const span = ctx.spanFrom(element.span.start);
  const fixes = [replaceFix(ctx, span, `List[${element.text}]`)];
  ctx.report("bynk.parse.expected_type", span, { name: element.text }, { variant: "array", fixes });
  const args = [{ kind: "NamedType", name: element, args: undefined, span: element.span }] as const;
  return { kind: "NamedType", name: { kind: "Name", text: "List", span }, args, span };
}

/** `List<Int>`: reported once and read over. */
function parseAngled(ctx: ParseContext, name: Name): TypeRef {
  const edits = angledEdits(ctx);
  const fixes = edits.length > 0 ? [createFix(ctx.source, "use square brackets", edits)] : [];
  reportExpected(ctx, "`[`", { variant: "angleBrackets", fixes });
  let depth = 0;
  do {
    const { kind } = ctx.next();
    if (kind === "<") depth += 1;
    if (kind === ">") depth -= 1;
  } while (depth > 0 && isInAngles(ctx.token));
  ctx.hush();
  const args = [{ kind: "ErrorType", span: ctx.placeHere() }] as const;
  return { kind: "NamedType", name, args, span: ctx.spanFrom(name.span.start) };
}

/** The edits that write `[` and `]` for `<` here and its partner; none unless they pair with only types between. */
function angledEdits(ctx: ParseContext): readonly { readonly span: Span; readonly text: string }[] {
  const edits = [];
  let depth = 0;
  for (let ahead = 0; ahead === 0 || isInAngles(ctx.peek(ahead)); ahead++) {
    const { kind, start, end } = ctx.peek(ahead);
    if (kind === "<") depth += 1;
    if (kind === ">") depth -= 1;
    if (kind === "<" || kind === ">") edits.push({ span: { start, end }, text: kind === "<" ? "[" : "]" });
    if (depth === 0) return edits;
  }
  return [];
}

/** What may stand between `<` and `>` on one line. */
function isInAngles({ kind, firstOnLine }: Token): boolean {
  if (firstOnLine) return false;
  return kind === "<" || kind === ">" || kind === "," || kind === "name" || builtInTypes.has(kind);
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
