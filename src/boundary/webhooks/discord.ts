import type { WebhookFormat } from "./format.ts";

/**
 * Discord interactions. The secret is the application's public key; Discord probes with bad signatures and expects
 * 401.
 */
export const DISCORD: WebhookFormat = {
  name: "discord",
  header: "X-Signature-Ed25519",
  grammar: { form: "single" },
  variants: [{ label: "", algorithm: "ed25519", digest: "hex", key: { encoding: "hex" } }],
  signed: "{timestamp}{body}",
  time: { from: "header", header: "X-Signature-Timestamp" },
  tolerance: 300,
  id: { from: "body", path: ["id"] },
  docs: "https://discord.com/developers/docs/interactions/overview",
};
