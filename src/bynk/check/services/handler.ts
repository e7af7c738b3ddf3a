/** What every handler has, whatever its protocol: parameters, result, caller, capabilities, a body to check. */

import type { SourceFile } from "../../diagnostics/source-file.ts";
import type { Handler, ServiceDecl } from "../../syntax/ast.ts";
import { type Entry, type Members, resolveAdmission, resolveMembers } from "../actors/admission.ts";
import type { Insertion } from "../body.ts";
import { resolveGiven } from "../given.ts";
import type { Admission, Given, Local, ProgramUnit, Type } from "../model.ts";
import { resolveParams } from "../signatures.ts";
import type { ResolvedGiven, UnitState } from "../state.ts";
import { resolveTypeRef } from "../type-refs.ts";

/** A service while its handlers are resolved. */
export interface ServiceScope {
  readonly unit: UnitState;
  readonly source: SourceFile;
  readonly decl: ServiceDecl;
  readonly entry: Entry;
  /** From the header. */
  readonly inheritedMembers: Members;
  readonly inheritedGiven: ResolvedGiven;
}

export function openService(unit: UnitState, source: SourceFile, decl: ServiceDecl, entry: Entry): ServiceScope {
  const inheritedGiven = resolveGiven(unit, source, decl.given);
  unit.serviceGiven.set(decl, inheritedGiven);
  const inheritedMembers = decl.by && resolveMembers(unit, source, decl.by, entry);
  return { unit, source, decl, entry, inheritedMembers, inheritedGiven };
}

/** What all four kinds of service have. */
export function serviceParts(scope: ServiceScope) {
  const unit: ProgramUnit = scope.unit.model;
  return { name: scope.decl.name.text, unit, source: scope.source, decl: scope.decl };
}

export interface ResolvedHandler {
  readonly decl: Handler;
  readonly params: readonly Local[];
  readonly result: Type;
  readonly by: Admission;
  readonly given: readonly Given[];
  readonly body: Handler["body"];
}

/** A caller that could not be resolved: it has been reported, and the program is never emitted. */
const nobody: Admission = { members: [], binder: undefined, origin: "handler" };

/** Resolves the handler and queues its body for checking. */
export function resolveHandler(scope: ServiceScope, handler: Handler): ResolvedHandler {
  const { unit, source, decl: service, entry } = scope;
  const params = resolveParams(unit, source, handler.params);
  const result = resolveTypeRef(unit, source, handler.result);
  const admission = resolveAdmission({ unit, source, service, entry, inherited: scope.inheritedMembers }, handler);
  const own = handler.given && resolveGiven(unit, source, handler.given);
  const given = own ?? scope.inheritedGiven;
  unit.handlers.push({
    source,
    handler,
    service,
    locals: [...params, ...binderOf(handler, service, admission)],
    result,
    given,
    insertion: insertionOf(handler),
  });
  return { decl: handler, params, result, by: admission ?? nobody, given: given.given, body: handler.body };
}

/** The binder is a name in the body even where its clause is wrong. */
function binderOf(handler: Handler, service: ServiceDecl, admission: Admission | undefined): readonly Local[] {
  if (admission?.binder !== undefined) return [admission.binder];
  const binder = (handler.by ?? service.by)?.binder;
  if (admission !== undefined || binder === undefined || binder.text === "") return [];
  return [{ name: binder.text, type: { kind: "error" }, origin: "caller", node: binder }];
}

function insertionOf(handler: Handler): Insertion {
  const { given, by, result } = handler;
  if (given !== undefined) return { offset: given.span.end, hasClause: true };
  const offset = Math.max(result.span.end, by?.position === "after" ? by.span.end : 0);
  return { offset, hasClause: false };
}
