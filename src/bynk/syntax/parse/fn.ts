/** Functions and methods (reference §4), with the contracts of §24. */
import type { Contract, DocBlock, FnDecl, Param, Span } from "../ast.ts";
import { parseParam, parseResult } from "./clauses.ts";
import { inHead, type ParseContext } from "./context.ts";
import { expectToken } from "./expect.ts";
import { parseList } from "./lists.ts";
import { parseName } from "./names.ts";
import { parseBlock, parseExpression } from "./nesting.ts";
import { parseTypeParams } from "./types.ts";

/** At `fn`. */
export function parseFn(ctx: ParseContext, doc: DocBlock | undefined): FnDecl {
  const { start } = ctx.next();
  const first = parseName(ctx, "the name of the function");
  const method = ctx.eat(".") ? parseName(ctx, "the name of the method") : undefined;
  const typeParams = parseTypeParams(ctx);
  const { self, params } = parseFnParams(ctx);
  if (self !== undefined && method === undefined)
    ctx.report("bynk.parse.self_outside_method", self, { name: first.text });
  const result = parseResult(ctx);
  const contracts = parseContracts(ctx);
  const body = parseBlock(ctx, "the body of the function");
  return {
    kind: "FnDecl",
    doc,
    owner: method === undefined ? undefined : first,
    name: method ?? first,
    typeParams,
    self,
    params,
    result,
    contracts,
    body,
    span: ctx.spanFrom(start),
  };
}

interface FnParams {
  readonly self: Span | undefined;
  readonly params: readonly Param[];
}

/** `(self, a: A)`; `self` can only be first. */
function parseFnParams(ctx: ParseContext): FnParams {
  const opener = expectToken(ctx, "(", "`(` and the parameters", { variant: "noParams" });
  if (opener === undefined) return { self: undefined, params: [] };
  const self = ctx.eat("self");
  if (self !== undefined && ctx.kind !== ")") expectToken(ctx, ",", "`,` or `)`");
  const params = parseList(ctx, ")", opener, parseParam);
  return { self: self && { start: self.start, end: self.end }, params };
}

/** `requires name: e` and `ensures name: e`; `{` after one opens the function's body. */
function parseContracts(ctx: ParseContext): readonly Contract[] {
  const contracts: Contract[] = [];
  while (ctx.kind === "requires" || ctx.kind === "ensures") {
    const { start, kind: clause } = ctx.token as { start: number; kind: "requires" | "ensures" };
    ctx.next();
    const name = parseName(ctx, "the name of the contract");
    expectToken(ctx, ":", "`:` and the predicate");
    const predicate = ctx.restricted(inHead, () => parseExpression(ctx));
    contracts.push({ kind: "Contract", clause, name, predicate, span: ctx.spanFrom(start) });
  }
  return contracts;
}
