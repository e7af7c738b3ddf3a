/** Owns Standard Webhooks 1.0.0 and Svix, which is the same under older header names. */
import type { WebhookFormat } from "./format.ts";

/**
 * Standard Webhooks: `v1` is HMAC-SHA256 under a `whsec_` secret, `v1a` is Ed25519 under a `whpk_` public key. A
 * party accepts what its secrets are for; several entries in the header are a rotation.
 */
export const STANDARD: WebhookFormat = standardFormat("standard", "webhook");

/** Svix: `svix-id`, `svix-timestamp`, `svix-signature`. */
export const SVIX: WebhookFormat = standardFormat("svix", "svix");

function standardFormat(name: string, prefix: string): WebhookFormat {
  return {
    name,
    header: `${prefix}-signature`,
    grammar: { form: "list" },
    variants: [
      {
        label: "v1",
        algorithm: "hmac-sha256",
        digest: "base64",
        key: { encoding: "base64", prefix: "whsec_", bare: true },
      },
      { label: "v1a", algorithm: "ed25519", digest: "base64", key: { encoding: "base64", prefix: "whpk_" } },
    ],
    signed: "{id}.{timestamp}.{body}",
    time: { from: "header", header: `${prefix}-timestamp` },
    tolerance: 300,
    id: { from: "header", header: `${prefix}-id` },
    docs: "https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md",
  };
}
