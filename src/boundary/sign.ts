/**
 * Owns signing a delivery in any webhook format, offline: for `byward sign`, for tests and for documents. It builds
 * the signed bytes with the code that verifies them and signs with WebCrypto, so it is no second description of a
 * format.
 */
import { encodeBase64 } from "./base64.ts";
import { ConfigurationError } from "./errors.ts";
import { encodeHex } from "./hex.ts";
import type { Presentation } from "./scheme.ts";
import { asBufferSource, decodeKey } from "./webhooks/delivery-keys.ts";
import { isFormType, joinFormParameters } from "./webhooks/form-parameters.ts";
import { type CheckedFormat, checkFormat, type SignatureVariant, type WebhookFormat } from "./webhooks/format.ts";
import { buildSigned } from "./webhooks/template.ts";
import { queryParameter } from "./webhooks/url-forms.ts";

export interface DeliveryToSign {
  /** The secret itself, not its name; for Ed25519 the private key (32-byte seed, `whsk_…` for Standard Webhooks). */
  readonly secret: string;
  readonly body: Uint8Array | string;
  /** The time to sign, epoch ms. Ignored by formats that sign none. */
  readonly now: number;
  /** The delivery id; needed where it is inside the signed string. */
  readonly id?: string;
  /** The public URL; needed where it is inside the signed string. */
  readonly url?: string;
  /** Other headers of the delivery: content type, and those inside the signed string. */
  readonly headers?: Readonly<Record<string, string>>;
}

const UTF8 = new TextEncoder();

/**
 * The headers to send with the body: signature, time, id.
 *
 * @throws ConfigurationError `sign.secret` when the secret is not a key of the format, `sign.incomplete` when a value
 *   that is signed is missing or cannot be
 */
export async function signDelivery(
  description: WebhookFormat,
  delivery: DeliveryToSign,
): Promise<Record<string, string>> {
  const format = checkFormat(description);
  const body = typeof delivery.body === "string" ? UTF8.encode(delivery.body) : delivery.body;
  const timestamp = timestampOf(format, delivery.now);
  const headers = sideHeaders(format, timestamp, delivery.id);
  const signed = buildSigned(format.template, {
    timestamp,
    id: delivery.id ?? null,
    url: delivery.url ?? "",
    form: formOf(format, delivery, body),
    body,
    header: (name) => findHeader({ ...delivery.headers, ...headers }, name),
  });
  const needsUrl = format.template.has.url && delivery.url === undefined;
  if (signed === null || needsUrl) {
    throw new ConfigurationError(
      "sign.incomplete",
      `Format ${format.name} signs "${format.signed}": a value of it is missing.`,
    );
  }
  const [variant, digest] = await signWithFirst(format, delivery.secret, signed);
  return { ...headers, [description.header]: writeHeader(format, variant, digest, timestamp) };
}

/** A presentation of a signed delivery, as a transport would hand it over. */
export function presentDelivery(
  delivery: { readonly body: Uint8Array | string; readonly url?: string },
  headers: Readonly<Record<string, string>>,
): Presentation {
  return {
    channel: { kind: "external" },
    method: "POST",
    url: delivery.url ?? "",
    header: (name) => findHeader(headers, name),
    body: typeof delivery.body === "string" ? UTF8.encode(delivery.body) : delivery.body,
    frameToken: null,
  };
}

function timestampOf(format: CheckedFormat, now: number): string | null {
  if (format.time === undefined || format.time.from === "body") return null;
  return String(format.time.unit === "ms" ? Math.floor(now) : Math.floor(now / 1000));
}

function sideHeaders(format: CheckedFormat, timestamp: string | null, id: string | undefined): Record<string, string> {
  const headers: Record<string, string> = {};
  if (format.time?.from === "header" && timestamp !== null) headers[format.time.header] = timestamp;
  if (format.id?.from === "header" && id !== undefined) headers[format.id.header] = id;
  return headers;
}

function formOf(format: CheckedFormat, delivery: DeliveryToSign, body: Uint8Array): string {
  const covered =
    format.bodyDigest !== undefined && queryParameter(delivery.url ?? "", format.bodyDigest.query) !== null;
  if (!format.template.has.form || covered || body.length === 0) return "";
  const form = isFormType(findHeader(delivery.headers ?? {}, "content-type")) ? joinFormParameters(body) : null;
  if (form !== null) return form;
  throw new ConfigurationError(
    "sign.incomplete",
    `Format ${format.name} signs form parameters: send content-type application/x-www-form-urlencoded, or put the ` +
      `body's SHA-256 into the URL as ${format.bodyDigest?.query}.`,
  );
}

function findHeader(headers: Readonly<Record<string, string>>, name: string): string | null {
  for (const [own, value] of Object.entries(headers)) {
    if (own.toLowerCase() === name) return value;
  }
  return null;
}

async function signWithFirst(
  format: CheckedFormat,
  secret: string,
  signed: Uint8Array,
): Promise<[SignatureVariant, Uint8Array]> {
  for (const variant of format.variants) {
    const form = variant.algorithm === "ed25519" ? privateForm(variant) : variant.key;
    const key = decodeKey(secret, form);
    if (key === null) continue;
    if (variant.algorithm !== "ed25519") return [variant, await signHmac(variant.algorithm, key, signed)];
    // A private key is its 32-byte seed, or the seed followed by the public key.
    if (key.length === 32 || key.length === 64) return [variant, await signEd25519(key.slice(0, 32), signed)];
  }
  throw new ConfigurationError("sign.secret", `The secret is not a key of format ${format.name}.`);
}

/** Where public keys have a prefix, private ones have Standard Webhooks' `whsk_`. */
function privateForm(variant: SignatureVariant): SignatureVariant["key"] {
  return variant.key.prefix === undefined ? variant.key : { ...variant.key, prefix: "whsk_" };
}

async function signHmac(
  algorithm: "hmac-sha256" | "hmac-sha1",
  key: Uint8Array<ArrayBuffer>,
  signed: Uint8Array,
): Promise<Uint8Array> {
  const hash = algorithm === "hmac-sha256" ? "SHA-256" : "SHA-1";
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, asBufferSource(signed)));
}

/** PKCS #8 of an Ed25519 seed (RFC 8410 §7): WebCrypto imports private keys in no rawer form. */
const ED25519_PKCS8 = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

async function signEd25519(seed: Uint8Array, signed: Uint8Array): Promise<Uint8Array> {
  const pkcs8 = Uint8Array.from([...ED25519_PKCS8, ...seed]);
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("Ed25519", key, asBufferSource(signed)));
}

function writeHeader(
  format: CheckedFormat,
  variant: SignatureVariant,
  digest: Uint8Array,
  timestamp: string | null,
): string {
  const text = variant.digest === "hex" ? encodeHex(digest) : encodeBase64(digest);
  const { grammar, time } = format;
  if (grammar.form === "single") return variant.label === "" ? text : `${variant.label}=${text}`;
  if (grammar.form === "list") return `${variant.label},${text}`;
  const signature = `${variant.label}=${text}`;
  return time?.from === "signature" ? `${time.key}=${timestamp}${grammar.separator}${signature}` : signature;
}
