import type { WebhookFormat } from "./format.ts";

/**
 * GitHub. No time is signed and `X-GitHub-Delivery` is not inside the signed bytes, so a delivery is remembered by the
 * digest of its body. The legacy SHA-1 header is never read.
 */
export const GITHUB: WebhookFormat = {
  name: "github",
  header: "X-Hub-Signature-256",
  grammar: { form: "single" },
  variants: [{ label: "sha256", algorithm: "hmac-sha256", digest: "hex", key: { encoding: "utf8" } }],
  signed: "{body}",
  id: { from: "header", header: "X-GitHub-Delivery" },
  docs: "https://docs.github.com/webhooks/securing",
};
