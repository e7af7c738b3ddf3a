import type { WebhookFormat } from "./format.ts";

/**
 * Shopify. No time is signed and `X-Shopify-Event-Id` is not inside the signed bytes, so a delivery is remembered by
 * the digest of its body. After a rotation the old secret may sign for another hour: name both.
 */
export const SHOPIFY: WebhookFormat = {
  name: "shopify",
  header: "X-Shopify-Hmac-SHA256",
  grammar: { form: "single" },
  variants: [{ label: "", algorithm: "hmac-sha256", digest: "base64", key: { encoding: "utf8" } }],
  signed: "{body}",
  id: { from: "header", header: "X-Shopify-Event-Id" },
  docs: "https://shopify.dev/docs/apps/build/webhooks/verify-deliveries",
};
