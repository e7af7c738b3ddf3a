/**
 * Owns the scheme `bearer`: HS256 JSON Web Tokens under a secret shared with whoever issues them (RFC 7519, RFC 7518
 * §3.2). The algorithm is fixed here and a symmetric party cannot hold a public key, so no header can confuse one
 * with the other.
 */
import { ConfigurationError } from "../errors.ts";
import { andThen } from "../maybe-promise.ts";
import type { Scheme } from "../scheme.ts";
import { readExpectations, type TokenExpectations, toTokenRule } from "./expectations.ts";
import { createHs256Check, MIN_HS256_KEY_BYTES } from "./hs256.ts";
import { assertKnownOptions } from "./options.ts";
import { assertSharedSecret, planSecrets, type Secret, type SecretSource } from "./secrets.ts";
import { isTokenPresented, TokenVerifier } from "./token.ts";

export interface BearerOptions {
  /** Name(s) of the secret, or a function that fetches it at start. At least 32 bytes of UTF-8. */
  readonly secret: SecretSource;
  /** Accepted `iss`; absent: not compared. */
  readonly issuer?: string | readonly string[];
  /** Accepted `aud`; absent: not compared. Declare it where several services share the secret. */
  readonly audience?: string | readonly string[];
  /** The `typ` a token must carry, such as `"at+jwt"`; absent: none or `JWT`. */
  readonly type?: string;
  /**
   * Longest accepted life of a token in seconds, from `iat` or, without it, from now. Default 86 400 (24 h). Raising it
   * lengthens how long a leaked token works and how long revocations are kept.
   */
  readonly maxLifetime?: number;
}

export interface BearerScheme extends Scheme<"bearer", string> {
  readonly expects: TokenExpectations;
}

const OPTIONS = ["secret", "issuer", "audience", "type", "maxLifetime"];

/**
 * A caller who holds an HS256 token: `Authorization: Bearer …`, or the first frame of a socket. The subject is `sub`;
 * `exp` and `sub` are required.
 *
 * @throws ConfigurationError `bearer.option`, `bearer.issuer`, `bearer.audience`, `bearer.type`, `bearer.maxLifetime`,
 *   `secret.name`, `secret.none`; at start `secret.missing`, `secret.too_short`, `secret.key_document`,
 *   `secret.unavailable`
 */
export function bearer(options: BearerOptions): BearerScheme {
  assertKnownOptions("bearer", options, OPTIONS);
  const secrets = planSecrets("bearer", options.secret);
  const expects = readExpectations("bearer", options, ["HS256"]);
  return Object.freeze<BearerScheme>({
    kind: "bearer",
    carrier: "authorization",
    needsBody: false,
    secretNames: secrets.names,
    expects,
    isPresented: isTokenPresented,
    prepare: (party, environment) =>
      andThen(secrets.load(party, environment), (loaded) => {
        for (const secret of loaded) assertBearerSecret(party, secret);
        const rule = toTokenRule(expects, environment.skew);
        const keys = loaded.map(({ value }) => UTF8.encode(value));
        return andThen(createHs256Check(keys, environment), (check) => new TokenVerifier(rule, check, environment));
      }),
  });
}

function assertBearerSecret(party: string, secret: Secret): void {
  assertSharedSecret(party, secret);
  if (UTF8.encode(secret.value).length >= MIN_HS256_KEY_BYTES) return;
  throw new ConfigurationError(
    "secret.too_short",
    `${secret.label} of party "${party}" is shorter than ${MIN_HS256_KEY_BYTES} bytes, the least for HS256 (RFC 7518 §3.2). ` +
      "Make one with: openssl rand -base64 48",
  );
}

const UTF8 = new TextEncoder();
