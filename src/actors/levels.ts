/**
 * Owns what a runtime holds at an instant, counted: actors in memory, connections and their leases, messages waiting. Read
 * when somebody asks; nothing is counted on the path of a call.
 */
import type { Runtime } from "./runtime.ts";

/** What actors of one type hold, of those in memory. */
export interface ActorLevel {
  /** Actor type. */
  readonly target: string;
  /** Instances in memory. */
  readonly awake: number;
  /** Queue messages that wait or are being handled. */
  readonly queued: number;
  /** Dead-lettered queue messages. */
  readonly deadLettered: number;
}

/** Connections of one actor type and party, their actor awake or asleep. */
export interface ConnectionLevel {
  readonly target: string;
  readonly party: string;
  readonly connections: number;
  /** Of these, whose credential ends at a known time. */
  readonly leased: number;
  readonly subscriptions: number;
}

/** How many leases ended since the start, and why. */
export interface LeaseEnds {
  readonly expired: number;
  readonly revoked: number;
}

export interface Levels {
  readonly actors: readonly ActorLevel[];
  readonly connections: readonly ConnectionLevel[];
  readonly leaseEnds: LeaseEnds;
}

/** What is held here, and what runtimes beside this one said that they hold. */
export function levelsOf(runtime: Runtime): Levels {
  return runtime.levelsElsewhere().reduce(sum, levelsHere(runtime));
}

export function levelsHere(runtime: Runtime): Levels {
  return { actors: actorLevels(runtime), connections: connectionLevels(runtime), leaseEnds: { ...runtime.leaseEnds } };
}

function sum(one: Levels, other: Levels): Levels {
  return {
    actors: added(one.actors, other.actors, ({ target }) => target),
    connections: added(one.connections, other.connections, ({ target, party }) => `${target} ${party}`),
    leaseEnds: addedTo(one.leaseEnds, other.leaseEnds),
  };
}

/** Counts of the same thing become one. */
function added<Level extends object>(one: readonly Level[], other: readonly Level[], idOf: (level: Level) => string) {
  const levels = new Map(one.map((level) => [idOf(level), level]));
  for (const level of other) {
    const known = levels.get(idOf(level));
    levels.set(idOf(level), known === undefined ? level : addedTo(known, level));
  }
  return [...levels.values()];
}

function addedTo<Level extends object>(one: Level, other: Level): Level {
  const sums = Object.entries(other).map(([name, value]) => {
    const before = one[name as keyof Level];
    return [name, typeof value === "number" && typeof before === "number" ? before + value : value];
  });
  // The cast holds because every member is either a number, summed, or what names the level, equal in both.
  return Object.fromEntries(sums) as Level;
}

function actorLevels(runtime: Runtime): readonly ActorLevel[] {
  const levels = new Map<string, { target: string; awake: number; queued: number; deadLettered: number }>();
  for (const target of runtime.actors.keys()) levels.set(target, { target, awake: 0, queued: 0, deadLettered: 0 });
  for (const instance of runtime.liveInstances()) {
    const level = levels.get(instance.ref.name)!;
    level.awake += 1;
    level.queued += instance.queues.size;
    level.deadLettered += instance.queues.deadCount;
  }
  return [...levels.values()];
}

function connectionLevels(runtime: Runtime): readonly ConnectionLevel[] {
  type Level = { target: string; party: string; connections: number; leased: number; subscriptions: number };
  const levels = new Map<string, Level>();
  for (const { actorName, caller, lease, subscriptions } of runtime.connections) {
    const id = `${actorName} ${caller.party}`;
    let level = levels.get(id);
    if (level === undefined) {
      level = { target: actorName, party: caller.party, connections: 0, leased: 0, subscriptions: 0 };
      levels.set(id, level);
    }
    level.connections += 1;
    if (lease.endsAt !== Number.POSITIVE_INFINITY) level.leased += 1;
    level.subscriptions += subscriptions.size;
  }
  return [...levels.values()];
}
