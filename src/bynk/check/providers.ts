/** Phase 9: providers against the capabilities they implement (reference §11.2). */
import type { SourceFile } from "../diagnostics/source-file.ts";
import type { ProviderOp, ProvidesDecl } from "../syntax/ast.ts";
import { resolveGiven } from "./given.ts";
import { findComponents, findCycle, isCircle } from "./graph.ts";
import type { Capability, Operation, ProvidedOperation, Provider } from "./model.ts";
import { resolveParams } from "./signatures.ts";
import type { Located, UnitState } from "./state.ts";
import { reportUnknown } from "./suggest.ts";
import { resolveTypeRef } from "./type-refs.ts";
import { printType, sameType } from "./types.ts";

export function resolveProviders(unit: UnitState): void {
  const providers: Provider[] = [];
  for (const located of unit.own.providers.values()) {
    const provider = resolveProvider(unit, located);
    if (provider !== undefined) providers.push(provider);
  }
  unit.model.providers = inDependencyOrder(unit, providers);
}

function resolveProvider(unit: UnitState, located: Located<ProvidesDecl>): Provider | undefined {
  const { source, node } = located;
  const { given } = resolveGiven(unit, source, node.given);
  const capability = unit.own.capabilities.get(node.capability.text);
  if (capability === undefined) {
    reportUnknown(unit.findings, {
      source,
      span: node.capability.span,
      name: node.capability.text,
      code: "bynk.provider.unknown_capability",
      args: { name: node.capability.text },
      known: unit.own.capabilities.keys(),
    });
    return undefined;
  }
  return {
    name: node.implementation.text,
    unit: unit.model,
    source,
    decl: node,
    capability,
    given,
    operations: node.operations && resolveOperations(unit, located, capability, node.operations),
  };
}

function resolveOperations(
  unit: UnitState,
  located: Located<ProvidesDecl>,
  capability: Capability,
  nodes: readonly ProviderOp[],
): readonly ProvidedOperation[] {
  const { source, node: provider } = located;
  const provided = new Map<string, ProvidedOperation>();
  for (const node of nodes) {
    const name = node.name.text;
    const operation = capability.operations.find((candidate) => candidate.name === name);
    const params = resolveParams(unit, source, node.params);
    const result = resolveTypeRef(unit, source, node.result);
    if (name === "") continue;
    if (operation === undefined || provided.has(name)) {
      const variant = operation === undefined ? "default" : "repeated";
      const args = { capability: capability.name, name };
      unit.findings.report(source, "bynk.provider.extra_operation", node.name.span, args, { variant });
      continue;
    }
    const found = { operation, decl: node, params, result };
    checkSignature(unit, source, capability, found);
    provided.set(name, found);
  }
  for (const operation of capability.operations) {
    if (provided.has(operation.name)) continue;
    const args = { capability: capability.name, name: operation.name };
    const related = [{ source: capability.source, span: operation.decl.name.span, message: "declared here" }];
    unit.findings.report(source, "bynk.provider.missing_operation", provider.implementation.span, args, { related });
  }
  return [...provided.values()];
}

/** Parameter names need not agree, types must. */
function checkSignature(
  unit: UnitState,
  source: SourceFile,
  capability: Capability,
  provided: ProvidedOperation,
): void {
  const { operation, decl, params, result } = provided;
  const same =
    params.length === operation.params.length &&
    params.every((param, index) => sameType(param.type, operation.params[index]?.type ?? param.type)) &&
    sameType(result, operation.result);
  if (same) return;
  const args = {
    operation: `${capability.name}.${operation.name}`,
    wanted: printSignature(operation),
    found: printSignature({ params, result }),
  };
  const related = [{ source: capability.source, span: operation.decl.name.span, message: "declared here" }];
  unit.findings.report(source, "bynk.provider.signature_mismatch", decl.name.span, args, { related });
}

function printSignature(operation: Pick<Operation, "params" | "result">): string {
  return `(${operation.params.map((param) => printType(param.type)).join(", ")}) -> ${printType(operation.result)}`;
}

/** Sorts providers behind those they are given, and reports those that depend on each other in a circle. */
function inDependencyOrder(unit: UnitState, providers: readonly Provider[]): readonly Provider[] {
  const of = new Map(providers.map((provider) => [provider.capability, provider]));
  const next = (provider: Provider): readonly Provider[] =>
    provider.given.flatMap(({ capability }) => of.get(capability) ?? []);
  const components = findComponents({ nodes: providers, next });
  for (const component of components) {
    const first = component.toSorted((a, b) => a.decl.span.start - b.decl.span.start)[0];
    const cycle = first && isCircle(component, next) ? findCycle(first, next) : undefined;
    if (cycle !== undefined) reportCycle(unit, cycle);
  }
  return components.flat();
}

function reportCycle(unit: UnitState, cycle: readonly Provider[]): void {
  // A circle has at least one member.
  const [first] = cycle as [Provider];
  const chain = [...cycle, first].map((provider) => provider.capability.name).join(" → ");
  const span = first.decl.given?.span ?? first.decl.implementation.span;
  unit.findings.report(first.source, "bynk.provider.dependency_cycle", span, { chain });
}
