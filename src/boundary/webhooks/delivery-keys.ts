/**
 * Owns the keys of a webhook party: each knows which variants it belongs to and checks digests of those only, so a
 * digest of one algorithm is never tried with a key of another.
 *
 * HMAC is the host's where it lends one (synchronous), else WebCrypto; Ed25519 is WebCrypto. All comparisons are over
 * decoded bytes, length first, in constant time.
 */
import { decodeBase64 } from "../base64.ts";
import { equalBytes } from "../constant-time.ts";
import { ConfigurationError } from "../errors.ts";
import { decodeHex } from "../hex.ts";
import { isPromise, type MaybePromise } from "../maybe-promise.ts";
import type { SchemeEnvironment } from "../scheme.ts";
import { assertSharedSecret, type Secret } from "../schemes/secrets.ts";
import type { KeyForm, SignatureVariant, WebhookAlgorithm } from "./format.ts";
import type { PresentedDigest } from "./signature-header.ts";

/** Under this a webhook secret is pointed out; senders choose their secrets, so it is not refused. */
export const SHORT_SECRET_BYTES = 16;

export interface DeliveryKey {
  /** True when `verify` is done with the bytes once it returns. */
  readonly synchronous: boolean;
  /**
   * Tells whether any of the digests is this key's over the signed bytes. Digests of other variants are not its
   * matter.
   */
  verify(signed: Uint8Array, presented: readonly PresentedDigest[]): MaybePromise<boolean>;
}

const UTF8 = new TextEncoder();
const DIGEST_LENGTH: Readonly<Record<WebhookAlgorithm, number>> = { "hmac-sha256": 32, "hmac-sha1": 20, ed25519: 64 };

/**
 * Makes the keys of all secrets.
 * @throws ConfigurationError `secret.format`, `secret.key_document`
 */
export function createDeliveryKeys(
  party: string,
  secrets: readonly Secret[],
  variants: readonly SignatureVariant[],
  environment: SchemeEnvironment,
): MaybePromise<readonly DeliveryKey[]> {
  const keys = secrets.flatMap((secret) => keysOf(party, secret, variants, environment));
  return keys.some(isPromise) ? Promise.all(keys) : (keys as readonly DeliveryKey[]);
}

/** True when any key verifies any presented digest. */
export function verifyWithAny(
  keys: readonly DeliveryKey[],
  signed: Uint8Array,
  presented: readonly PresentedDigest[],
  start = 0,
): MaybePromise<boolean> {
  for (let index = start; index < keys.length; index++) {
    const verified = (keys[index] as DeliveryKey).verify(signed, presented);
    if (verified === true) return true;
    if (isPromise(verified)) {
      return verified.then((settled) => settled || verifyWithAny(keys, signed, presented, index + 1));
    }
  }
  return false;
}

/** A secret gives one key per algorithm and key form that accepts its text. */
function keysOf(
  party: string,
  secret: Secret,
  variants: readonly SignatureVariant[],
  environment: SchemeEnvironment,
): MaybePromise<DeliveryKey>[] {
  const groups = new Map<string, { bytes: Uint8Array<ArrayBuffer>; variants: SignatureVariant[] }>();
  for (const variant of variants) {
    const bytes = decodeKey(secret.value, variant.key);
    if (bytes === null || (variant.algorithm === "ed25519" && bytes.length !== 32)) continue;
    const name = `${variant.algorithm} ${variant.key.encoding} ${variant.key.prefix ?? ""}`;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, { bytes, variants: [variant] });
    else group.variants.push(variant);
  }
  if (groups.size === 0) throw new ConfigurationError("secret.format", describeForms(party, secret, variants));
  return [...groups.values()].map((group) => {
    const { algorithm } = group.variants[0] as SignatureVariant;
    if (algorithm !== "ed25519") assertHmacSecret(party, secret, group.bytes, environment);
    return createKey(algorithm, group.bytes, group.variants, environment);
  });
}

/** The bytes of a key in this form; null where the text is not of this form. */
export function decodeKey(text: string, form: KeyForm): Uint8Array<ArrayBuffer> | null {
  const prefix = form.prefix ?? "";
  const prefixed = text.startsWith(prefix);
  if (!prefixed && form.bare !== true) return null;
  const encoded = prefixed ? text.slice(prefix.length) : text;
  const bytes =
    form.encoding === "utf8"
      ? UTF8.encode(encoded)
      : form.encoding === "hex"
        ? decodeHex(encoded)
        : decodeBase64(encoded, "optional");
  return bytes === null || bytes.length === 0 ? null : bytes;
}

