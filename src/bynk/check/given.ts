/** `given` clauses: which capabilities a body may use, and under which name (reference §11.3). */
import type { SourceFile } from "../diagnostics/source-file.ts";
import { isLaterCapability } from "../project/first-party.ts";
import type { GivenClause, QualifiedName } from "../syntax/ast.ts";
import { removeElement } from "./list-edits.ts";
import type { Capability, Given } from "./model.ts";
import { type ResolvedGiven, reportUnsupported, type UnitState } from "./state.ts";
import { reportUnknown } from "./suggest.ts";

export function resolveGiven(unit: UnitState, source: SourceFile, clause: GivenClause | undefined): ResolvedGiven {
  const given = new Map<string, Given>();
  const broken = new Set<string>();
  const written = clause?.capabilities ?? [];
  for (const [index, entry] of written.entries()) {
    const name = entry.parts.at(-1)?.text ?? "";
    const capability = resolveCapabilityName(unit, source, entry);
    if (capability === undefined) {
      broken.add(name);
      continue;
    }
    if (!given.has(name)) {
      given.set(name, { capability, name });
      continue;
    }
    const spans = written.map((other) => other.span);
    const fixes = removeElement(source, "remove it", spans, index);
    unit.findings.report(source, "bynk.given.duplicate_capability", entry.span, { name }, { fixes });
  }
  return { given: [...given.values()], broken };
}

function resolveCapabilityName(unit: UnitState, source: SourceFile, written: QualifiedName): Capability | undefined {
  if (written.parts.some((part) => part.text === "")) return undefined;
  const name = written.parts.at(-1)?.text ?? "";
  if (written.parts.length > 1) return resolvePrefixed(unit, source, written, name);
  const capability = unit.scope.capabilities.get(name);
  if (capability !== undefined) return capability;
  reportUnknown(unit.findings, {
    source,
    span: written.span,
    name,
    code: "bynk.given.unknown_capability",
    args: { name },
    known: unit.scope.capabilities.keys(),
  });
  return undefined;
}

/** `alias.Cap` or `full.name.Cap`. */
function resolvePrefixed(
  unit: UnitState,
  source: SourceFile,
  written: QualifiedName,
  name: string,
): Capability | undefined {
  const prefix = written.text.slice(0, -(name.length + 1));
  const consumption = unit.scope.contexts.get(prefix);
  if (consumption === undefined) {
    const first = written.parts[0]?.span ?? written.span;
    const span = { start: first.start, end: first.start + prefix.length };
    unit.findings.report(source, "bynk.resolve.unconsumed_context", span, { name: prefix });
    return undefined;
  }
  const target = consumption.unit;
  if (isLaterCapability(target.name, name)) {
    reportUnsupported(unit, source, written.span, `\`${target.name}.${name}\``);
    return undefined;
  }
  const capability = target.exportedCapabilities.get(name);
  if (capability !== undefined) return capability;
  reportUnknown(unit.findings, {
    source,
    span: written.parts.at(-1)?.span ?? written.span,
    name,
    code: "bynk.given.cross_context_unknown_capability",
    args: { name, context: target.name },
    known: target.exportedCapabilities.keys(),
  });
  return undefined;
}
