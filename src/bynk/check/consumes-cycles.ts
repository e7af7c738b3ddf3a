/** Phase 7, across units: contexts must not consume each other in a circle (reference §2.6). */
import { findComponents, findCycle, isCircle } from "./graph.ts";
import type { UnitState, Units } from "./state.ts";

/** Reports each circle once, at the clause of its alphabetically first member. */
export function checkConsumesCycles(units: Units): void {
  const next = (unit: UnitState): readonly UnitState[] =>
    unit.model.consumes.flatMap((consumed) => units.get(consumed.unit.name) ?? []);
  for (const component of findComponents({ nodes: units.values(), next })) {
    const [first] = component.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const cycle = first && isCircle(component, next) ? findCycle(first, next) : undefined;
    if (first === undefined || cycle === undefined) continue;
    reportCycle(first, cycle);
    for (const unit of component) unit.blocked = true;
  }
}

function reportCycle(first: UnitState, cycle: readonly UnitState[]): void {
  const next = cycle[1] ?? first;
  const clause = first.own.consumes.find((candidate) => candidate.node.target.text === next.name);
  if (clause === undefined) return;
  const chain = [...cycle, first].map((unit) => unit.name).join(" → ");
  first.findings.report(clause.source, "bynk.context.consumes_cycle", clause.node.target.span, { chain });
}
