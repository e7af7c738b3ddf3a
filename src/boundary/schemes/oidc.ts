/**
 * Owns the scheme `oidc`: tokens signed by an OpenID provider and checked against its published keys (OpenID Connect
 * Core §3.1.3.7, RFC 9068 §4). Issuer and audience are required, symmetric algorithms do not exist here, and keys
 * come from the provider alone.
 */
import { ConfigurationError } from "../errors.ts";
import type { Jws } from "../jwt.ts";
import {
  PUBLIC_KEY_ALGORITHMS,
  type PublicKey,
  type PublicKeyAlgorithm,
  selectKeys,
  verifyWithKey,
} from "../jwt-keys.ts";
import type { Scheme } from "../scheme.ts";
import { readExpectations, type TokenExpectations, toTokenRule } from "./expectations.ts";
import { assertProviderUrl } from "./guarded-fetch.ts";
import { assertKnownOptions, readSeconds, readStrings } from "./options.ts";
import { type ProviderAddress, ProviderKeys, type ProviderTimes } from "./provider-keys.ts";
import { isTokenPresented, type SignatureCheck, type SignatureReason, TokenVerifier } from "./token.ts";

export interface OidcOptions {
  /** The provider: an https URL, compared with `iss` character by character. */
  readonly issuer: string;
  /** Accepted `aud`. */
  readonly audience: string | readonly string[];
  /** Where the keys are. Default: discovered from the issuer, and then they must be on its host. */
  readonly jwks?: string;
  /** Accepted algorithms. Default: RS256, PS256, ES256, EdDSA. */
  readonly algorithms?: readonly PublicKeyAlgorithm[];
  /**
   * The `typ` a token must carry, such as `"at+jwt"` (RFC 9068); absent: none or `JWT`. Declare it to keep ID tokens
   * out of an API.
   */
  readonly type?: string;
  /** Longest accepted life of a token, seconds. Default 86 400 (24 h). */
  readonly maxLifetime?: number;
  /**
   * How long keys are used before they are asked for again, seconds. Default 600. A key withdrawn by the provider
   * works as long.
   */
  readonly maxAge?: number;
  /** Least time between two requests for keys, seconds. Default 30. */
  readonly cooldown?: number;
  /** How long keys serve beyond `maxAge` while the provider does not answer, seconds. Default 3600. */
  readonly staleFor?: number;
  /** How long the provider may take, seconds. Default 5. */
  readonly timeout?: number;
  /** Accept a provider at http://127.0.0.1, for tests. Default false. */
  readonly allowLoopback?: boolean;
}

export interface OidcScheme extends Scheme<"oidc", string> {
  readonly expects: TokenExpectations;
}

const OPTIONS = [
  "issuer",
  "audience",
  "jwks",
  "algorithms",
  "type",
  "maxLifetime",
  "maxAge",
  "cooldown",
  "staleFor",
  "timeout",
  "allowLoopback",
];
const DAY = 86_400;

/**
 * A caller who holds a token of an OpenID provider. The subject is `sub`; `exp`, `sub`, `iss` and `aud` are required.
 * Keys are fetched with the first token, not at start.
 *
 * @throws ConfigurationError `oidc.option`, `oidc.issuer`, `oidc.audience`, `oidc.jwks`, `oidc.algorithms`,
 *   `oidc.type`, `oidc.maxLifetime`, `oidc.maxAge`, `oidc.cooldown`, `oidc.staleFor`, `oidc.timeout`
 */
export function oidc(options: OidcOptions): OidcScheme {
  assertKnownOptions("oidc", options, OPTIONS);
  const address = readAddress(options);
  const times = readTimes(options);
  if (readStrings("oidc", "audience", options.audience) === null) {
    throw new ConfigurationError(
      "oidc.audience",
      "oidc(): audience is required: a provider issues tokens for many services.",
    );
  }
  const expects = readExpectations("oidc", options, readAlgorithms(options.algorithms));
  return Object.freeze<OidcScheme>({
    kind: "oidc",
    carrier: "authorization",
    needsBody: false,
    secretNames: Object.freeze([]),
    expects,
    isPresented: isTokenPresented,
    prepare: (_party, environment) => {
      const keys = new ProviderKeys(address, times, environment);
      return new TokenVerifier(toTokenRule(expects, environment.skew), new ProviderCheck(keys), environment);
    },
  });
}

function readAddress(options: OidcOptions): ProviderAddress {
  const rule = { allowLoopback: options.allowLoopback === true };
  const issuer = assertProviderUrl("oidc", "issuer", options.issuer, rule);
  if (issuer.search !== "") throw new ConfigurationError("oidc.issuer", "oidc(): issuer has no query.");
  const jwks = options.jwks === undefined ? null : assertProviderUrl("oidc", "jwks", options.jwks, rule);
  return { issuer: options.issuer, jwks, rule };
}

function readTimes(options: OidcOptions): ProviderTimes {
  const ms = (option: "maxAge" | "cooldown" | "staleFor" | "timeout", fallback: number, most: number): number =>
    readSeconds("oidc", option, options[option] ?? fallback, most) * 1000;
  return {
    maxAge: ms("maxAge", 600, DAY),
    cooldown: ms("cooldown", 30, DAY),
    staleFor: ms("staleFor", 3600, 7 * DAY),
    timeout: ms("timeout", 5, 60),
  };
}

function readAlgorithms(algorithms: readonly PublicKeyAlgorithm[] | undefined): readonly PublicKeyAlgorithm[] {
  const list = algorithms ?? PUBLIC_KEY_ALGORITHMS;
  if (Array.isArray(list) && list.length > 0 && list.every((name) => PUBLIC_KEY_ALGORITHMS.includes(name))) return list;
  throw new ConfigurationError(
    "oidc.algorithms",
    `oidc(): algorithms are some of ${PUBLIC_KEY_ALGORITHMS.join(", ")}.`,
  );
}

const UTF8 = new TextEncoder();

class ProviderCheck implements SignatureCheck {
  readonly #keys: ProviderKeys;

  constructor(keys: ProviderKeys) {
    this.#keys = keys;
  }

  get generation(): number {
    return this.#keys.generation;
  }

  isCurrent(now: number): boolean {
    return this.#keys.isCurrent(now);
  }

  async check(jws: Jws, _token: string, now: number): Promise<SignatureReason | null> {
    const known = await this.#keys.current(now);
    let candidates: readonly PublicKey[] = known === null ? [] : selectKeys(known, jws.algorithm, jws.kid);
    if (candidates.length === 0 && known !== null) {
      const renewed = await this.#keys.renewed(now);
      candidates = renewed === null ? [] : selectKeys(renewed, jws.algorithm, jws.kid);
    }
    if (known === null) return "oidc.keys_unavailable";
    if (candidates.length === 0) return "oidc.key_unknown";
    const signed = UTF8.encode(jws.signedText);
    for (const key of candidates) {
      if (await verifyWithKey(key, jws.algorithm, jws.signature, signed)) return null;
    }
    return "jwt.signature";
  }
}
