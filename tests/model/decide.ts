/**
 * Owns the model of the gate: who a caller is and what becomes of an invocation, as the design's gate order, its table of
 * outcomes and its rulings say it. Pure, and independent of the runtime: it imports the shared vocabulary only.
 *
 *   limits → authenticate → invariant → (missing: may it be created?) → replay → canInvoke → the name → create → payload
 */
import {
  type Answer,
  type Bearer,
  BYS,
  type ByName,
  DEADLINE,
  type Definition,
  type Kind,
  MAX_LIFE,
  type PartyName,
  type Presented,
  REFINEMENTS,
  SLOW,
  TOLERANCE,
  type Token,
} from "./definition.ts";

/** What an answer is on the wire: `group/code` → HTTP status, and the close code of a connection it refuses or ends. */
export const WIRE: Readonly<Record<string, { readonly status: number; readonly close: number }>> = {
  "auth/unauthenticated": { status: 401, close: 3000 },
  "auth/expired": { status: 401, close: 3000 },
  "auth/replayed": { status: 401, close: 1008 },
  "auth/forbidden": { status: 403, close: 3003 },
  "request/not_found": { status: 404, close: 1008 },
  "action/not_found": { status: 404, close: 1008 },
  "actor/not_found": { status: 404, close: 1008 },
  "request/method_not_allowed": { status: 405, close: 1008 },
  "request/unsupported_media_type": { status: 415, close: 1008 },
  "request/invalid_request": { status: 400, close: 1008 },
  "action/invalid_request": { status: 400, close: 1008 },
  "queue/invalid_request": { status: 400, close: 1008 },
  "actor/duplicate_key": { status: 409, close: 1008 },
  "message/invalid_message": { status: 400, close: 1008 },
  "message/incoming_too_long": { status: 413, close: 1009 },
  "byward/overloaded": { status: 429, close: 1013 },
  "byward/internal_error": { status: 500, close: 1011 },
  "user/not_now": { status: 400, close: 1008 },
  "user/refused": { status: 400, close: 1008 },
  "user/not_here": { status: 400, close: 1008 },
};

export interface Proof {
  readonly party: PartyName;
  readonly identity: string | null;
  readonly claims: Readonly<Record<string, unknown>>;
  /** Epoch ms. */
  readonly exp: number | null;
  readonly iat: number | null;
  readonly jti: string | null;
  /** Names the delivery, where it may happen once only. */
  readonly mark: { readonly id: string; readonly keepUntil: number } | null;
}
export type Reading =
  | { readonly status: "absent" }
  | { readonly status: "failed"; readonly code: "auth/unauthenticated" | "auth/expired" | "auth/replayed" }
  | { readonly status: "proved"; readonly proof: Proof };
/** What each proving party made of one presentation; nothing for parties that were not asked. */
export type Readings = ReadonlyMap<PartyName, Reading>;

export type Channel = "outside" | "inside";
export interface Caller {
  readonly party: PartyName;
  readonly proof: Proof | null;
}

export interface Revocation {
  readonly at: number;
  readonly party: PartyName | null;
  readonly sub: string | null;
  readonly jti: string | null;
  readonly claim: readonly [string, unknown] | null;
}

const ABSENT: Reading = { status: "absent" };
const FAILED: Reading = { status: "failed", code: "auth/unauthenticated" };
const SIGNER: Partial<Record<PartyName, Token["signer"]>> = { User: "user", Sso: "sso", Partner: "partner" };

export function baseOf(member: PartyName): PartyName {
  return REFINEMENTS[member]?.base ?? member;
}

/** The parties of the actor itself. */
export function ownBy(definition: Definition): ByName {
  return definition.by ?? "fallback";
}

export function byOf(definition: Definition, kind: Kind, name: string): ByName {
  return definition.guards[kind === "request" || kind === "websocket" ? kind : `${kind} ${name}`] ?? ownBy(definition);
}

/** Every `by` of an actor. */
export function allBy(definition: Definition): readonly ByName[] {
  return [ownBy(definition), ...Object.values(definition.guards)];
}

function basesOf(bys: readonly ByName[]): readonly PartyName[] {
  return [...new Set(bys.flatMap((by) => BYS[by].map(baseOf)))];
}

// ── authenticate ──

