/**
 * Owns the access matrix as the declarations give it: every entrypoint of every actor and service against every party, and
 * what a caller of that party gets. Derived from the same compiled entrypoints as the gate's decisions, so none can be
 * forgotten; what only code can decide is `?`. Runs nothing of the actors and services.
 */
import type { CompiledActor } from "../actors/entrypoints.ts";
import { ConfigurationError } from "../boundary/errors.ts";
import { type AnyParty, baseOf, Caller, membersOf, Visitor } from "../boundary/party.ts";
import type { CompiledService, ServiceEntry } from "../services/entrypoints.ts";
import { type ActorEntrypointKind, entrypointsOfActor } from "./actor-entrypoints.ts";
import { entrypointsOfService, type ServiceEntrypointKind } from "./service-entrypoints.ts";
import { type Entrypoint, isOwnChannel, type Member, type Verdict } from "./verdict.ts";

export type EntrypointKind = ActorEntrypointKind | ServiceEntrypointKind;

export interface MatrixRow {
  readonly of: "actor" | "service";
  /** Name of the actor or service. */
  readonly owner: string;
  readonly kind: EntrypointKind;
  /** Absent for kinds without names; `*` stands for every name that is not declared. */
  readonly name?: string;
  /** By party name, one cell for every column. */
  readonly cells: Readonly<Record<string, Verdict>>;
}

export interface MatrixParty {
  readonly name: string;
  readonly scheme: string;
  /** What a refinement requires beyond its base. */
  readonly refines?: { readonly base: string; readonly requires: string };
}

export interface Matrix {
  readonly version: 1;
  readonly parties: readonly MatrixParty[];
  readonly rows: readonly MatrixRow[];
}

/** What the matrix is derived from: a registry's configuration. */
export interface Declared {
  readonly actors: ReadonlyMap<string, CompiledActor>;
  readonly services: readonly CompiledService[];
}

/**
 * The matrix of a registry, actors first; entrypoints in the order they are declared.
 *
 * @throws ConfigurationError `access.name_kept` for an entrypoint called `*`: two rows of one name would hide one another
 */
export function declaredMatrix({ actors, services }: Declared): Matrix {
  for (const actor of actors.values()) assertNoStar(actor);
  const columns = columnsOf({ actors, services });
  const rowsOf = (of: MatrixRow["of"], owner: string, entrypoints: readonly Entrypoint<EntrypointKind>[]) =>
    entrypoints.map(({ kind, name, judge }) => ({
      of,
      owner,
      kind,
      ...(name === undefined ? {} : { name }),
      cells: Object.fromEntries(columns.map((column) => [column.name, judge(column)])),
    }));
  const rows = [
    ...[...actors.values()].flatMap((actor) => rowsOf("actor", actor.name, entrypointsOfActor(actor))),
    ...services.flatMap((service) => rowsOf("service", service.name, entrypointsOfService(service))),
  ];
  return { version: 1, parties: columns.map(describeParty), rows };
}

function assertNoStar({ name, actions, queues, events }: CompiledActor): void {
  const kinds = { action: actions, queue: queues, event: events };
  for (const [kind, entries] of Object.entries(kinds)) {
    if (entries?.has("*") !== true) continue;
    throw new ConfigurationError(
      "access.name_kept",
      `The ${kind} "*" of ${name} has the name that stands for every ${kind} nobody declared. Give it another one.`,
    );
  }
}

/** Parties of a registry, in the order in which it names them; refinements behind their base. */
export function partiesOf({ actors, services }: Declared): readonly Member[] {
  const ofActors = [...actors.values()].flatMap((actor) => actor.allBy.flatMap(membersOf));
  const ofServices = services.flatMap(entriesOf).flatMap(({ by }) => membersOf(by));
  const members = new Set([...ofActors, ...ofServices]);
  const bases = new Set([...members].map(baseOf));
  return [...bases].flatMap((base) => [base, ...[...members].filter((member) => isRefinementOf(member, base))]);
}

function entriesOf(service: CompiledService): readonly ServiceEntry[] {
  return [...service.routes, ...service.calls.values(), ...service.queues.values(), ...service.crons];
}

/**
 * Who presents nothing and another actor are callers of every registry, whether anything is declared for them or not; the
 * channels of crons and queues are columns where a service has some.
 */
export function columnsOf(declared: Declared): readonly Member[] {
  const own = new Set(declared.services.flatMap(entriesOf).flatMap(({ bases }) => bases.filter(isOwnChannel)));
  const proving = partiesOf(declared).filter((member) => {
    const base = baseOf(member);
    return base !== Visitor && base !== Caller && !isOwnChannel(base);
  });
  return [...proving, Caller, ...own, Visitor];
}

function isRefinementOf(member: Member, base: AnyParty): boolean {
  return member.type === "refinement" && member.base === base;
}

function describeParty(member: Member): MatrixParty {
  const { scheme } = baseOf(member);
  if (member.type === "party") return { name: member.name, scheme: scheme.kind };
  return {
    name: member.name,
    scheme: scheme.kind,
    refines: { base: member.base.name, requires: member.requires.description },
  };
}
