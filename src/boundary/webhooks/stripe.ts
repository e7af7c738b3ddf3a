import type { WebhookFormat } from "./format.ts";

/** Stripe. Several `v1` while a secret is rolled; `v0` and any other scheme is ignored. The event id is in the body. */
export const STRIPE: WebhookFormat = {
  name: "stripe",
  header: "Stripe-Signature",
  grammar: { form: "pairs", separator: "," },
  variants: [{ label: "v1", algorithm: "hmac-sha256", digest: "hex", key: { encoding: "utf8" } }],
  signed: "{timestamp}.{body}",
  time: { from: "signature", key: "t" },
  tolerance: 300,
  id: { from: "body", path: ["id"] },
  docs: "https://docs.stripe.com/webhooks/signature",
};