/** Asks every proving party of `bys`; `bytes` is the body as it was sent, null on a socket. */
export function read(
  definition: Definition,
  bys: readonly ByName[],
  presented: Presented,
  channel: Channel,
  bytes: string | null,
  now: number,
): Readings {
  const readings = new Map<PartyName, Reading>();
  for (const party of basesOf(bys)) {
    if (party === "Visitor") continue;
    if (party === "Caller" || party === "Scheduler") {
      readings.set(party, channel === "inside" && party === "Caller" ? internalReading() : ABSENT);
    } else if (channel === "inside") readings.set(party, ABSENT);
    else if (party === "Hook") readings.set(party, readSigned(presented, bytes, now, definition.skew));
    else readings.set(party, readBearer(party, presented.bearer, now, definition.skew));
  }
  return readings;
}

function internalReading(): Reading {
  const proof: Proof = {
    party: "Caller",
    identity: "proxy/p",
    claims: {},
    exp: null,
    iat: null,
    jti: null,
    mark: null,
  };
  return { status: "proved", proof };
}

function readBearer(party: PartyName, bearer: Bearer | null, now: number, skew: number): Reading {
  if (bearer === null || bearer.form === "basic") return ABSENT;
  if (bearer.form !== "token" || bearer.token.signer !== SIGNER[party]) return FAILED;
  const { sub, iat, exp, nbf, jti, claims } = bearer.token;
  const seconds = now / 1000;
  if (exp === null || sub === "" || (iat !== null && iat > seconds + skew)) return FAILED;
  if (exp - (iat ?? seconds + skew) > MAX_LIFE || (nbf !== null && seconds < nbf - skew)) return FAILED;
  // The tolerance lets a token be recognised; who holds it is told that it expired either way.
  if (seconds >= exp + skew) return { status: "failed", code: "auth/expired" };
  // The identity schema of User takes no subject `nobody`.
  if (party === "User" && sub === "nobody") return FAILED;
  const issued = iat === null ? null : iat * 1000;
  return { status: "proved", proof: { party, identity: sub, claims, exp: exp * 1000, iat: issued, jti, mark: null } };
}

function readSigned({ signed }: Presented, bytes: string | null, now: number, skew: number): Reading {
  if (signed === null) return ABSENT;
  if (bytes === null || signed.time === null || signed.key !== "hook" || signed.tampered) return FAILED;
  if (Math.abs(now - signed.time * 1000) > TOLERANCE * 1000) return { status: "failed", code: "auth/replayed" };
  const keepUntil = (signed.time + TOLERANCE + skew) * 1000;
  const mark = { id: `${signed.time}.${bytes}`, keepUntil };
  const proof: Proof = { party: "Hook", identity: null, claims: {}, exp: null, iat: null, jti: null, mark };
  return { status: "proved", proof };
}

/** True when a proving party of `bys` finds something where it looks (ruling 7). */
export function isPresented(bys: readonly ByName[], { bearer, signed }: Presented): boolean {
  const bases = basesOf(bys);
  const reads = (party: PartyName): boolean => bases.includes(party);
  const token = bearer !== null && bearer.form !== "basic" && (reads("User") || reads("Sso") || reads("Partner"));
  return token || (signed !== null && reads("Hook"));
}

export function proofsOf(readings: Readings): readonly Proof[] {
  return [...readings.values()].flatMap((one) => (one.status === "proved" ? [one.proof] : []));
}

/** Why nothing was proved although something was presented; the first that says more than `unauthenticated`. */
export function failureOf(readings: Readings): string | null {
  if (proofsOf(readings).length > 0) return null;
  return worst([...readings.values()]);
}

function worst(readings: readonly Reading[]): string | null {
  const codes = readings.flatMap((one) => (one.status === "failed" ? [one.code] : []));
  return codes.find((code) => code !== "auth/unauthenticated") ?? codes[0] ?? null;
}

/** The end of what was proved; null where it has none. */
export function endOf(proofs: readonly Proof[]): number | null {
  const ends = proofs.flatMap(({ exp }) => (exp === null ? [] : [exp]));
  return ends.length === 0 ? null : Math.min(...ends);
}

export function isRevoked(proofs: readonly Proof[], revocations: readonly Revocation[], now: number): boolean {
  return revocations.some((one) => one.at <= now && proofs.some((proof) => falls(proof, one)));
}

function falls(proof: Proof, { at, party, sub, jti, claim }: Revocation): boolean {
  if (party !== null && party !== proof.party) return false;
  if (jti !== null) return proof.jti === jti;
  if (sub !== null && proof.identity !== sub) return false;
  if (claim !== null && proof.claims[claim[0]] !== claim[1]) return false;
  // Everything issued in the second of the revocation counts as before it; so does what says nothing (ruling 19).
  return proof.iat === null || Math.floor(proof.iat / 1000) <= Math.floor(at / 1000);
}

