/**
 * Owns the scheme `signature` as it is declared: webhooks and other deliveries signed by their sender. How one is
 * verified is in `signature-verifier.ts`; how senders differ is data in `webhooks/`.
 */
import { ConfigurationError } from "../errors.ts";
import { andThen } from "../maybe-promise.ts";
import type { Scheme, SchemeEnvironment, SchemeVerifier } from "../scheme.ts";
import { createDeliveryKeys } from "../webhooks/delivery-keys.ts";
import { type CheckedFormat, checkFormat, DEFAULT_TOLERANCE_SECONDS, type WebhookFormat } from "../webhooks/format.ts";
import { type DeliveryField, type OrderOptions, readField, readOrder } from "../webhooks/order.ts";
import { plainFormat } from "../webhooks/plain.ts";
import { assertKnownOptions, readSeconds } from "./options.ts";
import { planSecrets, type SecretSource } from "./secrets.ts";
import { type DeliveryRule, SignatureVerifier } from "./signature-verifier.ts";

/** Options of every webhook format. */
export interface DeliveryOptions {
  /** Name(s) of the secret, or for Ed25519 of the sender's public key; several during a rotation. */
  readonly secret: SecretSource;
  /**
   * How far the signed time may be from now, seconds, both ways; only for formats that sign a time. Wider lets an old
   * delivery be sent again for longer, where no id is remembered.
   */
  readonly tolerance?: number;
  /**
   * How long the id of a delivery is remembered at least, seconds. Default: as long as the delivery would verify, or
   * 24 h for formats that sign no time. Longer also catches late retries of what was done already; it costs memory.
   */
  readonly keep?: number;
  /** The sender promises an order. */
  readonly order?: OrderOptions;
}

export interface SignatureOptions extends DeliveryOptions {
  /** The header with the signature: hexadecimal HMAC-SHA256, alone or after `sha256=`. */
  readonly header: string;
  /**
   * The header with the time in seconds; the signed string is then `time.body`. Absent: the body, and no replay
   * window.
   */
  readonly timestamp?: string;
  /**
   * What names a delivery: a header (a string), or `{ claim }` in the JSON body. Dedupe happens only where it is
   * declared; a header is not inside the signed bytes, so then their digest is what is remembered.
   */
  readonly id?: string | DeliveryField;
}

export interface SignatureScheme extends Scheme<"signature", undefined> {
  readonly format: CheckedFormat;
  /** Seconds; null where no time is signed. */
  readonly tolerance: number | null;
}

const DELIVERY_OPTIONS = ["secret", "tolerance", "keep", "order"];
const LONGEST_TOLERANCE = 86_400;
const LONGEST_KEEP = 90 * 86_400;
/** How long ids are remembered where nothing says how old a delivery is, seconds. */
export const DEFAULT_KEEP_SECONDS = 86_400;

/**
 * A sender who signs its deliveries in the plain form: hexadecimal HMAC-SHA256 over the exact bytes of the body, with
 * `timestamp` over `time.body`. Other forms are in {@link webhook}.
 *
 * @throws ConfigurationError `signature.option`, `signature.tolerance`, `signature.keep`, `signature.order`,
 *   `signature.field`, `webhook.format`, `secret.name`, `secret.none`; at start `secret.missing`, `secret.format`,
 *   `secret.key_document`, `secret.unavailable`
 */
export function signature(options: SignatureOptions): SignatureScheme {
  assertKnownOptions("signature", options, [...DELIVERY_OPTIONS, "header", "timestamp", "id"]);
  const { header, timestamp, id, ...rest } = options;
  const format = plainFormat({
    header,
    ...(timestamp === undefined ? {} : { timestamp }),
    ...(id === undefined ? {} : { id: readField(id) }),
  });
  return createSignatureScheme(format, rest);
}

/** A scheme from a description of a format; what `webhook.custom` and all senders are made with. */
export function createSignatureScheme(description: WebhookFormat, options: DeliveryOptions): SignatureScheme {
  assertKnownOptions("signature", options, DELIVERY_OPTIONS);
  const format = checkFormat(description);
  const secrets = planSecrets("signature", options.secret);
  const rule = readRule(format, options);
  return Object.freeze<SignatureScheme>({
    kind: "signature",
    carrier: "signature",
    needsBody: true,
    secretNames: secrets.names,
    format,
    tolerance: rule.tolerance === null ? null : rule.tolerance / 1000,
    isPresented: (presentation) => presentation.header(format.header) !== null,
    prepare: (party, environment) =>
      andThen(secrets.load(party, environment), (loaded) =>
        andThen(createDeliveryKeys(party, loaded, format.variants, environment), (keys): SchemeVerifier => {
          warnOfUnsignedOrder(party, rule, environment);
          return new SignatureVerifier(party, rule, keys, environment);
        }),
      ),
  });
}

function readRule(format: CheckedFormat, options: DeliveryOptions): DeliveryRule {
  if (options.tolerance !== undefined && format.time === undefined) {
    throw new ConfigurationError(
      "signature.tolerance",
      `Format ${format.name}: a tolerance needs a signed time. Declare timestamp, or leave tolerance out.`,
    );
  }
  const seconds = options.tolerance ?? format.tolerance ?? DEFAULT_TOLERANCE_SECONDS;
  const tolerance = readSeconds("signature", "tolerance", seconds, LONGEST_TOLERANCE) * 1000;
  const keep = options.keep === undefined ? null : readSeconds("signature", "keep", options.keep, LONGEST_KEEP) * 1000;
  const defaultKeep = format.time === undefined ? DEFAULT_KEEP_SECONDS * 1000 : 0;
  return {
    format,
    tolerance: format.time === undefined ? null : tolerance,
    keep: keep ?? defaultKeep,
    order: readOrder(options.order),
  };
}

/** A position in an unsigned header can be changed by whoever passes the delivery on. */
function warnOfUnsignedOrder(party: string, rule: DeliveryRule, environment: SchemeEnvironment): void {
  const { format, order } = rule;
  for (const source of [order?.position, order?.stream]) {
    if (source?.from !== "header" || format.template.headers.includes(source.header)) continue;
    environment.warn(
      `Party "${party}": the order header ${source.header} is not inside the signed bytes of this format.`,
    );
  }
}
