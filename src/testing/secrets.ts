/**
 * Owns the secrets of a test: one made up for every name that the parties name and nobody gave. Each is of the form its
 * scheme asks for; for formats with a key pair the environment gets the public half and signing the private one.
 */
import { encodeBase64 } from "../boundary/base64.ts";
import { encodeHex } from "../boundary/hex.ts";
import type { AnyParty } from "../boundary/party.ts";
import type { SignatureScheme } from "../boundary/schemes/signature.ts";
import type { KeyForm } from "../boundary/webhooks/format.ts";

const SECRET_BYTES = 48;

export interface TestSecrets {
  /** What the registry reads. */
  readonly env: ReadonlyMap<string, string>;
  /** What is signed with, by secret name, where it differs from what is read. */
  readonly signing: ReadonlyMap<string, string>;
}

export async function makeSecrets(
  parties: Iterable<AnyParty>,
  given: Readonly<Record<string, string | undefined>>,
): Promise<TestSecrets> {
  const env = new Map<string, string>();
  const signing = new Map<string, string>();
  for (const [name, value] of Object.entries(given)) if (value !== undefined) env.set(name, value);
  for (const party of parties) {
    for (const name of party.scheme.secretNames) {
      if (env.has(name)) continue;
      const made = await makeSecret(party);
      env.set(name, made.read);
      if (made.sign !== made.read) signing.set(name, made.sign);
    }
  }
  return { env, signing };
}

interface MadeSecret {
  readonly read: string;
  readonly sign: string;
}

async function makeSecret(party: AnyParty): Promise<MadeSecret> {
  const random = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  if (party.scheme.kind !== "signature") return same(encodeHex(random));
  const variant = (party.scheme as SignatureScheme).format.variants[0]!;
  if (variant.algorithm === "ed25519") return makeKeyPair(variant.key);
  return same(written(random.slice(0, 32), variant.key, variant.key.prefix ?? ""));
}

const same = (secret: string): MadeSecret => ({ read: secret, sign: secret });

async function makeKeyPair(form: KeyForm): Promise<MadeSecret> {
  const pair = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
  const open = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  // The seed is the last 32 bytes of PKCS #8 (RFC 8410 §7).
  const seed = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey)).slice(-32);
  const prefix = form.prefix ?? "";
  return { read: written(open, form, prefix), sign: written(seed, form, prefix === "" ? "" : "whsk_") };
}

function written(bytes: Uint8Array, form: KeyForm, prefix: string): string {
  return prefix + (form.encoding === "base64" ? encodeBase64(bytes) : encodeHex(bytes));
}
