/** What a platform has to know to run each context in a Worker of its own: who calls whom, and what comes to it from outside. */
import type { Program, ProgramUnit } from "../check/model.ts";
import { modulePath } from "./emit.ts";
import { nameUnit } from "./module.ts";
import { secretsOf, workerName } from "./worker.ts";

/** One context as a Worker. */
export interface DeployedContext {
  /** The dotted name: who it is to those it calls. */
  readonly context: string;
  /** Dots become dashes and underscores stay, so no two contexts share one. */
  readonly worker: string;
  /** Its module, relative to the emitted files. */
  readonly module: string;
  /** What that module calls its definition. */
  readonly definition: string;
  /** Contexts it calls itself. */
  readonly calls: readonly DeployedContext[];
  readonly secrets: readonly string[];
  readonly crons: readonly { readonly name: string; readonly schedule: string }[];
  readonly queues: readonly string[];
  /** False for a context of calls alone. */
  readonly isPublic: boolean;
}

/** Every context with services, those that are called before those that call them. */
export function deploymentOf(program: Program): readonly DeployedContext[] {
  const made = new Map<ProgramUnit, DeployedContext>();
  for (const unit of program.units) if (isDeployed(unit)) deploy(unit, made);
  return [...made.values()];
}

function deploy(unit: ProgramUnit, made: Map<ProgramUnit, DeployedContext>): DeployedContext {
  const known = made.get(unit);
  if (known !== undefined) return known;
  const calls = [...calledFrom(unit)].filter((other) => isDeployed(other)).map((other) => deploy(other, made));
  const context: DeployedContext = {
    context: unit.name,
    worker: workerName(unit),
    module: modulePath(unit),
    definition: nameUnit(unit).definition,
    calls,
    secrets: [...secretsOf(unit)].toSorted(),
    crons: unit.services.flatMap((service) =>
      service.kind === "cron"
        ? service.schedules.map(({ schedule }) => ({ name: `${unit.name}/${service.name}`, schedule }))
        : [],
    ),
    queues: unit.services.flatMap((service) => (service.kind === "queue" ? [service.queue] : [])),
    isPublic: unit.services.some(({ kind }) => kind === "http"),
  };
  made.set(unit, context);
  return context;
}

function isDeployed(unit: ProgramUnit): boolean {
  return unit.kind === "context" && !unit.firstParty && unit.services.length > 0;
}

/** Those it calls; and those that providers call which it takes from others, since they run here. */
function calledFrom(unit: ProgramUnit, found = new Set<ProgramUnit>()): ReadonlySet<ProgramUnit> {
  for (const { unit: other } of unit.consumes) {
    if (hasCalls(other)) found.add(other);
    if (other.exportedCapabilities.size > 0) calledFrom(other, found);
  }
  return found;
}

function hasCalls(unit: ProgramUnit): boolean {
  return unit.services.some(({ kind }) => kind === "call");
}
