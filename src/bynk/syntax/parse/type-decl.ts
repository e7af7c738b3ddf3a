/** Type declarations (reference §3). */
import type {
  DocBlock,
  EmbedsClause,
  EnumBody,
  FieldDecl,
  RecordBody,
  Span,
  TypeBody,
  TypeDecl,
  VariantDecl,
} from "../ast.ts";
import { baseTypes, describeToken } from "../token.ts";
import { parseParam } from "./clauses.ts";
import type { ParseContext } from "./context.ts";
import { expectToken, insertFix, reportExpected } from "./expect.ts";
import { parseList } from "./lists.ts";
import { isName, missingName, nameOf, parseName, startsUpperCase } from "./names.ts";
import { parseExpression } from "./nesting.ts";
import { parseRefinement } from "./predicates.ts";
import { startsDeclaration } from "./recover.ts";
import { parseType, parseTypeParams } from "./types.ts";

/** At `type`. */
export function parseTypeDecl(ctx: ParseContext, doc: DocBlock | undefined): TypeDecl {
  const { start } = ctx.next();
  const name = parseName(ctx, "the name of the type");
  const typeParams = parseTypeParams(ctx);
  const fixes = startsBody(ctx) ? [insertFix(ctx, "insert `=`", " =", "behind")] : [];
  expectToken(ctx, "=", "`=` and what the type is", { fixes });
  const body = parseTypeBody(ctx);
  return { kind: "TypeDecl", doc, name, typeParams, body, span: ctx.spanFrom(start) };
}

function startsBody(ctx: ParseContext): boolean {
  return ctx.kind === "{" || ctx.kind === "|" || ctx.kind === "enum" || ctx.kind === "opaque";
}

function parseTypeBody(ctx: ParseContext): TypeBody {
  const { token } = ctx;
  if (token.kind === "opaque" || baseTypes.has(token.kind)) return parseRefined(ctx);
  if (token.kind === "{") return parseRecordBody(ctx);
  if (token.kind === "|") return parseSum(ctx);
  if (token.kind === "enum") return parseEnum(ctx);
  const isOther = (isName(token) || token.kind === "(" || isBuiltInGeneric(ctx)) && !startsDeclaration(ctx);
  return isOther ? failOtherType(ctx) : failBody(ctx);
}

/** `opaque Base where …`, `Base where …` */
function parseRefined(ctx: ParseContext): TypeBody {
  const { start } = ctx.token;
  const opaque = ctx.eat("opaque") !== undefined;
  const base = baseTypes.has(ctx.kind) ? nameOf(ctx.next()) : failBase(ctx);
  const refinement = parseRefinement(ctx);
  return { kind: "RefinedBody", opaque, base, refinement, span: ctx.spanFrom(start) };
}

/** Something other than a base behind `opaque`. */
function failBase(ctx: ParseContext) {
  const { token } = ctx;
  const span = { start: token.start, end: token.end };
  if (token.kind === "eof") reportExpected(ctx, "a base type");
  else if (!ctx.isEcho) ctx.report("bynk.parse.expected_base_type", span, { found: describeToken(token) });
  if (token.kind === "name") parseType(ctx);
  return missingName(ctx);
}

/** `{ name: Type, … }` */
export function parseRecordBody(ctx: ParseContext): RecordBody {
  const opener = ctx.next();
  const fields = parseList(ctx, "}", opener, parseField);
  return { kind: "RecordBody", fields, span: ctx.spanFrom(opener.start) };
}

function parseField(ctx: ParseContext): FieldDecl {
  const { start } = ctx.token;
  const name = parseName(ctx, "the name of a field");
  expectToken(ctx, ":", "`:` and the field's type");
  const type = parseType(ctx);
  const refinement = parseRefinement(ctx);
  const initial = ctx.eat("=") ? ctx.unrestricted(() => parseExpression(ctx)) : undefined;
  return { kind: "FieldDecl", name, type, refinement, default: initial, span: ctx.spanFrom(start) };
}

