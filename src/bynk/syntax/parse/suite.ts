/** Suites (reference §30): cases, properties, and doubles for capabilities. A plain compile skips them. */
import type { Block, DocBlock, PropertyVariable, SuiteItem, SuiteUnit, TestCase, TestProperty, Tier } from "../ast.ts";
import { describeToken, type Token } from "../token.ts";
import { parseBlockBody } from "./block.ts";
import { inHead, type ParseContext } from "./context.ts";
import { parseDouble, startsDouble } from "./double.ts";
import { expectClosing, expectToken, expectWord, reportExpected, reportUnclosed } from "./expect.ts";
import { parseConsumes, parseUses } from "./header.ts";
import { parsePlainString } from "./literals.ts";
import { parseName, parseQualifiedName } from "./names.ts";
import { parseBlock, parseExpression } from "./nesting.ts";
import { skipOne, skipUntil, startsUnit } from "./recover.ts";
import { parseType } from "./types.ts";

const levels: ReadonlySet<string> = new Set(["unit", "integration", "system"]);

/** At `suite`. */
export function parseSuite(ctx: ParseContext): SuiteUnit {
  const doc = ctx.docs.take(ctx.at);
  const { start } = ctx.next();
  ctx.inSuite = true;
  const name = parseQualifiedName(ctx, "the name of the unit under test");
  const tier = parseTier(ctx);
  const opener = ctx.eat("{");
  const items = parseItems(ctx, opener);
  if (opener !== undefined && !ctx.eat("}")) reportUnclosed(ctx, "a case or `}`", opener);
  ctx.inSuite = false;
  return { kind: "Suite", doc, name, tier, braced: opener !== undefined, items, span: ctx.spanFrom(start) };
}

function parseItems(ctx: ParseContext, opener: Token | undefined): readonly SuiteItem[] {
  const items: SuiteItem[] = [];
  while (ctx.kind !== "eof" && !startsUnit(ctx) && !(opener !== undefined && ctx.kind === "}")) {
    const item = parseItem(ctx);
    if (item === undefined) failItem(ctx);
    else items.push(item);
  }
  return items;
}

function parseItem(ctx: ParseContext): SuiteItem | undefined {
  if (startsDouble(ctx)) return parseDouble(ctx);
  switch (ctx.kind) {
    case "uses":
      return parseUses(ctx);
    case "consumes":
      return parseConsumes(ctx);
    case "case":
      return parseCase(ctx, ctx.docs.take(ctx.at));
    case "property":
      return parseProperty(ctx, ctx.docs.take(ctx.at));
    default:
      return undefined;
  }
}

/** `as unit`, or nothing. */
function parseTier(ctx: ParseContext): Tier | undefined {
  const { start } = ctx.token;
  if (!ctx.eat("as")) return undefined;
  const word = parseName(ctx, "`unit`, `integration` or `system`");
  const known = levels.has(word.text);
  if (!known && word.text !== "") ctx.report("bynk.parse.unknown_tier", word.span, { word: word.text });
  // `levels` holds exactly the three.
  const level = known ? (word.text as NonNullable<Tier["level"]>) : undefined;
  return { kind: "Tier", level, span: ctx.spanFrom(start) };
}

/** At `case`. */
function parseCase(ctx: ParseContext, doc: DocBlock | undefined): TestCase {
  const { start } = ctx.next();
  const title = parsePlainString(ctx, "the title of the case as a string");
  const tier = parseTier(ctx);
  const brace = expectToken(ctx, "{", "`{` and the steps of the case");
  const doubles = [];
  while (brace !== undefined && startsDouble(ctx)) doubles.push(parseDouble(ctx));
  const body = brace === undefined ? emptyBlock(ctx) : parseSteps(ctx, brace);
  return { kind: "TestCase", doc, title, tier, doubles, body, span: ctx.spanFrom(start) };
}

function parseSteps(ctx: ParseContext, brace: Token): Block {
  const { statements, tail } = parseBlockBody(ctx, brace);
  return { kind: "Block", statements, tail, span: ctx.spanFrom(brace.start) };
}

function emptyBlock(ctx: ParseContext): Block {
  return { kind: "Block", statements: [], tail: undefined, span: ctx.placeHere() };
}

/** At `property`. */
function parseProperty(ctx: ParseContext, doc: DocBlock | undefined): TestProperty {
  const { start } = ctx.next();
  const title = parsePlainString(ctx, "the title of the property as a string");
  const tier = parseTier(ctx);
  if (tier !== undefined) ctx.report("bynk.tier.property_has_tier", tier.span, {});
  const opener = expectToken(ctx, "{", "`{` and `for all`");
  expectWord(ctx, "for");
  expectWord(ctx, "all");
  const variables = [parseVariable(ctx)];
  while (ctx.eat(",")) variables.push(parseVariable(ctx));
  const filter = ctx.eat("where") ? ctx.restricted(inHead, () => parseExpression(ctx)) : undefined;
  const body = parseBlock(ctx, "the body of the property");
  if (opener !== undefined) expectClosing(ctx, "}", opener);
  return { kind: "TestProperty", doc, title, tier, variables, filter, body, span: ctx.spanFrom(start) };
}

function parseVariable(ctx: ParseContext): PropertyVariable {
  const { start } = ctx.token;
  const name = parseName(ctx, "the name of a variable");
  if (!ctx.eat(":")) reportExpected(ctx, "`:` and a type");
  const type = parseType(ctx);
  return { kind: "PropertyVariable", name, type, span: ctx.spanFrom(start) };
}

function failItem(ctx: ParseContext): void {
  const { token } = ctx;
  const span = { start: token.start, end: token.end };
  if (!ctx.isEcho) {
    ctx.report("bynk.parse.expected_item", span, { found: describeToken(token) }, { variant: "suite" });
  }
  skipOne(ctx);
  skipUntil(ctx, (next) => next.kind === "}" || (next.firstOnLine && startsItem(ctx)));
  ctx.hush();
}

function startsItem(ctx: ParseContext): boolean {
  return ctx.kind === "case" || ctx.kind === "property" || startsDouble(ctx);
}
