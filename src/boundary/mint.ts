/**
 * Owns making tokens, offline: for `byward token`, for tests and for documents. Nothing here is used to verify, and a
 * minted token passes the same gate as any other.
 */
import { CompactSign, type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import { ConfigurationError } from "./errors.ts";

export interface TokenClaims {
  readonly subject: string;
  /** Epoch ms; becomes `iat`. */
  readonly now: number;
  /** Seconds from `now` to `exp`. Default 3600; negative makes an expired token. */
  readonly expiresIn?: number;
  /** Seconds from `now` to `nbf`; absent: no `nbf`. */
  readonly notBeforeIn?: number;
  readonly issuer?: string;
  readonly audience?: string | readonly string[];
  readonly tokenId?: string;
  /** Further claims. Registered ones given here win, so that bad tokens can be made. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** The `typ` header. Default `JWT`. */
  readonly type?: string;
}

export interface BearerMint extends TokenClaims {
  /** The secret itself, not its name. */
  readonly secret: string;
}

/** Signing algorithms of OIDC parties. */
export type OidcAlgorithm = "RS256" | "ES256" | "PS256" | "EdDSA";

/** A key pair as JWKs; the public one goes into a JWKS. */
export interface TokenKey {
  readonly algorithm: OidcAlgorithm;
  readonly kid: string;
  readonly privateJwk: JWK;
  readonly publicJwk: JWK;
}

export interface SignedMint extends TokenClaims {
  readonly key: TokenKey;
}

const UTF8 = new TextEncoder();

/** An HS256 token. @throws ConfigurationError `mint.secret` when the secret is empty */
export function mintBearer(options: BearerMint): Promise<string> {
  if (options.secret.length === 0) throw new ConfigurationError("mint.secret", "mintBearer(): the secret is empty.");
  return sign(options, { alg: "HS256" }, UTF8.encode(options.secret));
}

/** A token under a key of {@link createTokenKey}, as an OpenID provider would issue it. */
export async function mintSigned(options: SignedMint): Promise<string> {
  const { algorithm, kid, privateJwk } = options.key;
  return sign(options, { alg: algorithm, kid }, await importJWK(privateJwk, algorithm));
}

/** A fresh key pair; RSA keys have 2048 bits. */
export async function createTokenKey(algorithm: OidcAlgorithm, kid: string): Promise<TokenKey> {
  const pair = await generateKeyPair(algorithm, { extractable: true });
  const publicJwk = { ...(await exportJWK(pair.publicKey)), alg: algorithm, use: "sig", kid };
  const privateJwk = { ...(await exportJWK(pair.privateKey)), alg: algorithm, use: "sig", kid };
  return Object.freeze({ algorithm, kid, privateJwk, publicJwk });
}

function sign(
  options: TokenClaims,
  header: { readonly alg: string; readonly kid?: string },
  key: CryptoKey | Uint8Array,
): Promise<string> {
  return new CompactSign(UTF8.encode(JSON.stringify(claimsOf(options))))
    .setProtectedHeader({ ...header, typ: options.type ?? "JWT" })
    .sign(key);
}

function claimsOf(options: TokenClaims): Record<string, unknown> {
  const issuedAt = Math.floor(options.now / 1000);
  const { notBeforeIn } = options;
  return {
    sub: options.subject,
    iat: issuedAt,
    exp: issuedAt + (options.expiresIn ?? 3600),
    nbf: notBeforeIn === undefined ? undefined : issuedAt + notBeforeIn,
    iss: options.issuer,
    aud: options.audience,
    jti: options.tokenId,
    ...options.claims,
  };
}
