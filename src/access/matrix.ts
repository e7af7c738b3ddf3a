/**
 * Owns the access matrix as the declarations give it: every entrypoint of every actor against every party, and what a
 * caller of that party gets. Derived from the same compiled entrypoints as the gate's decisions, so none can be forgotten;
 * what only code can decide is `?`. Runs nothing of the actors.
 */
import type { CompiledActor } from "../actors/entrypoints.ts";
import { type AnyParty, type AnyRefinement, type By, baseOf, Caller, membersOf, Visitor } from "../boundary/party.ts";

/**
 * What a caller gets: `allow` reaches the handler; `401` and `403` do not; `404` neither, since nothing is there to reach
 * (where code decides first, its denial is what comes back); `?` is decided by code (`canInvoke`, `canCreate`, or a
 * predicate over claims that the party does not fix).
 */
export type Verdict = "allow" | "401" | "403" | "404" | "?";

export type EntrypointKind = "connect" | "create" | "action" | "queue" | "subscribe" | "request" | "websocket";

export interface MatrixRow {
  readonly actor: string;
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

type Member = AnyParty | AnyRefinement;

/** The matrix of a registry's actors, in their order; entrypoints in the order they are declared. */
export function declaredMatrix(actors: Iterable<CompiledActor>): Matrix {
  const all = [...actors];
  const columns = columnsOf(all);
  const rows = all.flatMap((actor) =>
    entrypointsOf(actor).map((entrypoint) => ({
      actor: actor.name,
      kind: entrypoint.kind,
      ...(entrypoint.name === undefined ? {} : { name: entrypoint.name }),
      cells: Object.fromEntries(columns.map((column) => [column.name, entrypoint.judge(column)])),
    })),
  );
  return { version: 1, parties: columns.map(describeParty), rows };
}

/**
 * Every party of the actors, refinements behind their base. Who presents nothing and another actor are callers of every
 * registry, whether anything is declared for them or not.
 */
function columnsOf(actors: readonly CompiledActor[]): readonly Member[] {
  const declared = new Set(actors.flatMap((actor) => actor.allBy.flatMap(membersOf)));
  const bases = new Set([...declared].map(baseOf).filter((base) => base !== Visitor && !isOwnChannel(base)));
  bases.delete(Caller);
  const proving = [...bases].flatMap((base) => [
    base,
    ...[...declared].filter((member) => isRefinementOf(member, base)),
  ]);
  return [...proving, Caller, Visitor];
}

/** An actor's own schedule and own sends are no way in: they pass by declaration of the actor itself (ruling 6). */
function isOwnChannel(party: AnyParty): boolean {
  return party.name === "Scheduler" || party.name === "Producer";
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

interface Entrypoint {
  readonly kind: EntrypointKind;
  readonly name?: string;
  judge(column: Member): Verdict;
}

function entrypointsOf(actor: CompiledActor): readonly Entrypoint[] {
  const { config } = actor;
  const decided = config.canInvoke !== undefined;
  /** Past the party: what code leaves of what is there. */
  const gated = (by: By, found: "allow" | "403" | "404" = "allow", isDecided = decided) => {
    const admitted: Verdict = isDecided && found === "allow" ? "?" : found;
    return (column: Member): Verdict => afterParty(judgeParty(by, column), admitted);
  };
  const named = (
    kind: EntrypointKind,
    entries: ReadonlyMap<string, { readonly name: string; readonly by: By }> | null,
  ) => [...(entries?.values() ?? [])].map(({ name, by }): Entrypoint => ({ kind, name, judge: gated(by) }));
  /** Names nobody declared: open where the whole key is absent, else denied like a denied one (ruling 1). */
  const open = (entries: unknown): "allow" | "403" => (entries === null ? "allow" : "403");
  return [
    { kind: "connect", judge: (column) => judgeConnect(actor, column) },
    { kind: "create", judge: gated(actor.by, "allow", config.canCreate !== undefined) },
    ...named("action", actor.actions),
    { kind: "action", name: "*", judge: gated(actor.by, "404") },
    ...named("queue", actor.queues),
    { kind: "queue", name: "*", judge: gated(actor.by, open(actor.queues)) },
    ...named("subscribe", actor.events),
    { kind: "subscribe", name: "*", judge: gated(actor.by, open(actor.events)) },
    { kind: "request", judge: gated(actor.requestBy, config.onRequest === undefined ? "404" : "allow") },
    { kind: "websocket", judge: gated(actor.websocketBy, config.onWebSocket === undefined ? "404" : "allow") },
  ];
}

/** Opening a connection is gated by party alone: any entrypoint's party will do (ruling 8). */
function judgeConnect(actor: CompiledActor, column: Member): Verdict {
  const base = baseOf(column);
  // The credential is tried against every party of the actor; one that is read and refused ends it there (G2).
  if (base.scheme.kind !== "internal" && !actor.bases.includes(base)) {
    const read = readingOf(actor.bases, column);
    if (read !== "no") return read === "yes" ? "401" : "?";
  }
  const verdicts = actor.allBy.map((by) => judgeParty(by, column));
  return (["allow", "?", "403"] as const).find((verdict) => verdicts.includes(verdict)) ?? "401";
}

function afterParty(party: Verdict, admitted: Verdict): Verdict {
  if (party === "allow") return admitted;
  return party === "?" && admitted !== "allow" ? admitted : party;
}

/** What the parties of an entrypoint say to a caller who holds what `column` requires, and nothing else. */
function judgeParty(by: By, column: Member): Verdict {
  const base = baseOf(column);
  const members = membersOf(by);
  if (base.scheme.kind === "internal") return judgeInternal(members, base);
  const own = members.find((member) => baseOf(member) === base);
  if (own !== undefined) return judgeMember(own, column);
  const bases = members.map(baseOf);
  if (bases.every(({ scheme }) => scheme.kind === "internal")) return "403";
  if (!bases.some(({ scheme }) => scheme.kind === "none")) return "401";
  const read = readingOf(bases, column);
  return read === "no" ? "allow" : read === "yes" ? "401" : "?";
}

/** A caller of the base is refused by a refinement: it holds no claims beyond those of its own party. */
function judgeMember(member: Member, column: Member): Verdict {
  if (member.type === "party" || member === column) return "allow";
  if (column.type === "party") return "403";
  return column.requires.description === member.requires.description ? "allow" : "?";
}

/** Ruling 6: an internal call where the parties lack its channel is forbidden; it never becomes a visitor. */
function judgeInternal(members: readonly Member[], base: AnyParty): Verdict {
  if (members.includes(base) || members.includes(Caller)) return "allow";
  // Another internal party may admit some callers of the same channel, by name.
  const others = members.map(baseOf).filter((other) => other.scheme.kind === "internal" && !isOwnChannel(other));
  return others.length > 0 ? "?" : "403";
}

/** Whether some member reads the place that carries this column's credential, so that it counts as presented (ruling 7). */
function readingOf(bases: readonly AnyParty[], column: Member): "yes" | "no" | "perhaps" {
  const { carrier } = baseOf(column).scheme;
  if (carrier === "none" || !bases.some(({ scheme }) => scheme.carrier === carrier)) return "no";
  // Each signature has a header of its own choice.
  return carrier === "signature" ? "perhaps" : "yes";
}