/** `| A(x: X) | B`, then `embeds E as V` */
function parseSum(ctx: ParseContext): TypeBody {
  const { start } = ctx.token;
  const variants: VariantDecl[] = [];
  while (ctx.eat("|")) variants.push(parseVariant(ctx));
  const embeds: EmbedsClause[] = [];
  while (ctx.atWord("embeds")) embeds.push(parseEmbeds(ctx));
  return { kind: "SumBody", variants, embeds, span: ctx.spanFrom(start) };
}

function parseVariant(ctx: ParseContext): VariantDecl {
  const { start } = ctx.token;
  const name = parseVariantName(ctx);
  const opener = ctx.kind === "(" ? ctx.next() : undefined;
  const payload = opener && parseList(ctx, ")", opener, parseParam);
  return { kind: "VariantDecl", name, payload, span: ctx.spanFrom(start) };
}

function parseEmbeds(ctx: ParseContext): EmbedsClause {
  const { start } = ctx.next();
  const type = parseType(ctx);
  expectToken(ctx, "as", "`as` and the variant that holds it");
  const variant = parseName(ctx, "the name of a variant");
  ctx.eat(",");
  return { kind: "EmbedsClause", type, variant, span: ctx.spanFrom(start) };
}

/** `enum { A, B }` */
function parseEnum(ctx: ParseContext): EnumBody {
  const { start } = ctx.next();
  const opener = expectToken(ctx, "{", "`{` and the variants");
  const variants = opener === undefined ? [] : parseList(ctx, "}", opener, parseEnumVariant);
  return { kind: "EnumBody", variants, span: ctx.spanFrom(start) };
}

function parseEnumVariant(ctx: ParseContext): VariantDecl {
  const name = parseVariantName(ctx);
  return { kind: "VariantDecl", name, payload: undefined, span: name.span };
}

/** A pattern with a lower-case name binds, so such a variant could never be matched. */
function parseVariantName(ctx: ParseContext) {
  const name = parseName(ctx, "the name of a variant");
  if (name.text !== "" && !startsUpperCase(name.text)) {
    const better = name.text.slice(0, 1).toUpperCase() + name.text.slice(1);
    ctx.report("bynk.parse.variant_name_case", name.span, { name: name.text, better });
  }
  return name;
}

function isBuiltInGeneric(ctx: ParseContext): boolean {
  return ctx.kind === "Option" || ctx.kind === "Result" || ctx.kind === "Effect";
}

/** `type T = Other`, or `type T = A | B` without the leading bar. */
function failOtherType(ctx: ParseContext): TypeBody {
  const { token } = ctx;
  const span: Span = { start: token.start, end: token.end };
  if (isName(token) && isSumWithoutBar(ctx)) {
    const fixes = [insertFix(ctx, "insert the leading `|`", "| ", "before")];
    ctx.report("bynk.parse.expected_type", span, { name: token.text }, { variant: "leadingBar", fixes });
    return parseBarlessSum(ctx);
  }
  ctx.report("bynk.parse.expected_base_type", span, { found: describeToken(token) }, { variant: "alias" });
  parseType(ctx);
  parseRefinement(ctx);
  return { kind: "ErrorBody", span: ctx.spanFrom(token.start) };
}

function isSumWithoutBar(ctx: ParseContext): boolean {
  if (ctx.peek().kind === "|") return true;
  const closing = ctx.peek().kind === "(" ? (ctx.partner[ctx.at + 1] ?? -1) : -1;
  return closing > 0 && ctx.tokens[closing + 1]?.kind === "|";
}

function parseBarlessSum(ctx: ParseContext): TypeBody {
  const first = parseVariant(ctx);
  const rest = parseSum(ctx);
  const variants = rest.kind === "SumBody" ? [first, ...rest.variants] : [first];
  return { kind: "SumBody", variants, embeds: [], span: ctx.spanFrom(first.span.start) };
}

function failBody(ctx: ParseContext): TypeBody {
  const { token } = ctx;
  const span = { start: token.start, end: token.end };
  if (token.kind === "eof") reportExpected(ctx, "the body of the type");
  else if (!ctx.isEcho) {
    ctx.report("bynk.parse.expected_type", span, { found: describeToken(token) }, { variant: "body" });
  }
  return { kind: "ErrorBody", span: ctx.placeHere() };
}
