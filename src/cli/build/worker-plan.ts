/** Owns what is to be written for one Worker, read from a registry: its classes, secrets, schedules and queues. */
import { type By, baseOf, membersOf } from "../../boundary/party.ts";
import type { Registry } from "../../registry/registry.ts";
import { byOfServices } from "../../registry/services-setup.ts";
import { CommandFailure } from "../failure.ts";
import { type CronTrigger, cronTrigger } from "./cron-triggers.ts";

/** The class that actors live in, and its binding: the host knows it under these names. */
export const OBJECT = { className: "BywardActor", binding: "BYWARD_ACTOR" } as const;
/** The entrypoint that other Workers call services by. */
export const CALLS_ENTRYPOINT = "BywardCalls";

/** A Worker's call of another, as a service binding. */
export interface ConsumedWorker {
  readonly binding: string;
  /** Name of the Worker that answers. */
  readonly worker: string;
  /** Name of the context that calls, which the platform states to the other. */
  readonly caller: string;
}

export interface WorkerPlan {
  readonly name: string;
  /** Folder below the output folder; empty for itself. */
  readonly folder: string;
  /** Text of the entry module. */
  readonly entry: string;
  /** Types of actors, for people. */
  readonly actors: readonly string[];
  /** Names of the secrets that its parties read. */
  readonly secrets: readonly string[];
  readonly crons: readonly CronTrigger[];
  /** Queues of the platform that it consumes. */
  readonly queues: readonly string[];
  readonly consumes: readonly ConsumedWorker[];
  /** False where nothing outside is to reach it: it gets no public address. */
  readonly isPublic: boolean;
}

export type RegistryFacts = Pick<WorkerPlan, "actors" | "secrets" | "crons" | "queues">;

/** What of a plan follows from the registry. @throws CommandFailure `build.cron_unsupported` */
export function factsOf({ config }: Registry): RegistryFacts {
  const actors = [...config.actors.values()];
  const by = [...actors.flatMap(({ allBy }) => allBy), ...byOfServices(config.services)];
  return {
    actors: [...config.actors.keys()].toSorted(),
    secrets: secretsOf(by),
    crons: triggersOf(
      config.services.flatMap(({ name: service, crons }) =>
        crons.map(({ name, schedule, timezone }) => ({ name: `${service}/${name}`, schedule, timezone })),
      ),
    ),
    queues: [...new Set(config.services.flatMap(({ queues }) => [...queues.keys()]))].toSorted(),
  };
}

function secretsOf(by: readonly By[]): readonly string[] {
  const members = [...new Set(by)].flatMap((one) => membersOf(one));
  return [...new Set(members.flatMap((member) => baseOf(member).scheme.secretNames))].toSorted();
}

interface DeclaredCron {
  readonly name: string;
  readonly schedule: string;
  readonly timezone: string;
}

/** Triggers, each schedule once. @throws CommandFailure `build.cron_unsupported` */
export function triggersOf(crons: readonly DeclaredCron[]): readonly CronTrigger[] {
  const triggers = new Map<string, CronTrigger>();
  for (const { name, schedule, timezone } of crons) {
    const trigger = cronTrigger(schedule, timezone);
    if (typeof trigger === "string") {
      throw new CommandFailure(
        "build.cron_unsupported",
        `The cron ${name} ("${schedule}") is no cron trigger: ${trigger}.`,
        {
          hint: "Write it in five fields in UTC, or let an actor keep the time: c.schedule.every.",
        },
      );
    }
    triggers.set(schedule, trigger);
  }
  return [...triggers.values()];
}
