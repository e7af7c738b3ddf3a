import type { WebhookFormat } from "./format.ts";

/** Slack. Events carry `event_id` in the body; slash commands and interactions do not and are remembered by digest. */
export const SLACK: WebhookFormat = {
  name: "slack",
  header: "X-Slack-Signature",
  grammar: { form: "single" },
  variants: [{ label: "v0", algorithm: "hmac-sha256", digest: "hex", key: { encoding: "utf8" } }],
  signed: "v0:{timestamp}:{body}",
  time: { from: "header", header: "X-Slack-Request-Timestamp" },
  tolerance: 300,
  id: { from: "body", path: ["event_id"] },
  docs: "https://docs.slack.dev/authentication/verifying-requests-from-slack",
};
