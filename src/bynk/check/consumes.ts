/** Phase 7: `consumes`, and the foreign names it brings (reference §2.6). */
import { createFix, type Fix } from "../diagnostics/diagnostic.ts";
import { isLaterCapability, isLaterUnit } from "../project/first-party.ts";
import type { ConsumesClause, Name } from "../syntax/ast.ts";
import type { Capability, Consumption, Place } from "./model.ts";
import { type Located, reportUnsupported, type TypeBuild, type UnitState, type Units } from "./state.ts";
import { reportUnknown } from "./suggest.ts";

export function linkConsumes(unit: UnitState, units: Units): void {
  for (const [name, capability] of unit.own.capabilities) unit.scope.capabilities.set(name, capability);
  if (unit.group.kind === "commons") return;
  const linked: Consumption[] = [];
  const aliases = new Map<string, Place>();
  for (const clause of unit.own.consumes) {
    const target = resolveTarget(unit, units, clause);
    if (target === undefined) continue;
    const { alias } = clause.node;
    const selection = (clause.node.selection ?? []).flatMap((name) => select(unit, target, clause, name));
    const consumption = { unit: target.model, clause: clause.node, alias: alias?.text, selection };
    linked.push(consumption);
    unit.scope.contexts.set(target.name, consumption);
    if (alias !== undefined && alias.text !== "") bindAlias(unit, clause, alias, consumption, aliases);
    bringTypes(unit, target, clause);
  }
  unit.model.consumes = linked;
}

function resolveTarget(unit: UnitState, units: Units, clause: Located<ConsumesClause>): UnitState | undefined {
  const { source, node } = clause;
  const { text: name, span } = node.target;
  if (node.target.parts.some((part) => part.text === "")) return undefined;
  if (isLaterUnit(name)) {
    reportUnsupported(unit, source, span, `\`${name}\``);
    return undefined;
  }
  const target = units.get(name);
  if (target === undefined) {
    const known = [...units.values()].filter((other) => other.group.kind !== "commons").map((other) => other.name);
    const code = "bynk.consumes.unknown_context";
    reportUnknown(unit.findings, { source, span, name, code, args: { name }, known });
  } else if (target === unit) {
    unit.findings.report(source, "bynk.consumes.self_reference", span, { name });
  } else if (target.group.kind === "commons") {
    const fixes = node.alias === undefined && node.selection === undefined ? [replaceKeyword(clause)] : [];
    unit.findings.report(source, "bynk.consumes.target_is_commons", span, { name }, { fixes });
  } else {
    return target;
  }
  return undefined;
}

/** Writes `uses` for `consumes`. */
function replaceKeyword({ source, node }: Located<ConsumesClause>): Fix {
  const { start } = node.span;
  return createFix(source, "write `uses`", [{ span: { start, end: start + "consumes".length }, text: "uses" }]);
}

function bindAlias(
  unit: UnitState,
  clause: Located<ConsumesClause>,
  alias: Name,
  consumption: Consumption,
  aliases: Map<string, Place>,
): void {
  const taken = aliases.get(alias.text) ?? placeOfOwn(unit, alias.text);
  if (taken !== undefined) {
    const related = [{ ...taken, message: "already the name of this" }];
    unit.findings.report(clause.source, "bynk.consumes.alias_conflict", alias.span, { name: alias.text }, { related });
    return;
  }
  aliases.set(alias.text, { source: clause.source, span: alias.span });
  unit.scope.contexts.set(alias.text, consumption);
}

/** Where the unit itself declares a name at top level. */
function placeOfOwn(unit: UnitState, name: string): Place | undefined {
  const { own } = unit;
  const declared = own.types.get(name) ?? own.functions.get(name) ?? own.capabilities.get(name);
  if (declared !== undefined) return { source: declared.source, span: declared.decl.name.span };
  const located = own.services.get(name) ?? own.actors.get(name);
  return located === undefined ? own.agents.get(name) : { source: located.source, span: located.node.name.span };
}

/** One name of `consumes X { … }`, flattened into the unit's capabilities. */
function select(
  unit: UnitState,
  target: UnitState,
  clause: Located<ConsumesClause>,
  name: Name,
): readonly Capability[] {
  if (name.text === "") return [];
  if (isLaterCapability(target.name, name.text)) {
    reportUnsupported(unit, clause.source, name.span, `\`${target.name}.${name.text}\``);
    return [];
  }
  const capability = target.model.exportedCapabilities.get(name.text);
  if (capability === undefined) {
    reportUnknown(unit.findings, {
      source: clause.source,
      span: name.span,
      name: name.text,
      code: "bynk.given.cross_context_unknown_capability",
      args: { name: name.text, context: target.name },
      known: target.model.exportedCapabilities.keys(),
    });
    return [];
  }
  const taken = unit.scope.capabilities.get(name.text);
  if (taken === undefined) {
    unit.scope.capabilities.set(name.text, capability);
  } else if (taken !== capability) {
    const args = {
      name: name.text,
      context: target.name,
      other: taken.unit === unit.model ? "this unit" : taken.unit.name,
    };
    unit.findings.report(clause.source, "bynk.consumes.capability_name_clash", name.span, args);
  }
  return [capability];
}

/** Makes the exported types of `target` visible by bare name. */
function bringTypes(unit: UnitState, target: UnitState, clause: Located<ConsumesClause>): void {
  for (const [name, { type, visibility }] of target.model.exportedTypes) {
    const taken = unit.scope.types.get(name);
    const shadowed = taken !== undefined || unit.scope.functions.has(name);
    if (taken?.declared === type) continue;
    if (!shadowed) {
      const open = target.group.kind === "adapter" && visibility === "transparent";
      // Exported types are declared types of some unit, all of which are built here.
      const declared = type as TypeBuild;
      unit.scope.types.set(name, {
        declared,
        via: "consumes",
        from: target.model,
        visibility: open ? "open" : visibility,
      });
    } else if (!target.group.firstParty) {
      const args = { name, context: target.name };
      unit.findings.report(clause.source, "bynk.consumes.name_conflict", clause.node.target.span, args);
    }
  }
}
