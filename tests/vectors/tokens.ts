/** Builds tokens byte by byte, so that tests can make bad ones. */
import { createHmac } from "node:crypto";

export const SECRET = "0123456789abcdef0123456789abcdef";
export const OTHER_SECRET = "fedcba9876543210fedcba9876543210";
/** The instant tests call now: epoch ms and epoch seconds. */
export const NOW = 1_800_000_000_000;
export const NOW_SECONDS = 1_800_000_000;

export const b64 = (text: string | Uint8Array): string => Buffer.from(text).toString("base64url");

export interface TokenParts {
  /** JSON value, or the exact text. */
  readonly header?: unknown;
  readonly payload?: unknown;
  readonly secret?: string;
}

export const goodClaims = (claims: Record<string, unknown> = {}): Record<string, unknown> => ({
  sub: "alice",
  iat: NOW_SECONDS - 10,
  exp: NOW_SECONDS + 600,
  ...claims,
});

/** An HS256 token over whatever header and payload, with a right signature. */
export function token({ header = { alg: "HS256" }, payload = goodClaims(), secret = SECRET }: TokenParts = {}): string {
  const text = (part: unknown): string => (typeof part === "string" ? part : JSON.stringify(part));
  const signed = `${b64(text(header))}.${b64(text(payload))}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}
