/**
 * Owns public keys for tokens: reading a JWK Set (RFC 7517) strictly, choosing a key, checking a signature with it.
 * Keys are imported by `jose`, signatures checked by WebCrypto over the text that was read, so no second parser sees
 * the token.
 *
 * K1 A key fixes what it verifies: its type and curve decide the algorithms, never the token.
 * K2 Symmetric keys, keys with private parts, keys for encryption and weak RSA keys are not in a set.
 * K3 Two keys under one `kid` verify nothing: which was meant is unknown.
 */
import type { CryptoKey } from "jose";
import { decodeBase64Url } from "./base64.ts";
import { isJsonObject, type JsonObject, type JsonValue, parseStrictJsonBytes } from "./json-strict.ts";

/** Algorithms of tokens signed with public-key cryptography (RFC 7518 §3.1, RFC 8037 §3.1). */
export type PublicKeyAlgorithm = "RS256" | "PS256" | "ES256" | "EdDSA";
export const PUBLIC_KEY_ALGORITHMS: readonly PublicKeyAlgorithm[] = Object.freeze(["RS256", "PS256", "ES256", "EdDSA"]);

/** A usable public key. */
export interface PublicKey {
  readonly kid: string | null;
  readonly algorithms: readonly PublicKeyAlgorithm[];
  /** Public members only. */
  readonly jwk: Readonly<Record<string, string>>;
}

export interface KeySet {
  readonly keys: readonly PublicKey[];
}

const MAX_KEYS = 100;
/** Keys tried for a token that names none. */
const MAX_CANDIDATES = 4;
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/** Reads a JWK Set; keys that cannot be used are left out. Null where the document is not a JWK Set. */
export function readKeySet(bytes: Uint8Array): KeySet | null {
  const json = parseStrictJsonBytes(bytes);
  if (!json.ok || !isJsonObject(json.value)) return null;
  const { keys } = json.value;
  if (!Array.isArray(keys) || keys.length > MAX_KEYS) return null;
  return { keys: keys.flatMap((key: JsonValue) => readKey(key) ?? []) };
}

function readKey(value: JsonValue): PublicKey | null {
  if (!isJsonObject(value) || PRIVATE_MEMBERS.some((member) => member in value)) return null;
  const { use, key_ops: operations, kid, alg } = value;
  if (use !== undefined && use !== "sig") return null;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes("verify"))) return null;
  if (kid !== undefined && typeof kid !== "string") return null;
  const material = readMaterial(value);
  if (material === null) return null;
  const algorithms = alg === undefined ? material.algorithms : material.algorithms.filter((name) => name === alg);
  return algorithms.length === 0 ? null : { kid: kid ?? null, algorithms, jwk: material.jwk };
}

type Material = Pick<PublicKey, "algorithms" | "jwk">;

function readMaterial(jwk: JsonObject): Material | null {
  switch (jwk["kty"]) {
    case "RSA":
      return readRsa(jwk);
    case "EC":
      if (jwk["crv"] !== "P-256" || !isBytes(jwk["x"], 32) || !isBytes(jwk["y"], 32)) return null;
      return { algorithms: ["ES256"], jwk: { kty: "EC", crv: "P-256", x: jwk["x"], y: jwk["y"] } };
    case "OKP":
      if (jwk["crv"] !== "Ed25519" || !isBytes(jwk["x"], 32)) return null;
      return { algorithms: ["EdDSA"], jwk: { kty: "OKP", crv: "Ed25519", x: jwk["x"] } };
    default:
      return null;
  }
}

function isBytes(value: JsonValue | undefined, length: number): value is string {
  return typeof value === "string" && decodeBase64Url(value)?.length === length;
}

const MIN_RSA_BITS = 2048;
/** Larger ones only make verification slow. */
const MAX_RSA_BITS = 8192;

