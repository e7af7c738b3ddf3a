/**
 * Owns reading a compact JWS or JWT before any cryptography (RFC 7515 §3.1, RFC 7519 §7.2, RFC 8725): size, three
 * parts, strict base64url, strict JSON, the declared algorithm and type, no critical extensions. Signatures and
 * claims are judged elsewhere (`schemes/`, `jwt-claims.ts`).
 *
 * Nothing in a header chooses a key: `kid` is a lookup string, and `jku`, `x5u`, `jwk` and `x5c` are never read.
 */
import { decodeBase64Url, peekBase64Url } from "./base64.ts";
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
  readonly signature: Uint8Array<ArrayBuffer>;
}

export interface Jwt extends Jws {
  readonly claims: JsonObject;
}

/** Reads a token whose payload is a claims object. A string is the reason why it is refused. */
export function parseJwt(token: string, rule: HeaderRule): Jwt | JwtReason {
  let claims: JsonObject | null = null;
  const jws = readJws(token, rule, (payload) => {
    const json = parseStrictJsonBytes(payload);
    if (json.ok && isJsonObject(json.value)) claims = json.value;
  });
  if (typeof jws === "string") return jws;
  return claims === null ? "jwt.payload" : { ...jws, claims };
}

/** Reads a compact JWS with any payload, which stays unread. A string is the reason why it is refused. */
export function parseJws(token: string, rule: HeaderRule): Jws | JwtReason {
  return readJws(token, rule, () => {});
}

function readJws(token: string, rule: HeaderRule, readPayload: (payload: Uint8Array) => void): Jws | JwtReason {
  if (token.length > MAX_TOKEN_LENGTH) return "jwt.too_long";
  const first = token.indexOf(".");
  const last = token.indexOf(".", first + 1);
  if (first < 1 || last < 0 || last === token.length - 1 || token.indexOf(".", last + 1) >= 0) return "jwt.parts";
  const signature = decodeBase64Url(token.slice(last + 1));
  const header = signature === null ? null : peekBase64Url(token.slice(0, first));
  if (signature === null || header === null) return "jwt.encoding";
  const judged = readHeader(header, rule);
  if (typeof judged === "string") return judged;
  const payload = peekBase64Url(token.slice(first + 1, last));
  if (payload === null) return "jwt.encoding";
  readPayload(payload);
  return { algorithm: judged.algorithm, kid: judged.kid, signedText: token.slice(0, last), signature };
}

function readHeader(bytes: Uint8Array, rule: HeaderRule): Pick<Jws, "algorithm" | "kid"> | JwtReason {
  const json = parseStrictJsonBytes(bytes);
  if (!json.ok || !isJsonObject(json.value)) return "jwt.header";
  const { alg, kid, typ } = json.value;
  if (typeof alg !== "string" || !rule.algorithms.includes(alg)) return "jwt.algorithm";
  // RFC 7515 §4.1.11: an extension that is not understood must be refused, and none is.
  if ("crit" in json.value) return "jwt.critical";
  // RFC 7797 §7: a JWT never has an unencoded payload.
  if ("b64" in json.value) return "jwt.b64";
  if (kid !== undefined && typeof kid !== "string") return "jwt.kid";
  return matchesType(typ, rule.type) ? { algorithm: alg, kid: kid ?? null } : "jwt.type";
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
