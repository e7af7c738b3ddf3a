/**
 * Owns fetching documents from an OpenID provider: https only, one host, no redirect, capped in size and time. A
 * party that could be led to fetch elsewhere would be a way into the network it stands in.
 */
import { ConfigurationError } from "../errors.ts";
import type { SchemeEnvironment } from "../scheme.ts";

/** Largest document that is read. */
export const MAX_DOCUMENT_BYTES = 128 * 1024;

export interface UrlRule {
  /** Accept `http` on 127.0.0.1, [::1] and localhost; for tests and local providers. */
  readonly allowLoopback: boolean;
}

const LOOPBACK = ["127.0.0.1", "[::1]", "localhost"];

/** The parsed URL; null where it is not one that may be fetched. */
export function readProviderUrl(text: unknown, rule: UrlRule): URL | null {
  if (typeof text !== "string" || !URL.canParse(text)) return null;
  const url = new URL(text);
  if (url.username !== "" || url.password !== "" || url.hash !== "") return null;
  const secure = url.protocol === "https:";
  const loopback = url.protocol === "http:" && rule.allowLoopback && LOOPBACK.includes(url.hostname);
  return secure || loopback ? url : null;
}

/** @throws ConfigurationError `<scheme>.<option>` */
export function assertProviderUrl(scheme: string, option: string, text: unknown, rule: UrlRule): URL {
  const url = readProviderUrl(text, rule);
  if (url !== null) return url;
  throw new ConfigurationError(
    `${scheme}.${option}`,
    `${scheme}(): ${option} is an https URL without user, password or fragment. For a provider on this machine in tests, ` +
      "http://127.0.0.1 is accepted with allowLoopback: true.",
  );
}

/**
 * The bytes of a document, or null where it did not come as it must. Never rejects.
 * @param timeout ms for headers and body together
 */
export async function fetchDocument(
  url: URL,
  environment: Pick<SchemeEnvironment, "fetch">,
  timeout: number,
): Promise<Uint8Array | null> {
  // The one timer that is not the host's: it decides nothing, it only gives up on a peer.
  const signal = AbortSignal.timeout(timeout);
  const aborted = new Promise<null>((resolve) => {
    signal.addEventListener("abort", () => resolve(null), { once: true });
  });
  return Promise.race([readDocument(url, environment, signal), aborted]).catch(() => null);
}

async function readDocument(
  url: URL,
  environment: Pick<SchemeEnvironment, "fetch">,
  signal: AbortSignal,
): Promise<Uint8Array | null> {
  // `manual`, not `error`: Workers know no other way to refuse a redirect. Any status but 200 is refused below.
  const init = { method: "GET", headers: { accept: "application/json" }, redirect: "manual", signal } as const;
  const response = await environment.fetch(url.href, init);
  if (response.status !== 200 || response.redirected || response.body === null) {
    await response.body?.cancel();
    return null;
  }
  return readCapped(response.body, signal);
}

async function readCapped(body: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<Uint8Array | null> {
  const reader = body.getReader();
  signal.addEventListener("abort", () => void reader.cancel().catch(() => {}), { once: true });
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > MAX_DOCUMENT_BYTES) {
      await reader.cancel();
      return null;
    }
    chunks.push(value);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return signal.aborted ? null : bytes;
}
