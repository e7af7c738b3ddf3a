import type { WebhookFormat } from "./format.ts";

/** Paddle Billing. Several `h1` while a secret is rotated. The window is 300 s: Paddle's own libraries take 5 s. */
export const PADDLE: WebhookFormat = {
  name: "paddle",
  header: "Paddle-Signature",
  grammar: { form: "pairs", separator: ";" },
  variants: [{ label: "h1", algorithm: "hmac-sha256", digest: "hex", key: { encoding: "utf8" } }],
  signed: "{timestamp}:{body}",
  time: { from: "signature", key: "ts" },
  tolerance: 300,
  id: { from: "body", path: ["event_id"] },
  docs: "https://developer.paddle.com/webhooks/signature-verification",
};
