/**
 * Owns deciding recorded decisions again with today's definitions: what would change. Parties and invariants are decided from
 * what was recorded (the party proved, the predicates its claims satisfied); where code decides, the answer is `?`, since what
 * the code saw was not recorded (ruling 31).
 */
import { partiesOf } from "../actors/gate.ts";
import type { InvokeTarget } from "../actors/types.ts";
import { type AnyParty, type By, baseOf, membersOf } from "../boundary/party.ts";
import type { Declared } from "./matrix.ts";
import { partiesOf as partiesOfRegistry } from "./matrix.ts";
import { judgeParty, type Verdict } from "./verdict.ts";

/** What of a record replay reads. */
export interface Recorded {
  readonly target: string;
  readonly kind: string;
  readonly name: string;
  readonly base: string | null;
  readonly holds: readonly string[];
  readonly outcome: string;
  readonly reason: string;
}

export interface Replayed {
  readonly was: Verdict;
  /** `?` where code decides, or where what was recorded does not tell. */
  readonly now: Verdict;
}

/** What a recorded outcome was, as a cell of the matrix; null for outcomes that say nothing of access (limits, payloads). */
export function verdictOf(outcome: string): Verdict | null {
  switch (outcome) {
    case "ok":
    case "duplicate":
      return "allow";
    case "unauthenticated":
    case "expired":
    case "replayed":
      return "401";
    case "forbidden":
      return "403";
    case "not_found":
      return "404";
    default:
      return null;
  }
}

/** Decides again; null where the record says nothing of access. `known` are the predicates its process evaluated, by base. */
export function replayDecision(
  declared: Declared,
  record: Recorded,
  known: Readonly<Record<string, readonly string[]>>,
): Replayed | null {
  const was = verdictOf(record.outcome);
  if (was === null || record.kind === "renew") return null;
  const entry = entryFor(declared, record);
  if (entry === null) return { was, now: "404" };
  const now = decideAgain(declared, entry, record, known);
  // What code refused before and still decides is open, whatever it was.
  return { was, now };
}

interface Entry {
  readonly bys: readonly By[];
  /** What is there past the parties. */
  readonly past: Verdict;
}

const KINDS: ReadonlySet<string> = new Set(["action", "queue", "subscribe", "request", "websocket"]);

function entryFor({ actors, services }: Declared, { target, kind, name }: Recorded): Entry | null {
  const actor = actors.get(target);
  if (actor !== undefined) {
    const { config } = actor;
    if (kind === "connect") return { bys: actor.allBy, past: "allow" };
    if (kind === "create") return { bys: [actor.by], past: config.canCreate === undefined ? "allow" : "?" };
    if (!KINDS.has(kind)) return null;
    const by = partiesOf(actor, { kind, name, method: "GET", path: "/" } as InvokeTarget);
    if (config.canInvoke !== undefined) return { bys: [by], past: "?" };
    const isMissing =
      (kind === "action" && !actor.actions.has(name)) ||
      (kind === "request" && config.onRequest === undefined) ||
      (kind === "websocket" && config.onWebSocket === undefined);
    const isUndeclared =
      (kind === "queue" && actor.queues?.has(name) === false) ||
      (kind === "subscribe" && actor.events?.has(name) === false);
    return { bys: [by], past: isMissing ? "404" : isUndeclared ? "403" : "allow" };
  }
  const service = services.find((one) => one.name === target);
  if (service === undefined) return null;
  const entries = [...service.routes, ...service.calls.values(), ...service.queues.values(), ...service.crons];
  const found = entries.find((entry) => entry.kind === kind && entry.name === name);
  if (found === undefined) return null;
  const isAsked = kind === "http" || kind === "call";
  return { bys: [found.by], past: isAsked && service.config.canInvoke !== undefined ? "?" : "allow" };
}

function decideAgain(
  declared: Declared,
  entry: Entry,
  record: Recorded,
  known: Readonly<Record<string, readonly string[]>>,
): Verdict {
  const verdicts = entry.bys.map((by) => decideParty(declared, by, record, known));
  const best = (["allow", "?", "403"] as const).find((verdict) => verdicts.includes(verdict)) ?? "401";
  return best === "allow" ? entry.past : best;
}

function decideParty(
  declared: Declared,
  by: By,
  { base, holds, reason }: Recorded,
  known: Readonly<Record<string, readonly string[]>>,
): Verdict {
  if (base === null) return decideUnproved(by, reason);
  const bases = new Set(partiesOfRegistry(declared).map(baseOf));
  const party = [...bases, ...membersOf(by).map(baseOf)].find(({ name }) => name === base);
  // A party that is gone proves nothing any more; what its credential is to others, nobody recorded.
  if (party === undefined) return membersOf(by).some((member) => baseOf(member).scheme.kind === "none") ? "?" : "401";
  const own = membersOf(by).find((member) => baseOf(member) === party);
  if (own?.type !== "refinement") return judgeParty(by, party as AnyParty);
  const { description } = own.requires;
  if (holds.includes(description)) return "allow";
  return known[base]?.includes(description) === true ? "403" : "?";
}

/** Nobody was proved: nothing was presented, or what was presented failed; or an invariant did not hold. */
function decideUnproved(by: By, reason: string): Verdict {
  const schemes = membersOf(by).map((member) => baseOf(member).scheme.kind);
  if (reason.startsWith("invariant:")) {
    const refused = reason.slice("invariant:".length);
    return membersOf(by).some((member) => member.type === "refinement" && member.name === refused) ? "403" : "?";
  }
  if (schemes.every((kind) => kind === "internal")) return "403";
  if (schemes.every((kind) => kind === "none" || kind === "internal")) return "allow";
  if (reason === "credential.absent") return schemes.includes("none") ? "allow" : "401";
  return "401";
}
