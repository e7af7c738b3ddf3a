/**
 * The checker, the whole flow on one screen: units as they are written → a program in which every name is resolved and
 * every type known, with everything that is wrong on the way (reference §2.7).
 *
 * I1. It never throws, whatever was parsed.
 * I2. A unit with an error in its headers, or resting on one, is checked no further: its bodies would only echo.
 * I3. Units that have not changed, and rest on none that has, are taken over from `before` as they are.
 */
import type { UnitGroup } from "../project/units.ts";
import { resolveActors, warnOfIdleIdentities } from "./actors/declare.ts";
import { checkFunctions, checkProviders } from "./bodies.ts";
import { linkConsumes } from "./consumes.ts";
import { checkConsumesCycles } from "./consumes-cycles.ts";
import { declareUnit } from "./declare.ts";
import { checkRecursion, linkVariants, resolveShapes } from "./declared-types.ts";
import { linkExports } from "./exports.ts";
import { findComponents } from "./graph.ts";
import type { Target } from "./model.ts";
import { resolveProviders } from "./providers.ts";
import { checkHandlers } from "./services/handler-bodies.ts";
import { resolveServices } from "./services/resolve.ts";
import { resolveCapability, resolveFunctions } from "./signatures.ts";
import { findStale } from "./stale.ts";
import type { UnitState, Units } from "./state.ts";
import { linkUses } from "./uses.ts";

export interface Checked {
  readonly units: Units;
  /** The names of the units that were checked anew. */
  readonly fresh: readonly string[];
}

export function checkUnits(groups: readonly UnitGroup[], target: Target, before: Units): Checked {
  const stale = findStale(groups, before);
  const contexts = groups.filter((group) => group.kind !== "commons").map((group) => group.name);
  const units = new Map(groups.map((group) => [group.name, openUnit(group, target, contexts, stale, before)]));
  const fresh = [...units.values()].filter((unit) => stale.has(unit.name));
  checkHeaders(fresh, units);
  checkBodies(fresh.filter((unit) => !unit.blocked));
  return { units, fresh: fresh.map((unit) => unit.name) };
}

function openUnit(
  group: UnitGroup,
  target: Target,
  contexts: readonly string[],
  stale: ReadonlySet<string>,
  before: Units,
): UnitState {
  const known = stale.has(group.name) ? undefined : before.get(group.name);
  return known ?? declareUnit(group, target, contexts);
}

/** Phases 5 to 9. */
function checkHeaders(fresh: readonly UnitState[], units: Units): void {
  for (const unit of fresh) linkUses(unit, units);
  for (const unit of fresh) linkExports(unit);
  for (const unit of fresh) linkConsumes(unit, units);
  checkConsumesCycles(units);
  for (const unit of fresh) {
    for (const capability of unit.own.capabilities.values()) resolveCapability(unit, capability);
  }
  for (const unit of fresh) resolveProviders(unit);
  blockDependents(fresh, units);
}

/** Blocks every unit that has an error so far, and every unit that rests on a blocked one. */
function blockDependents(fresh: readonly UnitState[], units: Units): void {
  for (const unit of fresh) if (unit.findings.errors > 0) unit.blocked = true;
  const next = (unit: UnitState): readonly UnitState[] =>
    [...unit.model.uses, ...unit.model.consumes].flatMap((base) => units.get(base.unit.name) ?? []);
  for (const component of findComponents({ nodes: fresh, next })) {
    const isBlocked = component.some((unit) => unit.blocked || next(unit).some((base) => base.blocked));
    if (isBlocked) for (const unit of component) unit.blocked = true;
  }
}

/** Phases 10 to 12. Each step needs the one before it done in every unit. */
function checkBodies(open: readonly UnitState[]): void {
  for (const unit of open) resolveShapes(unit);
  for (const unit of open) {
    checkRecursion(unit);
    linkVariants(unit);
    resolveFunctions(unit);
    resolveActors(unit);
    resolveServices(unit);
  }
  for (const unit of open) {
    checkFunctions(unit);
    checkProviders(unit);
    checkHandlers(unit);
    warnOfIdleIdentities(unit);
  }
}
