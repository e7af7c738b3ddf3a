/** Clauses that several declarations share: parameters, `given`, `by`, annotations. */
import type { Annotation, AnnotationArg, ByClause, GivenClause, Param } from "../ast.ts";
import { baseTypes, reserved, type Token } from "../token.ts";
import type { ParseContext } from "./context.ts";
import { expectToken, insertFix, replaceFix, reportExpected } from "./expect.ts";
import { parseList } from "./lists.ts";
import { isName, nameOf, parseName, parseQualifiedName, startsUpperCase } from "./names.ts";
import { parseExpression } from "./nesting.ts";
import { skipOne } from "./recover.ts";
import { parseType } from "./types.ts";

/** `(a: A, b: B)` */
export function parseParams(ctx: ParseContext): readonly Param[] {
  const fixes = ctx.kind === "->" ? [insertFix(ctx, "insert `()`", "() ", "before")] : [];
  const opener = expectToken(ctx, "(", "`(` and the parameters", { variant: "noParams", fixes });
  return opener === undefined ? [] : parseList(ctx, ")", opener, parseParam);
}

/** `name: Type` */
export function parseParam(ctx: ParseContext): Param {
  const { start } = ctx.token;
  if (isTypeFirst(ctx)) return parseTypeFirst(ctx);
  const name = parseName(ctx, "the name of a parameter");
  expectToken(ctx, ":", "`:` and the type");
  const type = parseType(ctx);
  return { kind: "Param", name, type, span: ctx.spanFrom(start) };
}

/** `Int a` */
function isTypeFirst(ctx: ParseContext): boolean {
  return isTypeWord(ctx.token) && isName(ctx.peek()) && !ctx.peek().firstOnLine;
}

function isTypeWord({ kind, text }: Token): boolean {
  return baseTypes.has(kind) || (kind === "name" && startsUpperCase(text));
}

function parseTypeFirst(ctx: ParseContext): Param {
  const { start } = ctx.token;
  const word = ctx.peek();
  const span = { start, end: word.end };
  const fixes = [replaceFix(ctx, span, `${word.text}: ${ctx.token.text}`)];
  reportExpected(ctx, "the name of a parameter", { variant: "typeFirst", fixes });
  const type = parseType(ctx);
  const name = parseName(ctx, "the name of a parameter");
  return { kind: "Param", name, type, span: ctx.spanFrom(start) };
}

/** `given A, b.C`, or nothing. */
export function parseGiven(ctx: ParseContext): GivenClause | undefined {
  const { start } = ctx.token;
  if (!ctx.eat("given")) return undefined;
  const capabilities = [parseCapability(ctx)];
  while (ctx.eat(",")) capabilities.push(parseCapability(ctx));
  return { kind: "GivenClause", capabilities, span: ctx.spanFrom(start) };
}

function parseCapability(ctx: ParseContext) {
  return parseQualifiedName(ctx, "the name of a capability");
}

/** `by u: User`, `by A | B`, or nothing. */
export function parseBy(ctx: ParseContext, position: ByClause["position"]): ByClause | undefined {
  const { start } = ctx.token;
  if (!ctx.eat("by")) return undefined;
  if (ctx.kind === "(") return parseBracketedBy(ctx, start, position);
  const binder = parseBinder(ctx);
  const members = [parseMember(ctx)];
  while (ctx.eat("|")) members.push(parseMember(ctx));
  return { kind: "ByClause", binder, members, position, span: ctx.spanFrom(start) };
}

/** `by (u: User)` */
function parseBracketedBy(ctx: ParseContext, start: number, position: ByClause["position"]): ByClause {
  reportExpected(ctx, "the name of an actor", { variant: "byBrackets" });
  const member = { kind: "Name", text: "", span: ctx.placeHere() } as const;
  skipOne(ctx);
  ctx.hush();
  return { kind: "ByClause", binder: undefined, members: [member], position, span: ctx.spanFrom(start) };
}

/** `u:`, or nothing. `_:` is not a binder: whoever wants no identity writes none (reference §12.1). */
function parseBinder(ctx: ParseContext): ByClause["binder"] {
  if (ctx.peek().kind !== ":") return undefined;
  if (ctx.kind === "_") discardBinder(ctx);
  else if (isName(ctx.token)) {
    const binder = nameOf(ctx.next());
    ctx.next();
    return binder;
  }
  return undefined;
}

function discardBinder(ctx: ParseContext): void {
  const span = { start: ctx.token.start, end: ctx.peek(2).start };
  const fixes = [replaceFix(ctx, span, "", "remove `_:`")];
  reportExpected(ctx, "the name of an actor", { variant: "discardBinder", fixes });
  ctx.next();
  ctx.next();
}

function parseMember(ctx: ParseContext) {
  return parseName(ctx, "the name of an actor");
}

/** `@name(key: value)`, zero or more. */
export function parseAnnotations(ctx: ParseContext): readonly Annotation[] {
  const annotations: Annotation[] = [];
  while (ctx.kind === "@") annotations.push(parseAnnotation(ctx));
  return annotations;
}

function parseAnnotation(ctx: ParseContext): Annotation {
  const { start } = ctx.next();
  const name = parseName(ctx, "the name of an annotation");
  const opener = ctx.kind === "(" && !ctx.token.firstOnLine ? ctx.next() : undefined;
  const args = opener && parseList(ctx, ")", opener, parseAnnotationArg);
  return { kind: "Annotation", name, args, span: ctx.spanFrom(start) };
}

/** Before a colon any word names an argument, reserved or not: `@indexed(by: sku)`. */
function parseAnnotationArg(ctx: ParseContext): AnnotationArg {
  const { start } = ctx.token;
  const named = (isName(ctx.token) || reserved.has(ctx.kind)) && ctx.peek().kind === ":";
  const name = named ? nameOf(ctx.next()) : undefined;
  if (named) ctx.next();
  const value = ctx.unrestricted(() => parseExpression(ctx));
  return { kind: "AnnotationArg", name, value, span: ctx.spanFrom(start) };
}

/** `-> Type` */
export function parseResult(ctx: ParseContext) {
  if (ctx.kind === ":") mendColon(ctx);
  else expectToken(ctx, "->", "`->` and the result type", { variant: "resultMissing" });
  return parseType(ctx);
}

/** `fn f(): Int` */
function mendColon(ctx: ParseContext): void {
  const { start, end } = ctx.token;
  const fixes = [replaceFix(ctx, { start, end }, " ->")];
  reportExpected(ctx, "`->` and the result type", { variant: "colonResult", fixes });
  ctx.next();
}
