/**
 * Owns the whole flow of proving a caller, on one screen:
 *
 *   parties of a registry → `Boundary.prepare` (once: secrets, keys)
 *   presentation → `prove` → Credentials (what each base party made of it; verified once, G4)
 *   credentials + `by` → `resolve` → the sealed caller, or a refusal (G2: failed is never anonymous)
 *
 * `prove` runs per request or per connection; `resolve` is synchronous, pure and remembered per (credentials, by), so
 * a message on a leased connection verifies nothing again. A refusal is another one each time.
 */
import { mintCaller, type SealedCaller } from "./caller.ts";
import { type DeadlineClock, EXPIRED, withDeadline } from "./deadline.ts";
import { Refusal } from "./errors.ts";
import { isPromise, type MaybePromise } from "./maybe-promise.ts";
import { type AnyParty, type AnyRefinement, type By, baseOf, membersOf } from "./party.ts";
import {
  type Channel,
  type Evidence,
  EXTERNAL,
  type InternalCaller,
  type Presentation,
  type ProofResult,
  type SchemeEnvironment,
  type SchemeVerifier,
} from "./scheme.ts";

/** A base party that verified, with its identity minted. */
export interface Proof {
  readonly party: AnyParty;
  readonly identity: unknown;
  readonly evidence: Evidence;
}

type PartyResult =
  | { readonly status: "absent" }
  | { readonly status: "failed"; readonly outcome: "unauthenticated" | "expired" | "replayed"; readonly reason: string }
  | { readonly status: "proved"; readonly proof: Proof };

/** What parties made of an external presentation, as data: for hosts whose connections outlive the memory of a process. */
export type CredentialsRecord = readonly (readonly [
  party: string,
  result: Exclude<PartyResult, { readonly status: "proved" }> | ProofRecord,
])[];

interface ProofRecord {
  readonly status: "proved";
  readonly identity: unknown;
  readonly evidence: Evidence;
}

/** What every tried party made of one presentation. Immutable but for what it remembers of itself. */
export class Credentials {
  readonly channel: Channel;
  readonly #results: ReadonlyMap<AnyParty, PartyResult>;
  /** The first `by` asked for; the others, of which most presentations have none, are in the map. */
  #by: By | null = null;
  #resolution: Resolution | null = null;
  #others: Map<By, Resolution> | null = null;
  #refused: Set<By> | null = null;
  #proofs: readonly Proof[] | null = null;

  constructor(channel: Channel, results: ReadonlyMap<AnyParty, PartyResult>) {
    this.channel = channel;
    this.#results = results;
  }

