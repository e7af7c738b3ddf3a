/**
 * Owns reading a compact JWS or JWT before any cryptography (RFC 7515 §3.1, RFC 7519 §7.2, RFC 8725): size, three parts,
 * strict base64url, strict JSON, the declared algorithm and type, no critical extensions. Signatures and claims are
 * judged elsewhere (`schemes/`, `jwt-claims.ts`).
 *
 * Nothing in a header chooses a key: `kid` is a lookup string, and `jku`, `x5u`, `jwk` and `x5c` are never read.
 */
import { decodeBase64Url } from "./base64.ts";
import { isJsonObject, type JsonObject, type JsonValue, parseStrictJsonBytes } from "./json-strict.ts";

/** Longest token that is looked at (ruling 13); a longer one is refused before it is decoded. */
export const MAX_TOKEN_LENGTH = 8192;

/** Why a token could not be read. Stable codes, for the log. */
export type JwtReason =
  | "jwt.too_long"
  | "jwt.parts"
  | "jwt.encoding"
  | "jwt.header"
  | "jwt.payload"
  | "jwt.algorithm"
  | "jwt.critical"
  | "jwt.b64"
  | "jwt.kid"
  | "jwt.type";

/** What a party declared about the header; never taken from the token. */
export interface HeaderRule {
  readonly algorithms: readonly string[];
  /** The `typ` a token must carry; null: none, or `JWT`. Compared without case and without `application/`. */
  readonly type: string | null;
}

export interface Jws {
  readonly algorithm: string;
  readonly kid: string | null;
  /** The text the signature is over: header, dot, payload. ASCII. */
  readonly signedText: string;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array<ArrayBuffer>;
}

export interface Jwt extends Jws {
  readonly claims: JsonObject;
}

/** Reads a token whose payload is a claims object. A string is the reason why it is refused. */
export function parseJwt(token: string, rule: HeaderRule): Jwt | JwtReason {
  const jws = parseJws(token, rule);
  if (typeof jws === "string") return jws;
  const claims = parseStrictJsonBytes(jws.payload);
  if (!claims.ok || !isJsonObject(claims.value)) return "jwt.payload";
  return { ...jws, claims: claims.value };
}

/** Reads a compact JWS with any payload. A string is the reason why it is refused. */
export function parseJws(token: string, rule: HeaderRule): Jws | JwtReason {
  if (token.length > MAX_TOKEN_LENGTH) return "jwt.too_long";
  const first = token.indexOf(".");
  const last = token.indexOf(".", first + 1);
  if (first < 1 || last < 0 || token.indexOf(".", last + 1) >= 0) return "jwt.parts";
  const headerBytes = decodeBase64Url(token.slice(0, first));
  const payload = decodeBase64Url(token.slice(first + 1, last));
  const signature = decodeBase64Url(token.slice(last + 1));
  if (headerBytes === null || payload === null || signature === null) return "jwt.encoding";
  if (signature.length === 0) return "jwt.parts";
  const header = parseStrictJsonBytes(headerBytes);
  if (!header.ok || !isJsonObject(header.value)) return "jwt.header";
  const refusal = judgeHeader(header.value, rule);
  if (refusal !== null) return refusal;
  return {
    // judgeHeader has seen that `alg` is one of the declared strings and `kid` a string or absent.
    algorithm: header.value["alg"] as string,
    kid: (header.value["kid"] as string | undefined) ?? null,
    signedText: token.slice(0, last),
    payload,
    signature,
  };
}

function judgeHeader(header: JsonObject, rule: HeaderRule): JwtReason | null {
  const { alg, kid, typ } = header;
  if (typeof alg !== "string" || !rule.algorithms.includes(alg)) return "jwt.algorithm";
  // RFC 7515 §4.1.11: an extension that is not understood must be refused, and none is.
  if ("crit" in header) return "jwt.critical";
  // RFC 7797 §7: a JWT never has an unencoded payload.
  if ("b64" in header) return "jwt.b64";
  if (kid !== undefined && typeof kid !== "string") return "jwt.kid";
  return matchesType(typ, rule.type) ? null : "jwt.type";
}

/** RFC 7515 §4.1.9: a media type, compared without case, `application/` may be left out. */
function matchesType(typ: JsonValue | undefined, declared: string | null): boolean {
  if (typ === undefined) return declared === null;
  return typeof typ === "string" && mediaType(typ) === mediaType(declared ?? "JWT");
}

function mediaType(typ: string): string {
  const lower = typ.toLowerCase();
  return lower.startsWith("application/") ? lower.slice("application/".length) : lower;
}
