/**
 * Owns the catalogue of bad tokens: each is a good one of the party with one thing wrong. Made with the party's own secret or
 * key where that is what makes the fault the only one.
 */
import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign as signRaw,
} from "node:crypto";
import type { Member } from "../access/verdict.ts";
import { baseOf } from "../boundary/party.ts";
import { expectsOf, type Mint } from "./holders.ts";
import type { RuleId } from "./rules.ts";

export interface BadToken {
  readonly rule: RuleId;
  /** What is wrong with it, as a person reads it. */
  readonly what: string;
  readonly token: string;
}

type Json = Readonly<Record<string, unknown>>;

/** Bad tokens that anybody can make; more with a good one at hand. */
export function forgedTokens(claims: Json, good: string | null): readonly BadToken[] {
  const payload = JSON.stringify(claims);
  const forged: readonly BadToken[] = [
    { rule: "token.malformed", what: "an empty token", token: "" },
    { rule: "token.malformed", what: "a token that is none", token: "not.a.token" },
    { rule: "token.malformed", what: "a JWE in place of a JWS", token: JWE },
    { rule: "token.oversized", what: "a token of more than 8 KiB", token: `${"x".repeat(9000)}.e30.x` },
    { rule: "token.signature", what: "a token under another secret", token: hs256({}, payload, OTHER_SECRET) },
    { rule: "token.signature", what: "a token under the empty secret", token: hs256({}, payload, "") },
    ...["none", "None", "nOnE", ""].map((alg): BadToken => {
      return {
        rule: "token.alg_none",
        what: `an unsigned token, alg ${JSON.stringify(alg)}`,
        token: unsigned({ alg }, claims),
      };
    }),
    {
      rule: "token.alg_confusion",
      what: "RS256 under a key of the attacker",
      token: rs256({}, payload, attackersKey().privateKey),
    },
    ...embedded(claims),
    {
      rule: "token.kid",
      what: "a kid that is a path to an empty file",
      token: hs256({ kid: "../../../../dev/null" }, payload, ""),
    },
    { rule: "token.kid", what: "a kid that is a query", token: hs256({ kid: "x' UNION SELECT 'k" }, payload, "k") },
  ];
  if (good === null) return forged;
  return [
    ...forged,
    { rule: "token.malformed", what: "a good token with padding", token: `${good}=` },
    { rule: "token.malformed", what: "a good token with a fourth part", token: `${good}.e30` },
    { rule: "token.signature", what: "a good token with one bit of its signature changed", token: flipped(good) },
    {
      rule: "token.signature",
      what: "a good token without its signature",
      token: `${good.slice(0, good.lastIndexOf("."))}.`,
    },
    {
      rule: "token.signature",
      what: "a good token with other claims under its signature",
      token: withClaims(good, { ...claims, admin: true, role: "admin" }),
    },
  ];
}

const JWE = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..aaaa.bbbb.cccc";
const OTHER_SECRET = "byward-attack-byward-attack-byward-attack";

/** Every bad token that can be made for a token party by who holds its secret or key. */
export async function badTokensOf(mint: Mint, member: Member): Promise<readonly BadToken[]> {
  const base = baseOf(member);
  const good = await mint.token(member);
  const claims = await mint.claimsOf(member);
  const sign = signerOf(mint, member);
  const now = Math.floor(Date.now() / 1000);
  const signed = (rule: RuleId, what: string, header: Json, payload: string): readonly BadToken[] => {
    const token = sign(header, payload);
    return token === null ? [] : [{ rule, what, token }];
  };
  const claimed = (rule: RuleId, what: string, change: Json): readonly BadToken[] =>
    signed(rule, what, {}, JSON.stringify({ ...claims, ...change }));
  const { audiences = null, issuers = null } = expectsOf(base) ?? {};
  const crit = { crit: ["byward-attack"], "byward-attack": 1 };
  return [
    ...forgedTokens(claims, good),
    ...claimed("token.oversized", "a good token of more than 8 KiB", { pad: "x".repeat(9000) }),
    ...claimed("token.expired", "a token that expired an hour ago", { iat: now - 7200, exp: now - 3600 }),
    ...claimed("token.not_yet_valid", "a token that is valid in ten minutes", { nbf: now + 600 }),
    ...(audiences === null ? [] : claimed("token.audience", "a token for another audience", { aud: "byward-attack" })),
    ...(audiences === null ? [] : claimed("token.audience", "a token for no audience", { aud: undefined })),
    ...(issuers === null
      ? []
      : claimed("token.issuer", "a token of another issuer", { iss: "https://attack.invalid" })),
    ...(issuers === null ? [] : claimed("token.issuer", "a token of no issuer", { iss: undefined })),
    ...signed("token.type", "a token of another type", { typ: "byward-attack" }, JSON.stringify(claims)),
    ...signed("token.crit", "a critical header that nobody knows", crit, JSON.stringify(claims)),
    ...confusions(mint, member, claims),
    ...claimed("token.claims", "a token without exp", { exp: undefined }),
    ...claimed("token.claims", "an exp that is a string", { exp: String(now + 600) }),
    ...claimed("token.claims", "an exp in a thousand years", { exp: now + 31_536_000_000 }),
    ...claimed("token.claims", "a token without sub", { sub: undefined }),
    ...signed("token.claims", "a sub that stands twice", {}, `{"sub":"root",${JSON.stringify(claims).slice(1)}`),
    ...signed("token.claims", "claims that are a list", {}, JSON.stringify([claims])),
  ];
}