function assertHmacSecret(party: string, secret: Secret, key: Uint8Array, environment: SchemeEnvironment): void {
  assertSharedSecret(party, secret);
  if (key.length >= SHORT_SECRET_BYTES) return;
  environment.warn(
    `${secret.label} of party "${party}" is a key of ${key.length} bytes; under ${SHORT_SECRET_BYTES} it can be guessed.`,
  );
}

function describeForms(party: string, secret: Secret, variants: readonly SignatureVariant[]): string {
  const forms = new Set(
    variants.map(({ algorithm, key }) => {
      const what = algorithm === "ed25519" ? "a 32-byte Ed25519 public key" : "a shared secret";
      const prefix = key.prefix === undefined ? "" : ` after ${key.prefix}`;
      return `${what} as ${key.encoding === "utf8" ? "text" : key.encoding}${prefix}`;
    }),
  );
  return `${secret.label} of party "${party}" is not a key of this webhook format, which takes ${[...forms].join(", or ")}.`;
}

function createKey(
  algorithm: WebhookAlgorithm,
  key: Uint8Array<ArrayBuffer>,
  variants: readonly SignatureVariant[],
  environment: SchemeEnvironment,
): MaybePromise<DeliveryKey> {
  if (algorithm === "ed25519") return createEd25519Key(key, variants);
  const hash = algorithm === "hmac-sha256" ? "sha256" : "sha1";
  const digest = environment.hmac?.(hash, key);
  return digest === undefined ? createWebHmacKey(hash, key, variants) : new HostHmacKey(variants, digest);
}

/** HMAC as the host lends it. The digest of the bytes is made once, and only for digests that can be its own. */
class HostHmacKey implements DeliveryKey {
  readonly synchronous = true;
  readonly #variants: readonly SignatureVariant[];
  readonly #digest: (data: Uint8Array) => Uint8Array;

  constructor(variants: readonly SignatureVariant[], digest: (data: Uint8Array) => Uint8Array) {
    this.#variants = variants;
    this.#digest = digest;
  }

  verify(signed: Uint8Array, presented: readonly PresentedDigest[]): boolean {
    let own: Uint8Array | null = null;
    for (const { variant, bytes } of presented) {
      if (!isOwn(variant, bytes, this.#variants)) continue;
      own ??= this.#digest(signed);
      if (equalBytes(own, bytes)) return true;
    }
    return false;
  }
}

function isOwn(variant: SignatureVariant, digest: Uint8Array, variants: readonly SignatureVariant[]): boolean {
  return digest.length === DIGEST_LENGTH[variant.algorithm] && variants.includes(variant);
}

async function createWebHmacKey(
  hash: "sha256" | "sha1",
  key: Uint8Array<ArrayBuffer>,
  variants: readonly SignatureVariant[],
): Promise<DeliveryKey> {
  const algorithm = { name: "HMAC", hash: hash === "sha256" ? "SHA-256" : "SHA-1" };
  const imported = await crypto.subtle.importKey("raw", key, algorithm, false, ["sign"]);
  return {
    synchronous: false,
    verify: async (signed, presented) => {
      const own = new Uint8Array(await crypto.subtle.sign("HMAC", imported, asBufferSource(signed)));
      return presented.some(({ variant, bytes }) => isOwn(variant, bytes, variants) && equalBytes(own, bytes));
    },
  };
}

async function createEd25519Key(
  key: Uint8Array<ArrayBuffer>,
  variants: readonly SignatureVariant[],
): Promise<DeliveryKey> {
  const imported = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
  const verifyOne = (signed: Uint8Array, digest: Uint8Array): Promise<boolean> =>
    crypto.subtle.verify("Ed25519", imported, asBufferSource(digest), asBufferSource(signed)).catch(() => false);
  return {
    synchronous: false,
    verify: async (signed, presented) => {
      const own = presented.filter(({ variant, bytes }) => isOwn(variant, bytes, variants));
      return (await Promise.all(own.map(({ bytes }) => verifyOne(signed, bytes)))).includes(true);
    },
  };
}

/** Bodies come from the transport in ordinary memory; only the type cannot say so. */
export function asBufferSource(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}
