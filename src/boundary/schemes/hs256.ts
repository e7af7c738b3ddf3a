/**
 * Owns checking HS256 signatures (RFC 7518 §3.2): synchronously with the host's HMAC where it lends one, elsewhere
 * with `jose` over WebCrypto. Both compare in constant time.
 */
import { equalBytes } from "../constant-time.ts";
import type { MaybePromise } from "../maybe-promise.ts";
import type { SchemeEnvironment } from "../scheme.ts";
import type { SignatureCheck } from "./token.ts";

/** RFC 7518 §3.2: a key has at least the size of the output. */
export const MIN_HS256_KEY_BYTES = 32;

const UTF8 = new TextEncoder();
const FIXED_KEYS = Object.freeze({ generation: 0, isCurrent: () => true });

/** Accepts signatures under any of the keys. */
export function createHs256Check(
  keys: readonly Uint8Array<ArrayBuffer>[],
  environment: Pick<SchemeEnvironment, "hmac">,
): MaybePromise<SignatureCheck> {
  const { hmac } = environment;
  if (hmac !== undefined) return hmacCheck(keys.map((key) => hmac("sha256", key)));
  return importedCheck(keys);
}

function hmacCheck(digests: readonly ((data: Uint8Array) => Uint8Array)[]): SignatureCheck {
  return {
    ...FIXED_KEYS,
    check: (jws) => {
      const signed = UTF8.encode(jws.signedText);
      return digests.some((digest) => equalBytes(digest(signed), jws.signature)) ? null : "jwt.signature";
    },
  };
}

async function importedCheck(keys: readonly Uint8Array<ArrayBuffer>[]): Promise<SignatureCheck> {
  const imported = await Promise.all(keys.map(importKey));
  // Loaded where it is needed: it is a fifth of the modules that `import "byward"` would load.
  const { compactVerify } = await import("jose");
  return joseCheck(imported, compactVerify);
}

function joseCheck(keys: readonly CryptoKey[], compactVerify: typeof import("jose").compactVerify): SignatureCheck {
  return {
    ...FIXED_KEYS,
    check: async (_jws, token) => {
      for (const key of keys) {
        const verified = await compactVerify(token, key, { algorithms: ["HS256"] }).catch(() => null);
        if (verified !== null) return null;
      }
      return "jwt.signature";
    },
  };
}

function importKey(key: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
}
