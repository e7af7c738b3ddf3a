/** Phase 8: what a unit offers to those who consume it (reference §2.6). */
import type { ExportsClause, Name } from "../syntax/ast.ts";
import { removeElement } from "./list-edits.ts";
import type { Capability, ExportedType, Place } from "./model.ts";
import type { Located, UnitState } from "./state.ts";
import { reportUnknown } from "./suggest.ts";

type Visibility = NonNullable<ExportsClause["visibility"]>;

interface Offered extends Place {
  readonly visibility: Visibility;
  readonly clause: ExportsClause;
}

export function linkExports(unit: UnitState): void {
  const types = new Map<string, ExportedType>();
  const capabilities = new Map<string, Capability>();
  const offered = new Map<string, Offered>();
  for (const clause of unit.own.exports) {
    const { visibility } = clause.node;
    if (visibility === undefined) continue;
    for (const name of clause.node.names) {
      if (name.text === "" || !isFirst(unit, clause, visibility, name, offered)) continue;
      if (visibility === "capability") offerCapability(unit, clause, name, capabilities);
      else offerType(unit, clause, name, visibility, types);
    }
  }
  unit.model.exportedTypes = types;
  unit.model.exportedCapabilities = capabilities;
}

/** False, and reported, when the name stands in an `exports` already. A type and a capability may share a name. */
function isFirst(
  unit: UnitState,
  clause: Located<ExportsClause>,
  visibility: Visibility,
  name: Name,
  offered: Map<string, Offered>,
): boolean {
  const key = `${visibility === "capability" ? "capability" : "type"} ${name.text}`;
  const first = offered.get(key);
  if (first === undefined) {
    offered.set(key, { source: clause.source, span: name.span, visibility, clause: clause.node });
    return true;
  }
  const related = [{ source: first.source, span: first.span, message: `exported ${first.visibility} here` }];
  const args = { name: name.text };
  const spans = clause.node.names.map((other) => other.span);
  const fixes = removeElement(clause.source, "remove it", spans, clause.node.names.indexOf(name));
  if (first.visibility !== visibility) {
    unit.findings.report(clause.source, "bynk.exports.conflicting_visibility", name.span, args, { related });
  } else if (first.clause === clause.node) {
    unit.findings.report(clause.source, "bynk.exports.duplicate_in_clause", name.span, args, { related, fixes });
  } else {
    unit.findings.report(clause.source, "bynk.exports.duplicate_export", name.span, args, { related, fixes });
  }
  return false;
}

function offerType(
  unit: UnitState,
  clause: Located<ExportsClause>,
  name: Name,
  visibility: "opaque" | "transparent",
  types: Map<string, ExportedType>,
): void {
  const visible = unit.scope.types.get(name.text);
  if (visible !== undefined) {
    types.set(name.text, { type: visible.declared, visibility });
    return;
  }
  reportUnknown(unit.findings, {
    source: clause.source,
    span: name.span,
    name: name.text,
    code: "bynk.exports.undeclared_type",
    args: { name: name.text },
    known: unit.scope.types.keys(),
  });
}

function offerCapability(
  unit: UnitState,
  clause: Located<ExportsClause>,
  name: Name,
  capabilities: Map<string, Capability>,
): void {
  const capability = unit.own.capabilities.get(name.text);
  if (capability === undefined) {
    reportUnknown(unit.findings, {
      source: clause.source,
      span: name.span,
      name: name.text,
      code: "bynk.exports.undeclared_capability",
      args: { name: name.text },
      known: unit.own.capabilities.keys(),
    });
    return;
  }
  capabilities.set(name.text, capability);
  if (unit.own.providers.has(name.text)) return;
  const related = [{ source: capability.source, span: capability.decl.name.span, message: "declared here" }];
  const args = { name: name.text };
  unit.findings.report(clause.source, "bynk.exports.capability_not_provided", name.span, args, { related });
}
