/** The bodies of handlers, and what they leave unused of `given` (reference §11.3). */
import { createFix, type Fix } from "../../diagnostics/diagnostic.ts";
import type { SourceFile } from "../../diagnostics/source-file.ts";
import type { GivenClause, ServiceDecl } from "../../syntax/ast.ts";
import { checkBody } from "../bodies.ts";
import { removeElement } from "../list-edits.ts";
import type { ResolvedGiven, UnitState } from "../state.ts";

export function checkHandlers(unit: UnitState): void {
  /** What the handlers that inherit a service's `given` have used of it. */
  const inherited = new Map<ServiceDecl, Set<string>>();
  for (const { decl } of unit.model.services) if (decl.given !== undefined) inherited.set(decl, new Set());
  for (const task of unit.handlers) {
    const { handler, source, service } = task;
    const used = checkBody({
      unit,
      source,
      site: "handler",
      locals: task.locals,
      result: task.result,
      resultRef: handler.result,
      block: handler.body,
      given: task.given.given,
      brokenGiven: task.given.broken,
      insertion: task.insertion,
    });
    if (handler.given !== undefined) warnOfUnused(unit, source, handler.given, task.given, used);
    else for (const name of used) inherited.get(service)?.add(name);
  }
  for (const { source, decl } of unit.model.services) {
    const used = inherited.get(decl);
    const given = unit.serviceGiven.get(decl);
    if (decl.given !== undefined && used && given) warnOfUnused(unit, source, decl.given, given, used);
  }
}

function warnOfUnused(
  unit: UnitState,
  source: SourceFile,
  clause: GivenClause,
  resolved: ResolvedGiven,
  used: ReadonlySet<string>,
): void {
  for (const [index, capability] of clause.capabilities.entries()) {
    const name = capability.parts.at(-1)?.text ?? "";
    if (name === "" || used.has(name) || resolved.broken.has(name)) continue;
    const fixes = removeFrom(source, clause, index);
    unit.findings.report(source, "bynk.given.unused_capability", capability.span, { name }, { fixes });
  }
}

/** Removes one entry, or the whole clause when it is the only one. */
function removeFrom(source: SourceFile, clause: GivenClause, index: number): readonly Fix[] {
  const spans = clause.capabilities.map((capability) => capability.span);
  const title = "remove it from `given`";
  if (spans.length > 1) return removeElement(source, title, spans, index);
  const start = source.text.slice(0, clause.span.start).trimEnd().length;
  return [createFix(source, title, [{ span: { start, end: clause.span.end }, text: "" }])];
}
