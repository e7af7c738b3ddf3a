import type { WebhookFormat } from "./format.ts";

/**
 * Twilio. What is signed is the public URL (set `publicUrl` behind a proxy) and the form parameters; for other bodies
 * the URL carries their SHA-256. No time is signed. Twilio joins names and values without delimiters, so its
 * signature does not tell `a=bc` from `ab=c`: do not give meaning to parameter names you do not know.
 */
export const TWILIO: WebhookFormat = {
  name: "twilio",
  header: "X-Twilio-Signature",
  grammar: { form: "single" },
  variants: [{ label: "", algorithm: "hmac-sha1", digest: "base64", key: { encoding: "utf8" } }],
  signed: "{url}{form}",
  bodyDigest: { query: "bodySHA256" },
  id: { from: "header", header: "I-Twilio-Idempotency-Token" },
  docs: "https://www.twilio.com/docs/usage/webhooks/webhooks-security",
};
