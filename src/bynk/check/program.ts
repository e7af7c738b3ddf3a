/** The program that emission reads, put together from units without errors. */
import type { Platform, Program, ProgramUnit, Target } from "./model.ts";
import type { Units } from "./state.ts";

export function assembleProgram(units: Units, target: Target, platform: Platform): Program {
  const sorted: ProgramUnit[] = [];
  const seen = new Set<ProgramUnit>();
  const visit = (unit: ProgramUnit): void => {
    if (seen.has(unit)) return;
    seen.add(unit);
    for (const use of unit.uses) visit(use.unit);
    for (const consumption of unit.consumes) visit(consumption.unit);
    sorted.push(unit);
  };
  for (const name of [...units.keys()].toSorted()) {
    const unit = units.get(name);
    if (unit !== undefined && !unit.group.firstParty) visit(unit.model);
  }
  return { target, platform, units: sorted };
}