/** G7: what is dead at `now`. Revocation is said before expiry. */
export function deadAt(proofs: readonly Proof[], revocations: readonly Revocation[], now: number): string | null {
  if (isRevoked(proofs, revocations, now)) return "auth/unauthenticated";
  const end = endOf(proofs);
  return end !== null && now >= end ? "auth/expired" : null;
}

// ── invariant ──

/** Who the caller is for an entrypoint, or why it is nobody. */
export function resolve(by: ByName, readings: Readings, channel: Channel): Caller | string {
  const members = BYS[by];
  const tried: Reading[] = [];
  for (const member of members) {
    if (member === "Visitor") {
      if (channel === "outside" && worst(tried) === null) return { party: "Visitor", proof: null };
      continue;
    }
    const reading = readings.get(baseOf(member)) ?? ABSENT;
    tried.push(reading);
    if (reading.status !== "proved") continue;
    return meets(member, reading.proof) ? { party: member, proof: reading.proof } : "auth/forbidden";
  }
  if (channel === "inside" || members.every((member) => member === "Caller" || member === "Scheduler")) {
    return "auth/forbidden";
  }
  return worst(tried) ?? "auth/unauthenticated";
}

function meets(member: PartyName, proof: Proof): boolean {
  const rule = REFINEMENTS[member];
  if (rule === undefined) return true;
  const claim = proof.claims[rule.claim];
  return rule.value === undefined ? Boolean(claim) : claim === rule.value;
}

/** Who may open a connection: whom any entrypoint admits (ruling 8). What was presented and proved nowhere ends it. */
export function resolveConnection(definition: Definition, readings: Readings): Caller | string {
  const failure = failureOf(readings);
  if (failure !== null) return failure;
  const bys = allBy(definition);
  const answers = bys.map((by) => resolve(by, readings, "outside"));
  const admitted = answers.find((answer) => typeof answer !== "string");
  if (admitted !== undefined) return admitted;
  const isInternal = (by: ByName): boolean => BYS[by].every((member) => member === "Caller" || member === "Scheduler");
  // An entrypoint for the inside says nothing to somebody outside, unless there is no other.
  const outside = answers.filter((_answer, index) => !isInternal(bys[index]!));
  return outside.length === 0 || outside.includes("auth/forbidden") ? "auth/forbidden" : "auth/unauthenticated";
}

// ── code that decides ──

export interface Asked {
  /** ms until the answer is there. */
  readonly delay: number;
  /** Null: allowed. */
  readonly refusal: string | null;
}

/** What the answer of code means (G1, G6). */
export function ask(answer: Answer, caller: Caller, open: boolean, policy: boolean, isPure = false): Asked {
  // A pure decision has no state to look at.
  if (isPure && answer === "open") return { delay: 0, refusal: "byward/internal_error" };
  const delay = answer === "hangs" ? DEADLINE : answer.startsWith("slow-") ? SLOW : 0;
  return { delay, refusal: judge(answer.replace("slow-", ""), caller, open, policy) };
}

function judge(answer: string, caller: Caller, open: boolean, policy: boolean): string | null {
  const from = (verdict: boolean): string | null => (verdict ? null : "auth/forbidden");
  switch (answer) {
    case "true":
    case "false":
      return from(answer === "true");
    case "user-error":
      return "user/not_now";
    case "open":
      return from(open);
    case "policy":
      return from(policy);
    case "is-ada":
      return from(caller.proof?.identity === "ada");
    case "is-user":
      return from(caller.party === "User");
    default:
      return "byward/internal_error";
  }
}

export function answerFor(definition: Definition, kind: Kind, name: string): Answer | null {
  const { canInvoke } = definition;
  if (canInvoke === null) return null;
  const fits = canInvoke.rules.find(
    (rule) => (rule.kind === null || rule.kind === kind) && (rule.name === null || rule.name === name),
  );
  return fits?.answer ?? canInvoke.otherwise;
}

// ── the name ──

/** What becomes of a name that was allowed: nobody declared it, or nothing handles it (ruling 1). */
export function lookUp(definition: Definition, kind: Kind, name: string, actions: readonly string[]): string | null {
  switch (kind) {
    case "action":
      return actions.includes(name) ? null : "action/not_found";
    case "queue":
      return definition.queues === null || definition.queues.includes(name) ? null : "auth/forbidden";
    case "subscribe":
      return definition.events === null || definition.events.includes(name) ? null : "auth/forbidden";
    case "request":
      return definition.onRequest ? null : "request/not_found";
    case "websocket":
      return definition.onWebSocket ? null : "request/not_found";
  }
}
