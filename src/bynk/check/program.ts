/** The program that emission reads, put together from units without errors. */
import { findComponents } from "./graph.ts";
import type { Platform, Program, ProgramUnit, Target } from "./model.ts";
import type { Units } from "./state.ts";

export function assembleProgram(units: Units, target: Target, platform: Platform): Program {
  const own = [...units.values()].filter((unit) => !unit.group.firstParty);
  const nodes = own.map((unit) => unit.model).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const next = (unit: ProgramUnit): readonly ProgramUnit[] => [...unit.uses, ...unit.consumes].map((base) => base.unit);
  return { target, platform, units: findComponents({ nodes, next }).flat() };
}
