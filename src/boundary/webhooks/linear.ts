import type { WebhookFormat } from "./format.ts";

/**
 * Linear. The time is `webhookTimestamp` in the body, in ms; `Linear-Delivery` is not signed, so the digest is
 * remembered.
 */
export const LINEAR: WebhookFormat = {
  name: "linear",
  header: "Linear-Signature",
  grammar: { form: "single" },
  variants: [{ label: "", algorithm: "hmac-sha256", digest: "hex", key: { encoding: "utf8" } }],
  signed: "{body}",
  time: { from: "body", path: ["webhookTimestamp"], unit: "ms" },
  tolerance: 60,
  id: { from: "header", header: "Linear-Delivery" },
  docs: "https://linear.app/developers/webhooks",
};
