/** Owns the ways into an actor, as the matrix shows them. */
import type { CompiledActor } from "../actors/entrypoints.ts";
import { type By, baseOf, membersOf } from "../boundary/party.ts";
import {
  afterParty,
  type Entrypoint,
  isOwnChannel,
  judgeParty,
  type Member,
  readingOf,
  type Verdict,
} from "./verdict.ts";

export type ActorEntrypointKind = "connect" | "create" | "action" | "queue" | "subscribe" | "request" | "websocket";

/** Every way in of an actor, names that are not declared too. */
export function entrypointsOfActor(actor: CompiledActor): readonly Entrypoint<ActorEntrypointKind>[] {
  const { config } = actor;
  const decided = config.canInvoke !== undefined;
  /** Past the party: what code leaves of what is there. */
  const gated = (by: By, found: "allow" | "403" | "404" = "allow", isDecided = decided) => {
    const admitted: Verdict = isDecided && found === "allow" ? "?" : found;
    return (column: Member): Verdict =>
      isOwnChannel(baseOf(column)) ? "-" : afterParty(judgeParty(by, column), admitted);
  };
  const named = (
    kind: ActorEntrypointKind,
    entries: ReadonlyMap<string, { readonly name: string; readonly by: By }> | null,
  ) =>
    [...(entries?.values() ?? [])].map(
      ({ name, by }): Entrypoint<ActorEntrypointKind> => ({ kind, name, judge: gated(by) }),
    );
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
  if (isOwnChannel(base)) return "-";
  // The credential is tried against every party of the actor; one that is read and refused ends it there (G2).
  if (base.scheme.kind !== "internal" && !actor.bases.includes(base)) {
    const read = readingOf(actor.bases, column);
    if (read !== "no") return read === "yes" ? "401" : "?";
  }
  // Entrypoints for the inside say nothing to somebody outside, unless there is no other.
  const outside = base.scheme.kind === "internal" ? actor.allBy : actor.allBy.filter((by) => !isForInside(by));
  if (outside.length === 0) return "403";
  const verdicts = outside.map((by) => judgeParty(by, column));
  return (["allow", "?", "403"] as const).find((verdict) => verdicts.includes(verdict)) ?? "401";
}

function isForInside(by: By): boolean {
  return membersOf(by).every((member) => baseOf(member).scheme.kind === "internal");
}
