/**
 * Owns the sealed caller: a verified party at run time. Only this floor mints one; a look-alike object made elsewhere is
 * refused at run time as well as by type (G5).
 */
import { ConfigurationError } from "./errors.ts";
import type { CallerRecord } from "./scheme.ts";

const MINT = Symbol("byward.mint");

export interface CallerFacts {
  readonly party: string;
  readonly base: string;
  readonly identity: unknown;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly expiresAt: number | null;
  readonly issuedAt: number | null;
  readonly tokenId: string | null;
  readonly onBehalfOf: CallerRecord | null;
  readonly source: CallerSource | null;
}

/** Where an internal caller comes from: the calling actor or service. */
export interface CallerSource {
  readonly name: string;
  readonly key: readonly string[] | null;
}

/** A verified caller. Frozen; made by the boundary only. */
export class SealedCaller {
  readonly #minted = true;
  /** The party it was admitted as, such as `"User"` or `"Admin"`. */
  readonly party: string;
  /** The party that was proved: differs from `party` for a refinement. */
  readonly base: string;
  readonly claims: Readonly<Record<string, unknown>>;
  /** Epoch ms at which the credential ends; null = does not expire. */
  readonly expiresAt: number | null;
  readonly issuedAt: number | null;
  readonly tokenId: string | null;
  /** The original caller of an internal call, as data: it narrows and proves nothing by itself. */
  readonly onBehalfOf: CallerRecord | null;
  readonly source: CallerSource | null;
  declare readonly identity: unknown;

  constructor(seal: symbol, facts: CallerFacts, hasIdentity: boolean) {
    if (seal !== MINT) {
      throw new ConfigurationError("caller.forged", "A caller is made by the boundary only; it cannot be constructed.");
    }
    this.party = facts.party;
    this.base = facts.base;
    this.claims = facts.claims;
    this.expiresAt = facts.expiresAt;
    this.issuedAt = facts.issuedAt;
    this.tokenId = facts.tokenId;
    this.onBehalfOf = facts.onBehalfOf;
    this.source = facts.source;
    if (hasIdentity) this.identity = facts.identity;
    Object.freeze(this);
  }

  /** True for callers minted by this floor, and for nothing else. */
  static isMinted(value: unknown): value is SealedCaller {
    return typeof value === "object" && value !== null && #minted in value;
  }

  get [Symbol.toStringTag](): string {
    return "Caller";
  }
}

/** Mints a caller. For `verify.ts` alone: the import is forbidden elsewhere by a lint rule. */
export function mintCaller(facts: CallerFacts, hasIdentity: boolean): SealedCaller {
  return new SealedCaller(MINT, facts, hasIdentity);
}

/** The caller as data, for a stored message or an internal call. */
export function recordOf(caller: SealedCaller): CallerRecord {
  return {
    party: caller.party,
    identity: caller.identity,
    claims: caller.claims,
    expiresAt: caller.expiresAt,
    issuedAt: caller.issuedAt,
    tokenId: caller.tokenId,
  };
}
