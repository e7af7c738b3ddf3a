/**
 * Scheme environments for tests: time and network by hand, cryptography as Node lends it (`node`) or not at all
 * (`web`).
 */
import { createHmac, createSecretKey, hash } from "node:crypto";
import type { Presentation, SchemeEnvironment } from "../../src/boundary/scheme.ts";
import type { BoundaryEnvironment } from "../../src/boundary/verify.ts";

export interface EnvironmentOptions {
  readonly secrets?: Readonly<Record<string, string>>;
  readonly now?: () => number;
  readonly after?: BoundaryEnvironment["after"];
  readonly fetch?: SchemeEnvironment["fetch"];
  readonly warnings?: string[];
  /** ms; default 0, so that boundaries are exact. */
  readonly skew?: number;
}

/** A clock on which no time passes. */
const unhurried: BoundaryEnvironment["after"] = () => ({ cancel: () => {} });

/** Lends no cryptography: schemes use WebCrypto. */
export function webEnvironment(options: EnvironmentOptions = {}): BoundaryEnvironment {
  return {
    secret: (name) => options.secrets?.[name],
    now: options.now ?? (() => 0),
    after: options.after ?? unhurried,
    fetch: options.fetch ?? (() => Promise.reject(new Error("no network in this test"))),
    warn: (message) => void options.warnings?.push(message),
    skew: options.skew ?? 0,
  };
}

/** Lends the synchronous HMAC and SHA-256 of node:crypto, as the Node host does. */
export function nodeEnvironment(options: EnvironmentOptions = {}): BoundaryEnvironment {
  return {
    ...webEnvironment(options),
    hmac: (name, key) => {
      const secret = createSecretKey(key);
      return (data) => createHmac(name, secret).update(data).digest();
    },
    sha256: (data) => hash("sha256", data, "buffer"),
  };
}

export interface PresentationParts {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string | null;
  readonly frameToken?: string | null;
  readonly url?: string;
  readonly method?: string;
}

/** What a transport would hand over; header names in any case. */
export function presentation(parts: PresentationParts = {}): Presentation {
  const headers = new Map(Object.entries(parts.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    channel: { kind: "external" },
    method: parts.method ?? "POST",
    url: parts.url ?? "https://app.example/hook",
    header: (name) => headers.get(name) ?? null,
    body: typeof parts.body === "string" ? new TextEncoder().encode(parts.body) : (parts.body ?? null),
    frameToken: parts.frameToken ?? null,
  };
}
