/** Owns the plain form: a hexadecimal HMAC-SHA256 of the body, or of `time.body`, alone or after `sha256=`. */
import type { FieldSource, WebhookFormat } from "./format.ts";

export interface PlainOptions {
  /** The header with the signature. */
  readonly header: string;
  /** The header with the time in seconds; it becomes part of the signed string. */
  readonly timestamp?: string;
  readonly id?: FieldSource;
}

export function plainFormat(options: PlainOptions): WebhookFormat {
  const { header, timestamp, id } = options;
  const variant = { algorithm: "hmac-sha256", digest: "hex", key: { encoding: "utf8" } } as const;
  return {
    name: "plain",
    header,
    grammar: { form: "single" },
    variants: [
      { label: "sha256", ...variant },
      { label: "", ...variant },
    ],
    signed: timestamp === undefined ? "{body}" : "{timestamp}.{body}",
    ...(timestamp === undefined ? {} : { time: { from: "header", header: timestamp } }),
    ...(id === undefined ? {} : { id }),
  };
}
