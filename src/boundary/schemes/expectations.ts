/**
 * Owns what a token party expects of a token: the options `bearer` and `oidc` share, checked when they are declared.
 */
import { ConfigurationError } from "../errors.ts";
import { readSeconds, readStrings } from "./options.ts";
import type { TokenRule } from "./token.ts";

/** Longest accepted life of a token, seconds, unless the party says otherwise: a day. */
export const DEFAULT_MAX_LIFETIME_SECONDS = 86_400;
const LONGEST_LIFETIME_SECONDS = 366 * 86_400;

export interface ExpectationOptions {
  readonly issuer?: string | readonly string[];
  readonly audience?: string | readonly string[];
  readonly type?: string;
  readonly maxLifetime?: number;
}

/** What a token party requires, for documents and for minting. Lists are null where nothing is compared. */
export interface TokenExpectations {
  readonly algorithms: readonly string[];
  readonly issuers: readonly string[] | null;
  readonly audiences: readonly string[] | null;
  readonly type: string | null;
  /** Seconds. */
  readonly maxLifetime: number;
}

/** @throws ConfigurationError `<scheme>.issuer`, `<scheme>.audience`, `<scheme>.type`, `<scheme>.maxLifetime` */
export function readExpectations(
  scheme: string,
  options: ExpectationOptions,
  algorithms: readonly string[],
): TokenExpectations {
  const type = readStrings(scheme, "type", options.type);
  if (type !== null && type.length !== 1) {
    throw new ConfigurationError(`${scheme}.type`, `${scheme}(): type is one string.`);
  }
  const maxLifetime = options.maxLifetime ?? DEFAULT_MAX_LIFETIME_SECONDS;
  return Object.freeze({
    algorithms: Object.freeze([...algorithms]),
    issuers: readStrings(scheme, "issuer", options.issuer),
    audiences: readStrings(scheme, "audience", options.audience),
    type: type?.[0] ?? null,
    maxLifetime: readSeconds(scheme, "maxLifetime", maxLifetime, LONGEST_LIFETIME_SECONDS),
  });
}

/** The same as a rule for {@link TokenRule}; `skew` in ms. */
export function toTokenRule(expects: TokenExpectations, skew: number): TokenRule {
  const { algorithms, type, issuers, audiences, maxLifetime } = expects;
  return { header: { algorithms, type }, claims: { issuers, audiences, maxLifetime: maxLifetime * 1000, skew } };
}
