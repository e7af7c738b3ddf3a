/**
 * Owns leases and revocations (design §7, G7). A lease is a live connection's hold on what it proved: it ends at the
 * credential's expiry, on revocation, or when the connection is told so, unless renewed. Checking one is an integer
 * compare. Revocations are facts; whether a proof falls under them is decided here and nowhere else.
 */
import { Refusal } from "./errors.ts";
import type { CallerRecord, Evidence } from "./scheme.ts";
import type { Credentials, Proof } from "./verify.ts";

/** Longest accepted life of a bearer token, ms, unless the party says otherwise; bounds the revocation store. */
export const DEFAULT_MAX_LIFETIME = 24 * 60 * 60 * 1000;

export type LeaseEnd = "expired" | "revoked";

/** A connection's hold on its credentials. One mutable object per connection; every message reads `isLive`. */
export class Lease {
  #credentials: Credentials;
  #endsAt: number;
  #generation = 1;
  #ended: LeaseEnd | null = null;

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
    this.#endsAt = credentials.expiresAt ?? Number.POSITIVE_INFINITY;
  }

  get credentials(): Credentials {
    return this.#credentials;
  }

  /** Epoch ms at which it ends by itself; Infinity for callers whose credential does not expire. */
  get endsAt(): number {
    return this.#endsAt;
  }

  /** Raised by each renewal: decisions taken under an older generation are taken again (ruling 17). */
  get generation(): number {
    return this.#generation;
  }

  isLive(now: number): boolean {
    return now < this.#endsAt;
  }

  /** Why it is dead at `now`; null while it lives. */
  endAt(now: number): LeaseEnd | null {
    if (this.#ended !== null) return this.#ended;
    return now < this.#endsAt ? null : "expired";
  }

  revoke(): void {
    this.#ended = "revoked";
    this.#endsAt = Number.NEGATIVE_INFINITY;
  }

  /**
   * Takes over fresh credentials. The subject stays: every party proved before is either proved again with the same
   * identity or no longer proved at all (narrowing); nothing may be lengthened by omission.
   *
   * @returns null when renewed, else why not
   */
  renew(fresh: Credentials, now: number): Refusal | null {
    if (this.#ended === "revoked") return new Refusal("unauthenticated", { reason: "renew.revoked" });
    const failure = fresh.failure;
    if (failure !== null) return new Refusal(failure.outcome, { reason: `renew.${failure.reason}` });
    if (fresh.proofs.length === 0) return new Refusal("unauthenticated", { reason: "renew.nothing_proved" });
    const before = this.#credentials.proofs;
    if (before.length === 0) return new Refusal("forbidden", { reason: "renew.visitor" });
    for (const proof of fresh.proofs) {
      const old = before.find(({ party }) => party === proof.party);
      if (old === undefined || subjectText(old) !== subjectText(proof)) {
        return new Refusal("forbidden", { reason: "renew.subject_changed" });
      }
      // centrifuge#627: a renewal that carries no expiry must not switch expiry off.
      if (old.evidence.expiresAt !== null && proof.evidence.expiresAt === null) {
        return new Refusal("forbidden", { reason: "renew.without_expiry" });
      }
    }
    const endsAt = fresh.expiresAt ?? Number.POSITIVE_INFINITY;
    if (endsAt <= now) return new Refusal("expired", { reason: "renew.expired" });
    this.#credentials = fresh;
    this.#endsAt = endsAt;
    this.#generation += 1;
    return null;
  }
}

function subjectText(proof: Proof): string {
  return JSON.stringify([proof.evidence.subject]);
}

/** What `registry.revoke(...)` takes. At least one of `identity`, `claim`, `jti`, `issuedBefore` is given. */
export interface RevokeQuery {
  /** Party name; for a refinement, its base counts. Absent: every party. */
  readonly party?: string;
  /** Tokens of this identity issued up to this second are refused (ruling 19). */
  readonly identity?: unknown;
  readonly claim?: { readonly name: string; readonly value: string };
  /** One token, by its `jti`. */
  readonly jti?: string;
  /** Tokens issued at or before this instant; default now. */
  readonly issuedBefore?: Date | number;
}

/** A revocation as it is stored and compared. */
export interface Revocation {
  readonly id: string;
  readonly party: string | null;
  /** Canonical JSON text of the identity, or null. */
  readonly identity: string | null;
  readonly claim: { readonly name: string; readonly value: string } | null;
  readonly tokenId: string | null;
  /** Epoch ms; null with `tokenId`. */
  readonly issuedBefore: number | null;
  readonly revokedAt: number;
  readonly keepUntil: number;
}

/** Text under which equal identities compare equal, whatever their key order. */
export function identityText(identity: unknown): string {
  return JSON.stringify(identity, (_key, value: unknown) =>
    typeof value === "bigint"
      ? `${value}n`
      : typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
        : value,
  );
}

interface Subject {
  readonly party: string;
  readonly identity: unknown;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly issuedAt: number | null;
  readonly tokenId: string | null;
}

/** The revocations in force, indexed so that a check of a proof costs nothing while there are none. */
export class Revocations {
  readonly #byToken = new Map<string, Revocation[]>();
  readonly #byIdentity = new Map<string, Revocation[]>();
  #rest: Revocation[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(row: Revocation): void {
    this.#size += 1;
    if (row.tokenId !== null) push(this.#byToken, row.tokenId, row);
    else if (row.identity !== null) push(this.#byIdentity, row.identity, row);
    else this.#rest.push(row);
  }

  prune(now: number): void {
    const keep = (row: Revocation): boolean => row.keepUntil > now;
    for (const index of [this.#byToken, this.#byIdentity]) {
      for (const [key, rows] of index) {
        const kept = rows.filter(keep);
        this.#size -= rows.length - kept.length;
        if (kept.length === 0) index.delete(key);
        else index.set(key, kept);
      }
    }
    const kept = this.#rest.filter(keep);
    this.#size -= this.#rest.length - kept.length;
    this.#rest = kept;
  }

  /** The revocation a verified proof falls under, or null. */
  findForProof(proof: Proof): Revocation | null {
    if (this.#size === 0) return null;
    return this.#find(subjectOf(proof.party.name, proof.identity, proof.evidence));
  }

  /** The same for a caller stored as data, such as `onBehalfOf` or a queued message's sender. */
  findForRecord(record: CallerRecord, baseParty: string): Revocation | null {
    if (this.#size === 0) return null;
    return this.#find({ ...record, party: baseParty });
  }

  #find(subject: Subject): Revocation | null {
    if (subject.tokenId !== null) {
      const hit = this.#byToken.get(subject.tokenId)?.find((row) => matches(row, subject));
      if (hit !== undefined) return hit;
    }
    if (this.#byIdentity.size > 0) {
      const hit = this.#byIdentity.get(identityText(subject.identity))?.find((row) => matches(row, subject));
      if (hit !== undefined) return hit;
    }
    return this.#rest.find((row) => matches(row, subject)) ?? null;
  }
}

function subjectOf(party: string, identity: unknown, evidence: Evidence): Subject {
  return { party, identity, claims: evidence.claims, issuedAt: evidence.issuedAt, tokenId: evidence.tokenId };
}

function matches(row: Revocation, subject: Subject): boolean {
  if (row.party !== null && row.party !== subject.party) return false;
  if (row.tokenId !== null) return row.tokenId === subject.tokenId;
  if (row.identity !== null && row.identity !== identityText(subject.identity)) return false;
  if (row.claim !== null) {
    const { name, value } = row.claim;
    if (!Object.hasOwn(subject.claims, name) || subject.claims[name] !== value) return false;
  }
  // A token without `iat` counts as issued before (ruling 19).
  return row.issuedBefore === null || subject.issuedAt === null || subject.issuedAt <= row.issuedBefore;
}

function push(index: Map<string, Revocation[]>, key: string, row: Revocation): void {
  const rows = index.get(key);
  if (rows === undefined) index.set(key, [row]);
  else rows.push(row);
}
