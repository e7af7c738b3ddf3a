/**
 * Owns the flow that `bearer` and `oidc` share, from carrier to evidence:
 *
 *   Authorization header or first frame → remembered? → strict reading → signature → claims → times → evidence
 *
 * Everything cheap comes before the signature; the payload is believed only after it. The schemes differ in the
 * {@link SignatureCheck} alone.
 */

import { type HeaderRule, type Jws, type Jwt, type JwtReason, MAX_TOKEN_LENGTH, parseJwt } from "../jwt.ts";
import { type ClaimReason, type ClaimRule, judgeTimes, type RegisteredClaims, readClaims } from "../jwt-claims.ts";
import { isPromise, type MaybePromise } from "../maybe-promise.ts";
import {
  ABSENT,
  failed,
  type Presentation,
  type ProofResult,
  type SchemeEnvironment,
  type SchemeVerifier,
} from "../scheme.ts";
import { TokenCache } from "../token-cache.ts";

/** Verified tokens remembered per party; about 1 KB each. */
export const TOKEN_CACHE_CAPACITY = 10_000;

/** Why a signature does not count. */
export type SignatureReason = "jwt.signature" | "oidc.keys_unavailable" | "oidc.key_unknown";
/** Every reason for which a token party refuses a credential, for the log. */
export type TokenReason = "bearer.malformed" | "bearer.empty" | JwtReason | SignatureReason | ClaimReason;

/** How a scheme checks signatures. */
export interface SignatureCheck {
  /** Changes whenever a key that may have verified something is no longer trusted. */
  readonly generation: number;
  /** True while tokens verified before may be relied on without asking for keys. */
  isCurrent(now: number): boolean;
  /** Null when the signature is good, else why not. Never throws or rejects. */
  check(jws: Jws, token: string, now: number): MaybePromise<SignatureReason | null>;
}

export interface TokenRule {
  readonly header: HeaderRule;
  readonly claims: ClaimRule;
}

interface RememberedToken {
  readonly times: RegisteredClaims;
  readonly result: ProofResult;
}

const BEARER = /^bearer(?: +|$)/i;
/** Also where repeated headers were joined: such a credential is presented, and refused. */
const BEARER_ANYWHERE = /(?:^|,)\s*bearer(?:\s|$)/i;

/** Ruling 7: `Authorization: Bearer`, even empty or malformed, or the token of a socket's first frame. */
export function isTokenPresented(presentation: Presentation): boolean {
  if (presentation.frameToken !== null) return true;
  const header = presentation.header("authorization");
  return header !== null && BEARER_ANYWHERE.test(header);
}

/** Proves presentations that carry a token. One object per party. */
export class TokenVerifier implements SchemeVerifier {
  readonly #rule: TokenRule;
  readonly #signatures: SignatureCheck;
  readonly #cache: TokenCache<RememberedToken>;
  #generation: number;

  constructor(rule: TokenRule, signatures: SignatureCheck, environment: Pick<SchemeEnvironment, "sha256">) {
    this.#rule = rule;
    this.#signatures = signatures;
    this.#generation = signatures.generation;
    this.#cache = new TokenCache({ capacity: TOKEN_CACHE_CAPACITY, sha256: environment.sha256 });
  }

  prove(presentation: Presentation, now: number): MaybePromise<ProofResult> {
    const token = readPlainToken(presentation) ?? readAnyToken(presentation);
    if (token === undefined) return ABSENT;
    if (token === null) return refuse("bearer.malformed");
    if (token.length === 0) return refuse("bearer.empty");
    if (token.length > MAX_TOKEN_LENGTH) return refuse("jwt.too_long");
    const key = this.#cache.keyOf(token);
    return this.#recall(token, key, now) ?? this.#verify(token, key, now);
  }

  #recall(token: string, key: string, now: number): ProofResult | undefined {
    if (this.#generation !== this.#signatures.generation) {
      this.#generation = this.#signatures.generation;
      this.#cache.clear();
    }
    const entry = this.#cache.get(key);
    if (entry === undefined || !this.#signatures.isCurrent(now)) return undefined;
    const reason = judgeTimes(entry.times, this.#rule.claims, now);
    if (reason === null) {
      this.#cache.noteRecent(token, key);
      return entry.result;
    }
    this.#cache.delete(key);
    return refuse(reason);
  }

  #verify(token: string, key: string, now: number): MaybePromise<ProofResult> {
    const jwt = parseJwt(token, this.#rule.header);
    if (typeof jwt === "string") return refuse(jwt);
    const { generation } = this.#signatures;
    const reason = this.#signatures.check(jwt, token, now);
    return isPromise(reason)
      ? reason.then((settled) => this.#conclude(jwt, settled, key, generation, now))
      : this.#conclude(jwt, reason, key, generation, now);
  }

  #conclude(jwt: Jwt, signature: SignatureReason | null, key: string, generation: number, now: number): ProofResult {
    if (signature !== null) return refuse(signature);
    const times = readClaims(jwt.claims, this.#rule.claims);
    if (typeof times === "string") return refuse(times);
    const reason = judgeTimes(times, this.#rule.claims, now);
    if (reason !== null) return refuse(reason);
    const result = proved(times, jwt);
    // Keys may have changed while the signature was being checked: what an old key said is not remembered.
    if (generation === this.#signatures.generation) this.#cache.set(key, { times, result });
    return result;
  }
}

function refuse(reason: TokenReason): ProofResult {
  return failed(reason, reason === "jwt.expired" ? "expired" : "unauthenticated");
}

function proved(times: RegisteredClaims, jwt: Jwt): ProofResult {
  return Object.freeze<ProofResult>({
    status: "proved",
    evidence: Object.freeze({
      subject: times.subject,
      claims: jwt.claims,
      expiresAt: times.expiresAt,
      issuedAt: times.issuedAt,
      tokenId: times.tokenId,
      replay: null,
    }),
  });
}

/** The token of a header as nearly every client writes it; null for any other, which is read with care. */
function readPlainToken(presentation: Presentation): string | null {
  if (presentation.frameToken !== null) return null;
  const header = presentation.header("authorization");
  // After `Bearer` come one space and the token.
  return header?.startsWith("Bearer ") && header.charCodeAt(7) !== 32 ? header.slice(7) : null;
}

/** Undefined where none is presented. */
function readAnyToken(presentation: Presentation): string | null | undefined {
  return isTokenPresented(presentation) ? readToken(presentation) : undefined;
}

/** The token as sent; null where the header does not begin with the scheme. A first frame goes before a header. */
function readToken(presentation: Presentation): string | null {
  if (presentation.frameToken !== null) return presentation.frameToken;
  const header = presentation.header("authorization") ?? "";
  const scheme = BEARER.exec(header);
  return scheme === null ? null : header.slice(scheme[0].length);
}
