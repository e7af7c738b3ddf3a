/** Phase 6: `uses`, and with it the types and functions a unit sees by bare name (reference §2.6). */
import { createFix, type Fix } from "../diagnostics/diagnostic.ts";
import { isLaterUnit } from "../project/first-party.ts";
import type { UsesClause } from "../syntax/ast.ts";
import type { Use } from "./model.ts";
import {
  type FuncBuild,
  type Located,
  reportUnsupported,
  type TypeBuild,
  type UnitState,
  type Units,
} from "./state.ts";
import { reportUnknown } from "./suggest.ts";

/** Makes the unit's own names visible, then those of the commons it uses. */
export function linkUses(unit: UnitState, units: Units): void {
  for (const [name, declared] of unit.own.types) {
    unit.scope.types.set(name, { declared, via: "own", from: unit.model, visibility: "open" });
  }
  for (const [name, func] of unit.own.functions) unit.scope.functions.set(name, func);
  const linked: Use[] = [];
  /** Which commons brought a name. */
  const broughtBy = new Map<string, string>();
  for (const clause of unit.own.uses) {
    const target = resolveCommons(unit, units, clause);
    if (target === undefined || linked.some((use) => use.unit === target.model)) continue;
    linked.push({ unit: target.model, clause: clause.node, hidden: mixIn(unit, target, clause, broughtBy) });
  }
  unit.model.uses = linked;
}

function resolveCommons(unit: UnitState, units: Units, clause: Located<UsesClause>): UnitState | undefined {
  const { source, node } = clause;
  const { text: name, span } = node.target;
  if (node.target.parts.some((part) => part.text === "")) return undefined;
  if (isLaterUnit(name)) {
    reportUnsupported(unit, source, span, `\`${name}\``);
    return undefined;
  }
  const target = units.get(name);
  if (target === undefined) {
    const known = [...units.values()].filter((other) => other.group.kind === "commons").map((other) => other.name);
    const code = "bynk.uses.unknown_commons";
    reportUnknown(unit.findings, { source, span, name, code, args: { name }, known });
  } else if (target === unit) {
    unit.findings.report(source, "bynk.uses.self_reference", span, { name });
  } else if (target.group.kind !== "commons") {
    const fixes = unit.group.kind === "commons" ? [] : [replaceKeyword(clause)];
    unit.findings.report(source, "bynk.uses.target_is_context", span, { name, kind: target.group.kind }, { fixes });
  } else {
    return target;
  }
  return undefined;
}

/** Writes `consumes` for `uses`. */
function replaceKeyword({ source, node }: Located<UsesClause>): Fix {
  const { start } = node.span;
  return createFix(source, "write `consumes`", [{ span: { start, end: start + "uses".length }, text: "consumes" }]);
}

/** Brings the names of `target` in; gives those that a local declaration hides. */
function mixIn(
  unit: UnitState,
  target: UnitState,
  clause: Located<UsesClause>,
  broughtBy: Map<string, string>,
): ReadonlySet<string> {
  const hidden = new Set<string>();
  const bring = (name: string, add: () => void): void => {
    if (unit.own.types.has(name) || unit.own.functions.has(name)) {
      hidden.add(name);
      return;
    }
    const other = broughtBy.get(name);
    if (other === undefined) {
      broughtBy.set(name, target.name);
      add();
      return;
    }
    const args = { name, first: other, second: target.name };
    unit.findings.report(clause.source, "bynk.uses.name_conflict", clause.node.target.span, args);
  };
  for (const [name, declared] of target.own.types) bring(name, () => addUsedType(unit, target, declared));
  for (const [name, func] of target.own.functions) bring(name, () => addUsedFunction(unit, func));
  for (const [name, declared] of target.own.types) if (hidden.has(name)) unit.scope.hidden.set(name, declared);
  return hidden;
}

function addUsedType(unit: UnitState, target: UnitState, declared: TypeBuild): void {
  unit.scope.types.set(declared.name, { declared, via: "uses", from: target.model, visibility: "open" });
}

function addUsedFunction(unit: UnitState, func: FuncBuild): void {
  unit.scope.functions.set(func.name, func);
}
