/** Capabilities and their providers (reference §11). */
import type { CapabilityDecl, CapabilityOp, DocBlock, ProviderOp, ProvidesDecl } from "../ast.ts";
import { describeToken, type Token } from "../token.ts";
import { parseGiven, parseParams, parseResult } from "./clauses.ts";
import type { ParseContext } from "./context.ts";
import { expectToken, reportUnclosed } from "./expect.ts";
import { parseName } from "./names.ts";
import { parseBlock } from "./nesting.ts";
import { skipOne, skipUntil, startsDeclaration } from "./recover.ts";
import { parseTypeParams } from "./types.ts";

/** At `capability`. */
export function parseCapabilityDecl(ctx: ParseContext, doc: DocBlock | undefined): CapabilityDecl {
  const { start } = ctx.next();
  const name = parseName(ctx, "the name of the capability");
  const opener = expectToken(ctx, "{", "`{` and the operations");
  const operations = opener === undefined ? [] : parseOperations(ctx, opener, parseCapabilityOp, failCapabilityOp);
  const isEmpty = opener !== undefined && ctx.tokens[ctx.at - 2] === opener;
  if (isEmpty) ctx.report("bynk.parse.empty_capability", name.span, { name: name.text });
  return { kind: "CapabilityDecl", doc, name, operations, span: ctx.spanFrom(start) };
}

/** At `provides`. */
export function parseProvides(ctx: ParseContext, doc: DocBlock | undefined): ProvidesDecl {
  const { start } = ctx.next();
  const capability = parseName(ctx, "the name of the capability");
  expectToken(ctx, "=", "`=` and the name of the implementation");
  const implementation = parseName(ctx, "the name of the implementation");
  const given = parseGiven(ctx);
  const opener = ctx.eat("{");
  const operations = opener && parseOperations(ctx, opener, parseProviderOp, failProviderOp);
  return { kind: "ProvidesDecl", doc, capability, implementation, given, operations, span: ctx.spanFrom(start) };
}

/** `fn …` up to the closing brace; anything else is reported and skipped. */
function parseOperations<Op>(
  ctx: ParseContext,
  opener: Token,
  parseOp: (ctx: ParseContext) => Op,
  fail: (ctx: ParseContext) => void,
): readonly Op[] {
  const operations: Op[] = [];
  while (ctx.kind !== "}" && ctx.kind !== "eof" && (ctx.kind === "fn" || !startsDeclaration(ctx))) {
    if (ctx.kind === "fn") operations.push(parseOp(ctx));
    else {
      if (!ctx.isEcho) fail(ctx);
      skipOne(ctx);
      skipUntil(ctx, (token) => token.kind === "}" || token.kind === "fn");
    }
  }
  if (!ctx.eat("}")) reportUnclosed(ctx, "an operation or `}`", opener);
  return operations;
}

function parseCapabilityOp(ctx: ParseContext): CapabilityOp {
  const doc = ctx.docs.take(ctx.at);
  const { start } = ctx.next();
  const name = parseName(ctx, "the name of the operation");
  const typeParams = parseTypeParams(ctx);
  const params = parseParams(ctx);
  const result = parseResult(ctx);
  const span = ctx.spanFrom(start);
  if (ctx.kind === "{") failBody(ctx);
  return { kind: "CapabilityOp", doc, name, typeParams, params, result, span };
}

function parseProviderOp(ctx: ParseContext): ProviderOp {
  const doc = ctx.docs.take(ctx.at);
  const { start } = ctx.next();
  const name = parseName(ctx, "the name of the operation");
  const typeParams = parseTypeParams(ctx);
  const params = parseParams(ctx);
  const result = parseResult(ctx);
  const body = parseBlock(ctx, "the body of the operation");
  return { kind: "ProviderOp", doc, name, typeParams, params, result, body, span: ctx.spanFrom(start) };
}

/** A capability only names its operations; the body is read over. */
function failBody(ctx: ParseContext): void {
  const { start, end } = ctx.token;
  ctx.report("bynk.parse.expected_capability_op", { start, end }, {}, { variant: "body" });
  parseBlock(ctx, "the operation");
}

function failCapabilityOp(ctx: ParseContext): void {
  const { token } = ctx;
  const span = { start: token.start, end: token.end };
  ctx.report("bynk.parse.expected_capability_op", span, { found: describeToken(token) });
}

function failProviderOp(ctx: ParseContext): void {
  const { token } = ctx;
  const span = { start: token.start, end: token.end };
  ctx.report("bynk.parse.expected_provider_op", span, { found: describeToken(token) });
}