  /** For {@link Credentials.restore}; what proves a delivery once is not kept. */
  toRecord(): CredentialsRecord {
    return [...this.#results].map(([party, result]) => {
      if (result.status !== "proved") return [party.name, result];
      const { identity, evidence } = result.proof;
      return [party.name, { status: "proved", identity, evidence: { ...evidence, replay: null } }];
    });
  }

  /**
   * Credentials that this boundary verified before, from where only its host writes. Nothing is verified again; whether they
   * are still good is the lease's matter. Null when a party is not known any more.
   */
  static restore(record: CredentialsRecord, partyNamed: (name: string) => AnyParty | undefined): Credentials | null {
    const results = new Map<AnyParty, PartyResult>();
    for (const [name, result] of record) {
      const party = partyNamed(name);
      if (party === undefined) return null;
      if (result.status !== "proved") results.set(party, result);
      else
        results.set(party, {
          status: "proved",
          proof: { party, identity: result.identity, evidence: result.evidence },
        });
    }
    return new Credentials(EXTERNAL, results);
  }

  /** Decides who the caller is for an entrypoint with this `by`. Never throws; a refusal is a value. */
  resolve(by: By): Resolution {
    if (by === this.#by) return this.#resolution!;
    const known = this.#others?.get(by);
    if (known !== undefined) return known;
    const resolution = resolveCaller(by, this.#results, this.channel);
    // A refusal is one event, with a record and an id of its own; credentials may be many callers'.
    if (resolution.refusal !== null) return resolution;
    if (this.#by === null) {
      this.#by = by;
      this.#resolution = resolution;
    } else {
      this.#others ??= new Map();
      this.#others.set(by, resolution);
    }
    return resolution;
  }

  /** Whether {@link Credentials.resolve} gives a caller; for those who need no refusal, and ask often. */
  admits(by: By): boolean {
    if (this.#refused?.has(by) === true) return false;
    if (this.resolve(by).refusal === null) return true;
    this.#refused ??= new Set();
    this.#refused.add(by);
    return false;
  }

  /** Every party this presentation proved. */
  get proofs(): readonly Proof[] {
    if (this.#proofs === null) {
      const proofs: Proof[] = [];
      for (const result of this.#results.values()) if (result.status === "proved") proofs.push(result.proof);
      this.#proofs = proofs;
    }
    return this.#proofs;
  }

  /** The earliest end of what was proved, epoch ms; null when nothing proved expires. */
  get expiresAt(): number | null {
    let earliest: number | null = null;
    for (const { evidence } of this.proofs) {
      if (evidence.expiresAt !== null && (earliest === null || evidence.expiresAt < earliest)) {
        earliest = evidence.expiresAt;
      }
    }
    return earliest;
  }

  /** Why nothing was proved although something was presented; null otherwise. */
  get failure(): { readonly outcome: "unauthenticated" | "expired" | "replayed"; readonly reason: string } | null {
    let worst: { outcome: "unauthenticated" | "expired" | "replayed"; reason: string } | null = null;
    for (const result of this.#results.values()) {
      if (result.status === "proved") return null;
      if (result.status === "failed") worst = moreTelling(worst, result);
    }
    return worst;
  }
}

export type Resolution =
  | { readonly caller: SealedCaller; readonly proof: Proof | null; readonly refusal: null }
  | { readonly caller: null; readonly proof: null; readonly refusal: Refusal };

/** What schemes need, and a clock to wait by. */
export interface BoundaryEnvironment extends SchemeEnvironment, DeadlineClock {}

/** The prepared parties of one registry. */
export class Boundary {
  readonly #verifiers: ReadonlyMap<AnyParty, SchemeVerifier>;
  readonly #clock: DeadlineClock;
  /** By what a verifier that remembers tokens answers for each: the same object until its times or keys are over. */
  readonly #ofTokens = new WeakMap<ProofResult, Credentials>();

  private constructor(verifiers: ReadonlyMap<AnyParty, SchemeVerifier>, clock: DeadlineClock) {
    this.#verifiers = verifiers;
    this.#clock = clock;
  }

  /**
   * Resolves the secrets and keys of every party.
   * @throws ConfigurationError for the first party that cannot be prepared, naming it and what is missing.
   */
  static async prepare(parties: Iterable<AnyParty>, environment: BoundaryEnvironment): Promise<Boundary> {
    const verifiers = new Map<AnyParty, SchemeVerifier>();
    for (const party of parties) {
      verifiers.set(party, await party.scheme.prepare(party.name, environment));
    }
    return new Boundary(verifiers, environment);
  }

  /** Verifies a presentation against base parties, in order. Never rejects for what a peer sent. */
  prove(bases: readonly AnyParty[], presentation: Presentation, now: number): MaybePromise<Credentials> {
    const sole = presentation.channel === EXTERNAL ? soleTokenParty(bases) : null;
    if (sole !== null) return this.#proveToken(sole, presentation, now);
    const results = new Map<AnyParty, PartyResult>();
    return this.#proveFrom(0, bases, presentation, now, results);
  }

  #proveToken(base: AnyParty, presentation: Presentation, now: number): MaybePromise<Credentials> {
    const verifier = this.#verifiers.get(base);
    if (verifier === undefined) return credentialsOf(base, FAILED_UNPREPARED);
    try {
      const result = verifier.prove(presentation, now);
      if (!isPromise(result)) return this.#credentialsOfToken(base, result);
      return result.then(
        (settled) => this.#credentialsOfToken(base, settled),
        (error: unknown) => credentialsOf(base, verifierFailed(error)),
      );
    } catch (error) {
      return credentialsOf(base, verifierFailed(error));
    }
  }

  #credentialsOfToken(base: AnyParty, result: ProofResult): Credentials {
    if (result.status !== "proved") return credentialsOf(base, result);
    let credentials = this.#ofTokens.get(result);
    if (credentials === undefined) {
      const { evidence } = result;
      credentials = credentialsOf(base, {
        status: "proved",
        proof: { party: base, identity: evidence.subject, evidence },
      });
      this.#ofTokens.set(result, credentials);
    }
    return credentials;
  }

  #proveFrom(
    start: number,
    bases: readonly AnyParty[],
    presentation: Presentation,
    now: number,
    results: Map<AnyParty, PartyResult>,
  ): MaybePromise<Credentials> {
    for (let index = start; index < bases.length; index++) {
      const base = bases[index]!;
      // Who accepts everybody proves nothing: it must not stand for a credential that failed (G2).
      if (base.scheme.kind === "none") continue;
      const result = this.#proveOne(base, presentation, now);
      if (isPromise(result)) {
        return result.then((settled) => {
          results.set(base, settled);
          return this.#proveFrom(index + 1, bases, presentation, now, results);
        });
      }
      results.set(base, result);
    }
    return new Credentials(presentation.channel, results);
  }

  #proveOne(base: AnyParty, presentation: Presentation, now: number): MaybePromise<PartyResult> {
    const verifier = this.#verifiers.get(base);
    if (verifier === undefined) return FAILED_UNPREPARED;
    try {
      const result = verifier.prove(presentation, now);
      if (isPromise(result))
        return result.then((settled) => mintIdentity(base, settled, this.#clock)).catch(verifierFailed);
      const minted = mintIdentity(base, result, this.#clock);
      return isPromise(minted) ? minted.catch(verifierFailed) : minted;
    } catch (error) {
      return verifierFailed(error);
    }
  }
}

/**
 * The one party that can prove anything, where it reads tokens and its identity is the plain subject: credentials of such a
 * token can be shared by all who present it, for nothing in them can be changed. Null elsewhere.
 */
function soleTokenParty(bases: readonly AnyParty[]): AnyParty | null {
  let sole: AnyParty | null = null;
  for (const base of bases) {
    if (base.scheme.kind === "none") continue;
    if (sole !== null || base.identity !== null || base.scheme.carrier !== "authorization") return null;
    sole = base;
  }
  return sole;
}

function credentialsOf(base: AnyParty, result: PartyResult): Credentials {
  return new Credentials(EXTERNAL, new Map([[base, result]]));
}

/** What an asynchronous identity schema may take, as decisions may (G1). */
const IDENTITY_TIMEOUT_MS = 5000;
const FAILED_SLOWLY: PartyResult = { status: "failed", outcome: "unauthenticated", reason: "identity.deadline" };
const FAILED_UNPREPARED: PartyResult = { status: "failed", outcome: "unauthenticated", reason: "party.unprepared" };

/** G1: a step that throws denies. */
function verifierFailed(error: unknown): PartyResult {
  const kind = error instanceof Error ? error.name : typeof error;
  return { status: "failed", outcome: "unauthenticated", reason: `verify.threw:${kind}` };
}

function mintIdentity(party: AnyParty, result: ProofResult, clock: DeadlineClock): MaybePromise<PartyResult> {
  if (result.status !== "proved") return result;
  const { evidence } = result;
  if (party.identity === null) return { status: "proved", proof: { party, identity: evidence.subject, evidence } };
  const checked = party.identity["~standard"].validate(evidence.subject);
  if (!isPromise(checked)) return identityResult(party, evidence, checked);
  return withDeadline(checked, IDENTITY_TIMEOUT_MS, clock).then((settled) =>
    settled === EXPIRED ? FAILED_SLOWLY : identityResult(party, evidence, settled),
  );
}

function identityResult(
  party: AnyParty,
  evidence: Evidence,
  checked: { readonly value?: unknown; readonly issues?: readonly unknown[] | undefined },
): PartyResult {
  if (checked.issues !== undefined) return { status: "failed", outcome: "unauthenticated", reason: "identity.invalid" };
  return { status: "proved", proof: { party, identity: checked.value, evidence } };
}

type Failure = { outcome: "unauthenticated" | "expired" | "replayed"; reason: string };

/** `expired` and `replayed` say more than `unauthenticated` to a caller who did hold a good credential. */
function moreTelling(known: Failure | null, next: Failure): Failure {
  return known === null || (known.outcome === "unauthenticated" && next.outcome !== "unauthenticated") ? next : known;
}

function resolveCaller(by: By, results: ReadonlyMap<AnyParty, PartyResult>, channel: Channel): Resolution {
  let failure: Failure | null = null;
  for (const member of membersOf(by)) {
    const base = baseOf(member);
    if (base.scheme.kind === "none") {
      if (failure !== null || channel.kind !== "external") break;
      return { caller: mintVisitor(base), proof: null, refusal: null };
    }
    const result = results.get(base);
    if (result === undefined || result.status === "absent") continue;
    if (result.status === "failed") {
      failure = moreTelling(failure, result);
      continue;
    }
    return admitMember(member, result.proof, channel);
  }
  return refuse(by, failure, channel);
}

function admitMember(member: AnyParty | AnyRefinement, proof: Proof, channel: Channel): Resolution {
  if (member.type === "refinement" && !member.requires.evaluate(proof.evidence.claims)) {
    return {
      caller: null,
      proof: null,
      refusal: new Refusal("forbidden", { reason: `invariant:${member.name}` }),
    };
  }
  const { evidence } = proof;
  const internal = channel.kind === "caller" ? channel.caller : null;
  const caller = mintCaller(
    {
      party: member.name,
      base: proof.party.name,
      identity: proof.identity,
      claims: evidence.claims,
      expiresAt: evidence.expiresAt,
      issuedAt: evidence.issuedAt,
      tokenId: evidence.tokenId,
      onBehalfOf: internal?.onBehalfOf ?? null,
      source: internal === null ? null : sourceOf(internal),
    },
    true,
  );
  return { caller, proof, refusal: null };
}

function sourceOf(caller: InternalCaller): { readonly name: string; readonly key: readonly string[] | null } {
  return Object.freeze({ name: caller.name, key: caller.key ?? null });
}

function mintVisitor(party: AnyParty): SealedCaller {
  return mintCaller(
    {
      party: party.name,
      base: party.name,
      identity: undefined,
      claims: Object.freeze({}),
      expiresAt: null,
      issuedAt: null,
      tokenId: null,
      onBehalfOf: null,
      source: null,
    },
    false,
  );
}

function refuse(by: By, failure: Failure | null, channel: Channel): Resolution {
  // Ruling 6: an internal call where the parties lack its channel is forbidden, not a request for credentials.
  if (channel.kind !== "external") {
    return { caller: null, proof: null, refusal: new Refusal("forbidden", { reason: "party.internal_not_admitted" }) };
  }
  const bases = membersOf(by).map(baseOf);
  if (bases.every((base) => base.scheme.kind === "internal")) {
    return { caller: null, proof: null, refusal: new Refusal("forbidden", { reason: "party.internal_only" }) };
  }
  const outcome = failure?.outcome ?? "unauthenticated";
  const headers = bases.some((base) => base.scheme.carrier === "authorization")
    ? {
        "www-authenticate":
          outcome === "unauthenticated" && failure === null ? "Bearer" : 'Bearer error="invalid_token"',
      }
    : { "www-authenticate": "Signature" };
  const refusal = new Refusal(outcome, { reason: failure?.reason ?? "credential.absent", headers });
  return { caller: null, proof: null, refusal };
}
