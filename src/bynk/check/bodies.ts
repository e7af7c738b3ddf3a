/** Bodies of functions, provider operations and handlers against their declared results (reference §4, §6.2). */
import type { SourceFile } from "../diagnostics/source-file.ts";
import type { Block, TypeRef } from "../syntax/ast.ts";
import { Body, bindLocals, fits, type Insertion } from "./body.ts";
import { rules } from "./infer.ts";
import { describeMismatch } from "./mismatch.ts";
import type { Given, Local, Provider, Type } from "./model.ts";
import type { UnitState } from "./state.ts";
import { printType } from "./types.ts";

/** What a body is checked with. */
export interface BodyInput {
  readonly unit: UnitState;
  readonly source: SourceFile;
  readonly site: Body["site"];
  readonly locals: readonly Local[];
  readonly result: Type;
  readonly resultRef: TypeRef;
  readonly block: Block;
  readonly self?: Type | undefined;
  readonly given?: readonly Given[];
  readonly brokenGiven?: ReadonlySet<string>;
  readonly insertion?: Insertion | undefined;
}

const none: ReadonlySet<string> = new Set();

/** Checks a body; gives the names of `given` that it used. */
export function checkBody(input: BodyInput): ReadonlySet<string> {
  const { unit, source, site, locals, result, block, self, given = [], brokenGiven = none, insertion } = input;
  const body = new Body({ unit, source, site, result, self, given, brokenGiven, insertion, rules });
  const want = { type: result, lift: result.kind === "effect" };
  const found = body.block(bindLocals(undefined, locals), block, want);
  if (fits(found, want)) return body.usedGiven;
  if (block.tail === undefined) {
    const args = { wanted: printType(result) };
    body.report("bynk.types.return_mismatch", input.resultRef.span, args, { variant: "nothing" });
  } else {
    const { span, words } = describeMismatch(body, block.tail, want);
    body.report("bynk.types.return_mismatch", span, words);
  }
  return body.usedGiven;
}

export function checkFunctions(unit: UnitState): void {
  for (const func of unit.own.bodies) {
    // Generic functions belong to ring 2; what they are made of cannot be told yet.
    if (func.generic) continue;
    const { decl, source } = func;
    checkBody({
      unit,
      source,
      site: "function",
      locals: func.params,
      result: func.result,
      resultRef: decl.result,
      block: decl.body,
      self: decl.self === undefined ? undefined : func.owner?.type,
    });
  }
}

export function checkProviders(unit: UnitState): void {
  for (const provider of unit.model.providers) {
    for (const { decl, params, result } of provider.operations ?? []) {
      checkBody({
        unit,
        source: provider.source,
        site: "provider",
        locals: params,
        result,
        resultRef: decl.result,
        block: decl.body,
        given: provider.given,
        insertion: insertionOf(provider),
      });
    }
  }
}

function insertionOf(provider: Provider): Insertion {
  const { given, implementation } = provider.decl;
  if (given !== undefined) return { offset: given.span.end, hasClause: true };
  return { offset: implementation.span.end, hasClause: false };
}
