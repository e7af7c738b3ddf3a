/**
 * Owns what the registered claims of a token must say (RFC 7519 §4.1), once its signature is good. `exp` and `sub` are
 * required; times are judged last, so that `expired` is only ever said of a token that was right in everything else.
 *
 * Judging times is separate and cheap: a remembered token is judged again at each use.
 */
import type { JsonObject, JsonValue } from "./json-strict.ts";

export type ClaimReason =
  | "jwt.exp_missing"
  | "jwt.exp_invalid"
  | "jwt.nbf_invalid"
  | "jwt.iat_invalid"
  | "jwt.iss_invalid"
  | "jwt.aud_invalid"
  | "jwt.sub_invalid"
  | "jwt.jti_invalid"
  | "jwt.issuer"
  | "jwt.audience"
  | "jwt.lifetime"
  | "jwt.issued_in_future"
  | "jwt.not_yet_valid"
  | "jwt.expired";

/** What a party declared about claims. Times in ms. */
export interface ClaimRule {
  /** Accepted `iss` values; null: not compared. */
  readonly issuers: readonly string[] | null;
  /** Accepted `aud` values; null: not compared. */
  readonly audiences: readonly string[] | null;
  /** Longest accepted life of a token. */
  readonly maxLifetime: number;
  /** Clock skew allowed on `exp`, `nbf` and `iat`. */
  readonly skew: number;
}

/** The registered claims of a token, times in epoch ms. */
export interface RegisteredClaims {
  readonly subject: string;
  readonly expiresAt: number;
  readonly notBefore: number | null;
  readonly issuedAt: number | null;
  readonly tokenId: string | null;
}

/** Seconds beyond which a date is not representable (ECMA-262 §21.4.1.1). */
const LAST_SECOND = 8_640_000_000_000;

/** Reads the registered claims and judges all of them but the times. A string is the reason of refusal. */
export function readClaims(claims: JsonObject, rule: ClaimRule): RegisteredClaims | ClaimReason {
  const { exp, nbf, iat, iss, aud, sub, jti } = claims;
  if (exp === undefined) return "jwt.exp_missing";
  if (!isDate(exp)) return "jwt.exp_invalid";
  if (nbf !== undefined && !isDate(nbf)) return "jwt.nbf_invalid";
  if (iat !== undefined && !isDate(iat)) return "jwt.iat_invalid";
  if (iss !== undefined && typeof iss !== "string") return "jwt.iss_invalid";
  if (aud !== undefined && typeof aud !== "string" && !isStringList(aud)) return "jwt.aud_invalid";
  if (typeof sub !== "string" || sub.length === 0) return "jwt.sub_invalid";
  if (jti !== undefined && typeof jti !== "string") return "jwt.jti_invalid";
  if (rule.issuers !== null && (iss === undefined || !rule.issuers.includes(iss))) return "jwt.issuer";
  if (rule.audiences !== null && !meetsAudience(aud, rule.audiences)) return "jwt.audience";
  return {
    subject: sub,
    expiresAt: exp * 1000,
    notBefore: nbf === undefined ? null : nbf * 1000,
    issuedAt: iat === undefined ? null : iat * 1000,
    tokenId: jti ?? null,
  };
}

/**
 * Judges the times at `now`: valid from `nbf` on, up to but not including `exp` (RFC 7519 §4.1.4), skew apart. A life
 * is measured from `iat`, or from now where there is none; it bounds how long a revocation has to be remembered
 * (ruling 19).
 */
export function judgeTimes(times: RegisteredClaims, rule: ClaimRule, now: number): ClaimReason | null {
  const { expiresAt, notBefore, issuedAt } = times;
  if (issuedAt !== null && issuedAt > now + rule.skew) return "jwt.issued_in_future";
  if (expiresAt - (issuedAt ?? now + rule.skew) > rule.maxLifetime) return "jwt.lifetime";
  if (notBefore !== null && now < notBefore - rule.skew) return "jwt.not_yet_valid";
  return now >= expiresAt + rule.skew ? "jwt.expired" : null;
}

function isDate(value: JsonValue): value is number {
  return typeof value === "number" && Math.abs(value) <= LAST_SECOND;
}

function isStringList(value: JsonValue): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function meetsAudience(aud: string | readonly string[] | undefined, accepted: readonly string[]): boolean {
  if (aud === undefined) return false;
  return typeof aud === "string" ? accepted.includes(aud) : aud.some((item) => accepted.includes(item));
}