/** Signs as the party's issuer does, with a header to choose; null where the key is not at hand. */
function signerOf(mint: Mint, member: Member): (header: Json, payload: string) => string | null {
  const base = baseOf(member);
  const key = mint.keyOf(base);
  if (key === null) {
    const secret = mint.secretOf(base);
    const typ = expectsOf(base)?.type ?? "JWT";
    return (header, payload) => (secret === null ? null : hs256({ typ, ...header }, payload, secret));
  }
  const type = expectsOf(base)?.type ?? "JWT";
  const jwk = { key: key.privateJwk as JsonWebKey, format: "jwk" as const };
  return (header, payload) => {
    const input = `${encoded({ alg: key.algorithm, kid: key.kid, typ: type, ...header })}.${encodedText(payload)}`;
    const isEcdsa = key.algorithm === "ES256";
    if (!isEcdsa && key.algorithm !== "RS256") return null;
    const signature = signRaw("sha256", Buffer.from(input), isEcdsa ? { ...jwk, dsaEncoding: "ieee-p1363" } : jwk);
    return `${input}.${signature.toString("base64url")}`;
  };
}

/** Other algorithms with what the attacker may know or the server may mix up. */
function confusions(mint: Mint, member: Member, claims: Json): readonly BadToken[] {
  const base = baseOf(member);
  const payload = JSON.stringify(claims);
  const rule: RuleId = "token.alg_confusion";
  const key = mint.keyOf(base);
  if (key === null) {
    const secret = mint.secretOf(base);
    if (secret === null) return [];
    return [{ rule, what: "HS512 under the right secret", token: hmac("HS512", "sha512", {}, payload, secret) }];
  }
  const open = createPublicKey({ key: key.publicJwk as JsonWebKey, format: "jwk" });
  const pem = open.export({ type: "spki", format: "pem" }).toString();
  const { kid } = key;
  return [
    { rule, what: "HS256 with the public key (PEM) as the secret", token: hs256({ kid }, payload, pem) },
    {
      rule,
      what: "HS256 with the public key (PEM, no last newline) as the secret",
      token: hs256({ kid }, payload, pem.trim()),
    },
    {
      rule,
      what: "HS256 with the public key (JWK) as the secret",
      token: hs256({ kid }, payload, JSON.stringify(key.publicJwk)),
    },
  ];
}

let keyPair: ReturnType<typeof generateRsa> | undefined;
const generateRsa = () => generateKeyPairSync("rsa", { modulusLength: 2048 });

/** One key pair for the whole process: they take long to make. */
function attackersKey(): ReturnType<typeof generateRsa> {
  keyPair ??= generateRsa();
  return keyPair;
}

/** Tokens that bring their own key. */
function embedded(claims: Json): readonly BadToken[] {
  const { privateKey, publicKey } = attackersKey();
  const jwk = publicKey.export({ format: "jwk" });
  const payload = JSON.stringify(claims);
  const rule: RuleId = "token.embedded_key";
  const symmetric = { kty: "oct", k: Buffer.from("byward-attack").toString("base64url") };
  return [
    { rule, what: "a token with its own key in jwk", token: rs256({ jwk }, payload, privateKey) },
    { rule, what: "a token with its own secret in jwk", token: hs256({ jwk: symmetric }, payload, "byward-attack") },
    {
      rule,
      what: "a token with a jku of the attacker",
      token: rs256({ jku: "http://127.0.0.1:9/jwks", kid: "a" }, payload, privateKey),
    },
    {
      rule,
      what: "a token with an x5u of the attacker",
      token: rs256({ x5u: "http://127.0.0.1:9/cert" }, payload, privateKey),
    },
  ];
}

export function hs256(header: Json, payload: string, secret: string): string {
  return hmac("HS256", "sha256", header, payload, secret);
}

function hmac(alg: string, digest: string, header: Json, payload: string, secret: string): string {
  const input = `${encoded({ alg, typ: "JWT", ...header })}.${encodedText(payload)}`;
  return `${input}.${createHmac(digest, secret).update(input).digest("base64url")}`;
}

function rs256(header: Json, payload: string, key: KeyObject): string {
  const input = `${encoded({ alg: "RS256", typ: "JWT", ...header })}.${encodedText(payload)}`;
  return `${input}.${signRaw("sha256", Buffer.from(input), key).toString("base64url")}`;
}

export function unsigned(header: Json, claims: Json): string {
  return `${encoded({ typ: "JWT", ...header })}.${encoded(claims)}.`;
}

/** Other claims under the signature of a token. */
export function withClaims(token: string, claims: Json): string {
  const [header = "", , signature = ""] = token.split(".");
  return `${header}.${encoded(claims)}.${signature}`;
}

/** One bit in the middle of the signature: the last character may carry bits that do not count. */
export function flipped(token: string): string {
  const at = token.length - 8;
  return `${token.slice(0, at)}${token[at] === "A" ? "B" : "A"}${token.slice(at + 1)}`;
}

function encoded(value: unknown): string {
  return encodedText(JSON.stringify(value));
}

function encodedText(text: string): string {
  return Buffer.from(text).toString("base64url");
}
