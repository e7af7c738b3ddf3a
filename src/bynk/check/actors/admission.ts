/** `by` clauses: who may enter a handler (reference §12.2, §13.5, §13.6). */
import type { SourceFile } from "../../diagnostics/source-file.ts";
import type { ByClause, Handler, Name, Param, ServiceDecl, Span } from "../../syntax/ast.ts";
import type { Actor, Admission, Local, PreludeActor, SchemeName, Type } from "../model.ts";
import type { UnitState } from "../state.ts";
import { isBroken, preludeActors, reportUnknownActor } from "./declare.ts";

export type Entry = "http" | "websocket" | "call" | "cron" | "queue";

/** The schemes that can prove a caller at each kind of entry, and who it is when nobody is named. */
const rules: {
  readonly [Kind in Entry]: { readonly schemes: readonly SchemeName[]; readonly fallback: string | undefined };
} = {
  http: { schemes: ["None", "Bearer", "Signature", "Oidc"], fallback: undefined },
  websocket: { schemes: ["None", "Bearer"], fallback: undefined },
  call: { schemes: ["Internal"], fallback: "Caller" },
  cron: { schemes: ["Internal"], fallback: "Scheduler" },
  queue: { schemes: ["Internal"], fallback: "Producer" },
};

/** The members of a `by` clause, resolved once where they are written. Undefined when something is wrong. */
export type Members = readonly Actor[] | undefined;

export interface HandlerAdmission {
  readonly unit: UnitState;
  readonly source: SourceFile;
  readonly service: ServiceDecl;
  readonly entry: Entry;
  /** What the service's header says, resolved. */
  readonly inherited: Members;
}

/** Who may enter `handler`; undefined after something was reported. */
export function resolveAdmission(input: HandlerAdmission, handler: Handler): Admission | undefined {
  const { unit, source, service, entry } = input;
  const clause = handler.by ?? service.by;
  if (clause === undefined) return fallback(input, handler);
  const own = handler.by !== undefined;
  const members = own ? resolveMembers(unit, source, clause, entry) : input.inherited;
  const binder = bindCaller(clause, members);
  const at = own ? undefined : handler.entry.span;
  checkBinder(unit, source, clause, handler.params, at);
  if (members === undefined) return undefined;
  if (entry === "http") checkSignedBody(unit, source, clause, members, handler);
  return { members, binder, origin: own ? "handler" : "service" };
}

function fallback(input: HandlerAdmission, handler: Handler): Admission | undefined {
  const name = rules[input.entry].fallback;
  const actor = name === undefined ? undefined : resolveName(input.unit, name);
  if (actor !== undefined) return { members: [actor], binder: undefined, origin: "protocol" };
  if (name !== undefined) return undefined;
  const route = input.source.text.slice(handler.entry.span.start, handler.entry.span.end);
  input.unit.findings.report(input.source, "bynk.actor.missing_by_on_http", handler.entry.span, { route });
  return undefined;
}

/** A declaration of the context goes before the actor that comes with the language. */
function resolveName(unit: UnitState, name: string): Actor | undefined {
  return unit.own.actors.has(name) ? unit.scope.actors.get(name) : preludeActors.get(name);
}

/** Resolves a clause and checks what depends on nothing but the clause and the protocol. */
export function resolveMembers(unit: UnitState, source: SourceFile, clause: ByClause, entry: Entry): Members {
  const errors = unit.findings.errors;
  const isSum = clause.members.length > 1;
  const members: Actor[] = [];
  let complete = true;
  for (const name of clause.members) {
    const actor = resolveMember(unit, source, name);
    if (actor === undefined) complete = false;
    else {
      checkScheme(unit, source, name, actor, entry);
      if (isSum) checkSumMember(unit, source, name, actor, members);
      members.push(actor);
    }
  }
  if (isSum && clause.binder === undefined) {
    unit.findings.report(source, "bynk.actor.sum_requires_binder", clause.span, { members: printSum(clause) });
  }
  return complete && unit.findings.errors === errors ? members : undefined;
}

function printSum(clause: ByClause): string {
  return clause.members.map((member) => member.text).join(" | ");
}

