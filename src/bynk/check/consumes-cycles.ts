/** Phase 7, across units: contexts must not consume each other in a circle (reference §2.6). */
import type { UnitState, Units } from "./state.ts";

/** Reports each cycle once, at the clause of its alphabetically first member that closes it. */
export function checkConsumesCycles(units: Units): void {
  const done = new Set<string>();
  for (const name of [...units.keys()].toSorted()) {
    const unit = units.get(name);
    if (unit !== undefined) visit(unit, units, [], done);
  }
}

function visit(unit: UnitState, units: Units, path: readonly UnitState[], done: Set<string>): void {
  if (done.has(unit.name)) return;
  const trail = [...path, unit];
  for (const { unit: target } of unit.model.consumes) {
    const start = trail.findIndex((step) => step.model === target);
    if (start >= 0) reportCycle(trail.slice(start));
    else {
      const next = units.get(target.name);
      if (next !== undefined) visit(next, units, trail, done);
    }
  }
  done.add(unit.name);
}

function reportCycle(cycle: readonly UnitState[]): void {
  const [first] = cycle as [UnitState];
  const next = cycle[1] ?? first;
  const clause = first.own.consumes.find((candidate) => candidate.node.target.text === next.name);
  if (clause === undefined) return;
  const chain = [...cycle, first].map((unit) => unit.name).join(" → ");
  first.findings.report(clause.source, "bynk.context.consumes_cycle", clause.node.target.span, { chain });
  for (const unit of cycle) unit.blocked = true;
}
