/**
 * Owns where secrets come from: named in code, read at start, several during a rotation. Code holds the name of a
 * secret and never its value, and no message shows either a value or a name that could be one (ruling 20).
 */
import { decodeBase64, decodeBase64Url } from "../base64.ts";
import { ConfigurationError } from "../errors.ts";
import { decodeUtf8 } from "../json-strict.ts";
import type { MaybePromise } from "../maybe-promise.ts";
import type { SchemeEnvironment } from "../scheme.ts";

/**
 * The name of an environment variable, several names while a secret is being rotated (all are accepted), or a function
 * that fetches the value once, at start.
 */
export type SecretSource = string | readonly string[] | (() => Promise<string>);

/** A secret with the words that name it in messages. */
export interface Secret {
  readonly label: string;
  readonly value: string;
}

/** A checked {@link SecretSource}. */
export interface SecretPlan {
  readonly names: readonly string[];
  /** @throws ConfigurationError `secret.missing`, `secret.unavailable` */
  load(partyName: string, environment: SchemeEnvironment): MaybePromise<readonly Secret[]>;
}

const NAME = /^[A-Z][A-Z0-9_]*$/;
const MAX_SECRETS = 8;

/** @throws ConfigurationError `secret.name`, `secret.none` */
export function planSecrets(scheme: string, source: SecretSource): SecretPlan {
  if (typeof source === "function") return { names: Object.freeze([]), load: (party) => fetchSecret(party, source) };
  const names: readonly unknown[] = typeof source === "string" ? [source] : Array.isArray(source) ? source : [];
  if (names.length === 0 || names.length > MAX_SECRETS) {
    throw new ConfigurationError(
      "secret.none",
      `${scheme}(): secret is the name of an environment variable, a list of 1 to ${MAX_SECRETS} names, or a function.`,
    );
  }
  for (const [index, name] of names.entries()) assertSecretName(scheme, name, index);
  const checked = Object.freeze([...(names as readonly string[])]);
  return { names: checked, load: (party, environment) => checked.map((name) => readSecret(party, name, environment)) };
}

function assertSecretName(scheme: string, name: unknown, index: number): void {
  if (typeof name === "string" && NAME.test(name)) return;
  // The value is not shown: it may be the key itself.
  throw new ConfigurationError(
    "secret.name",
    `${scheme}(): secret ${index + 1} is not the name of an environment variable. Give a name in capitals, digits and _, ` +
      'such as "AUTH_JWT_SECRET", and put the key itself into that variable. What was given is not shown, as it may be the key.',
  );
}

function readSecret(party: string, name: string, environment: SchemeEnvironment): Secret {
  const value = environment.secret(name);
  if (typeof value !== "string" || value.trim().length === 0) {
    throw new ConfigurationError(
      "secret.missing",
      `Party "${party}" reads its secret from the environment variable ${name}, which is ${value === undefined ? "not set" : "empty"}. Set it before starting.`,
    );
  }
  if (value !== value.trim()) {
    environment.warn(`${name} of party "${party}" begins or ends with white space, which is part of the key.`);
  }
  return { label: name, value };
}

async function fetchSecret(party: string, source: () => Promise<string>): Promise<readonly Secret[]> {
  const value: unknown = await source().catch((error: unknown) => {
    // Only the kind of the failure is told: its message may quote what was fetched.
    const kind = error instanceof Error ? error.name : typeof error;
    throw new ConfigurationError(
      "secret.unavailable",
      `The secret of party "${party}" could not be fetched (${kind}).`,
    );
  });
  if (typeof value === "string" && value.trim().length > 0) return [{ label: "the fetched secret", value }];
  throw new ConfigurationError("secret.missing", `The function that gives the secret of party "${party}" gave none.`);
}

/**
 * Refuses a key document where a shared secret belongs: an HMAC keyed with a public key can be forged by everybody who
 * has that key (CVE-2023-48223 and its two returns: white space, then any other text before the PEM).
 *
 * @throws ConfigurationError `secret.key_document`
 */
export function assertSharedSecret(party: string, secret: Secret): void {
  if (!isKeyDocument(secret.value)) return;
  throw new ConfigurationError(
    "secret.key_document",
    `${secret.label} of party "${party}" holds a PEM, JWK, SSH or DER key. This scheme needs a random shared secret; for a ` +
      "public key use oidc().",
  );
}

/** True for text that is or contains an asymmetric key or a JWK, also when it is wrapped in base64 once. */
export function isKeyDocument(text: string): boolean {
  if (isKeyText(text)) return true;
  const compact = text.replace(/\s+/g, "");
  const bytes = decodeBase64(compact, "optional") ?? decodeBase64Url(compact);
  if (bytes === null) return false;
  if (isKeyDer(bytes)) return true;
  const inner = decodeUtf8(bytes);
  return inner !== null && isKeyText(inner);
}

function isKeyText(text: string): boolean {
  if (text.includes("-----BEGIN ") || /(^|\s)(ssh-(rsa|dss|ed25519)|ecdsa-sha2-\S+)\s/.test(text)) return true;
  return text.trimStart().startsWith("{") && /"(kty|keys)"\s*:/.test(text);
}

/**
 * SubjectPublicKeyInfo and PKCS #8 begin with nested sequences, the outer one filling the whole text (RFC 5280 §4.1).
 */
function isKeyDer(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0x30 || bytes.length < 16) return false;
  const first = bytes[1] as number;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (lengthBytes > 2) return false;
  let length = lengthBytes === 0 ? first : 0;
  for (let index = 0; index < lengthBytes; index++) length = (length << 8) | (bytes[2 + index] as number);
  const body = 2 + lengthBytes;
  // A sequence (SPKI, certificate) or an integer (PKCS #1, PKCS #8) comes first inside.
  return length === bytes.length - body && (bytes[body] === 0x30 || bytes[body] === 0x02);
}