function resolveMember(unit: UnitState, source: SourceFile, name: Name): Actor | undefined {
  const actor = resolveName(unit, name.text);
  if (actor !== undefined) return actor;
  const declared = unit.own.actors.has(name.text) || isBroken(unit, name.text);
  if (name.text !== "" && !declared) reportUnknownActor(unit, source, name);
  return undefined;
}

/** Where each of the language's own internal actors comes from; an internal actor of the author's comes from anywhere. */
const origins: ReadonlyMap<PreludeActor["name"], { readonly who: string; readonly only: string }> = new Map([
  ["Caller", { who: "another context", only: "`on call`" }],
  ["Scheduler", { who: "the clock", only: "`on schedule`" }],
  ["Producer", { who: "a queue", only: "`on message` of a queue" }],
  ["Publisher", { who: "a publisher of events", only: "`on event`" }],
]);

function checkScheme(unit: UnitState, source: SourceFile, name: Name, actor: Actor, entry: Entry): void {
  const { schemes, fallback } = rules[entry];
  const isOther = actor.kind === "prelude" && actor.scheme.kind === "Internal" && actor.name !== fallback;
  if (schemes.includes(actor.scheme.kind) && !isOther) return;
  const origin = isOther && schemes.includes("Internal") ? origins.get(actor.name) : undefined;
  const args = {
    actor: actor.name,
    scheme: actor.scheme.kind,
    entry,
    schemes: schemes.join(", "),
    who: origin?.who ?? "",
    only: origin?.only ?? "",
  };
  const variant = origin === undefined ? "default" : "channel";
  unit.findings.report(source, "bynk.actor.scheme_not_admissible", name.span, args, { variant });
}

function checkSumMember(unit: UnitState, source: SourceFile, name: Name, actor: Actor, before: readonly Actor[]): void {
  if (actor.kind === "refined") {
    unit.findings.report(source, "bynk.actor.refinement_in_sum", name.span, {
      actor: actor.name,
      base: actor.base.name,
    });
    return;
  }
  const always = before.find((other) => other.scheme.kind === "None");
  if (always !== undefined) {
    const args = { actor: actor.name, always: always.name };
    unit.findings.report(source, "bynk.actor.unreachable_sum_arm", name.span, args);
    return;
  }
  const same = before.find((other) => other.scheme.kind === actor.scheme.kind);
  if (same === undefined) return;
  const args = { actor: actor.name, other: same.name, scheme: actor.scheme.kind };
  unit.findings.report(source, "bynk.actor.duplicate_sum_scheme", name.span, args);
}

function bindCaller(clause: ByClause, members: Members): Local | undefined {
  const { binder } = clause;
  if (binder === undefined || binder.text === "") return undefined;
  return { name: binder.text, type: callerType(members), origin: "caller", node: binder };
}

function callerType(members: Members): Type {
  const [first] = members ?? [];
  if (members === undefined || first === undefined) return { kind: "error" };
  return members.length === 1 ? { kind: "caller", actor: first } : { kind: "callerSum", members };
}

/** `at` is where the handler stands when the clause is the service's. */
function checkBinder(
  unit: UnitState,
  source: SourceFile,
  clause: ByClause,
  params: readonly Param[],
  at: Span | undefined,
): void {
  const { binder } = clause;
  const param = params.find((candidate) => candidate.name.text === binder?.text);
  if (binder === undefined || binder.text === "" || param === undefined) return;
  const related = [{ source, span: param.name.span, message: "the parameter" }];
  const span = at === undefined ? binder.span : param.name.span;
  unit.findings.report(source, "bynk.actor.binder_shadows_param", span, { name: binder.text }, { related });
}

/** A signature covers the body, so the handler must take one. */
function checkSignedBody(
  unit: UnitState,
  source: SourceFile,
  clause: ByClause,
  members: readonly Actor[],
  handler: Handler,
): void {
  const signed = members.find((actor) => actor.scheme.kind === "Signature");
  if (signed === undefined || handler.params.some((param) => param.name.text === "body")) return;
  const written = clause.members.find((name) => name.text === signed.name);
  const span = handler.by === undefined ? handler.entry.span : (written?.span ?? clause.span);
  unit.findings.report(source, "bynk.actor.signature_requires_body", span, { actor: signed.name });
}