function readRsa({ n, e }: JsonObject): Material | null {
  if (typeof n !== "string" || typeof e !== "string") return null;
  const modulus = toInteger(n);
  const exponent = toInteger(e);
  if (modulus === null || exponent === null) return null;
  const bits = modulus.toString(2).length;
  // With exponent 1 every padded message is its own signature; even exponents are no RSA.
  const sound = exponent >= 3n && exponent % 2n === 1n && exponent < 1n << 64n;
  if (!sound || bits < MIN_RSA_BITS || bits > MAX_RSA_BITS || isRocaModulus(modulus)) return null;
  return { algorithms: ["RS256", "PS256"], jwk: { kty: "RSA", n, e } };
}

function toInteger(text: string): bigint | null {
  const bytes = decodeBase64Url(text);
  if (bytes === null || bytes.length === 0 || bytes.length > MAX_RSA_BITS / 8 + 1) return null;
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}

const ROCA_PRIMES = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113,
  127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/**
 * True for moduli of the weak generator of CVE-2017-15361 (ROCA): modulo small primes they are powers of 65537. A
 * sound modulus passes by chance about once in 2^27 (Nemec et al., "The Return of Coppersmith's Attack", §2.3).
 */
function isRocaModulus(modulus: bigint): boolean {
  return ROCA_PRIMES.every((prime) => isPowerOf65537(Number(modulus % BigInt(prime)), prime));
}

function isPowerOf65537(residue: number, prime: number): boolean {
  let power = 1;
  do {
    if (power === residue) return true;
    power = (power * (65537 % prime)) % prime;
  } while (power !== 1);
  return false;
}

/**
 * The keys that may have signed a token: those of its algorithm under its `kid`, else those without one. Empty when
 * there is none, or more than can be told apart.
 */
export function selectKeys(set: KeySet, algorithm: string, kid: string | null): readonly PublicKey[] {
  const fitting = set.keys.filter(({ algorithms }) => algorithms.some((name) => name === algorithm));
  if (kid === null) return fitting.length <= MAX_CANDIDATES ? fitting : [];
  const named = fitting.filter((key) => key.kid === kid);
  if (named.length > 0) return named.length === 1 ? named : [];
  const unnamed = fitting.filter((key) => key.kid === null);
  return unnamed.length <= MAX_CANDIDATES ? unnamed : [];
}

const imported = new WeakMap<PublicKey, Map<string, Promise<CryptoKey | null>>>();

const PARAMETERS: Readonly<Record<PublicKeyAlgorithm, AlgorithmIdentifier | RsaPssParams | EcdsaParams>> =
  Object.freeze({
    RS256: { name: "RSASSA-PKCS1-v1_5" },
    PS256: { name: "RSA-PSS", saltLength: 32 },
    ES256: { name: "ECDSA", hash: "SHA-256" },
    EdDSA: { name: "Ed25519" },
  });

/** True when this key verifies the signature over these bytes under this algorithm. Never rejects. */
export async function verifyWithKey(
  key: PublicKey,
  algorithm: string,
  signature: Uint8Array<ArrayBuffer>,
  signed: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const own = key.algorithms.find((name) => name === algorithm);
  const cryptoKey = own === undefined ? null : await importOnce(key, own);
  if (own === undefined || cryptoKey === null) return false;
  return crypto.subtle.verify(PARAMETERS[own], cryptoKey, signature, signed).catch(() => false);
}

function importOnce(key: PublicKey, algorithm: string): Promise<CryptoKey | null> {
  let byAlgorithm = imported.get(key);
  if (byAlgorithm === undefined) {
    byAlgorithm = new Map();
    imported.set(key, byAlgorithm);
  }
  let promise = byAlgorithm.get(algorithm);
  if (promise === undefined) {
    // Fails for points that are not on the curve.
    promise = importPublicKey(key, algorithm).catch(() => null);
    byAlgorithm.set(algorithm, promise);
  }
  return promise;
}

async function importPublicKey(key: PublicKey, algorithm: string): Promise<CryptoKey | null> {
  // Loaded with the first key: a registry without OpenID Connect never needs it.
  const { importJWK } = await import("jose");
  const imported = await importJWK({ ...key.jwk }, algorithm);
  return imported instanceof Uint8Array ? null : imported;
}
