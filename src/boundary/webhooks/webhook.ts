/** Owns the senders a party can be declared for by name. Each is data; nothing here verifies. */
import { createSignatureScheme, type DeliveryOptions, type SignatureScheme } from "../schemes/signature.ts";
import { DISCORD } from "./discord.ts";
import type { WebhookFormat } from "./format.ts";
import { GITHUB } from "./github.ts";
import { LINEAR } from "./linear.ts";
import { PADDLE } from "./paddle.ts";
import { plainFormat } from "./plain.ts";
import { SHOPIFY } from "./shopify.ts";
import { SLACK } from "./slack.ts";
import { STANDARD, SVIX } from "./standard.ts";
import { STRIPE } from "./stripe.ts";
import { TWILIO } from "./twilio.ts";

/** The formats known by name. `plain` is here with its usual headers, for signing and documents. */
export const WEBHOOK_FORMATS = Object.freeze({
  plain: plainFormat({ header: "X-Signature", timestamp: "X-Timestamp" }),
  github: GITHUB,
  stripe: STRIPE,
  slack: SLACK,
  shopify: SHOPIFY,
  standard: STANDARD,
  svix: SVIX,
  twilio: TWILIO,
  paddle: PADDLE,
  linear: LINEAR,
  discord: DISCORD,
}) satisfies Readonly<Record<string, WebhookFormat>>;

export type WebhookName = keyof typeof WEBHOOK_FORMATS;

/** Makes the scheme of one sender. @throws as {@link createSignatureScheme} */
export type WebhookScheme = (options: DeliveryOptions) => SignatureScheme;

function sender(name: WebhookName): WebhookScheme {
  return (options) => createSignatureScheme(WEBHOOK_FORMATS[name], options);
}

/**
 * Schemes for known senders, and for any other by description.
 *
 * @example
 * const Payments = party("Payments", { auth: webhook.stripe({ secret: "STRIPE_WEBHOOK_SECRET" }) });
 */
export const webhook: Readonly<Record<WebhookName, WebhookScheme>> & {
  /** A sender described by a {@link WebhookFormat}. */
  readonly custom: (format: WebhookFormat, options: DeliveryOptions) => SignatureScheme;
} = Object.freeze({
  plain: sender("plain"),
  github: sender("github"),
  stripe: sender("stripe"),
  slack: sender("slack"),
  shopify: sender("shopify"),
  standard: sender("standard"),
  svix: sender("svix"),
  twilio: sender("twilio"),
  paddle: sender("paddle"),
  linear: sender("linear"),
  discord: sender("discord"),
  custom: createSignatureScheme,
});
