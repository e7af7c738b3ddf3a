/**
 * Owns raw requests to an actor's `onRequest`. Bodies stream both ways.
 *
 * Invariants:
 * - The path cannot leave `/request`: it is resolved against a root of its own before it is appended.
 * - Credentials of the given request stay here: an actor that passes on what it was sent must not pass on who sent it.
 */
import { anySignal } from "./abort.ts";
import type { ClientConfig } from "./config.ts";
import { HttpRequestError } from "./errors.ts";
import { headersOf } from "./http.ts";
import { askToken, type Target, urlOf } from "./target.ts";

/** `duplex` is what a streamed body needs; the DOM's types do not have it yet. */
type StreamingInit = RequestInit & { readonly duplex?: "half" };

export const rawFetch = async (
  config: ClientConfig,
  target: Target,
  input: string | URL | Request,
  init: RequestInit = {},
): Promise<Response> => {
  const given = input instanceof Request ? input : undefined;
  const path = pathOf(given?.url ?? (input as string | URL));
  const headers = withoutCredentials(new Headers(init.headers ?? given?.headers));
  const signal = anySignal(target.signal, init.signal ?? undefined, given?.signal);
  const body = init.body ?? given?.body;
  const url = urlOf(config, target, { kind: "request", path });
  const request: StreamingInit = {
    ...init,
    method: init.method ?? given?.method ?? "GET",
    headers: await headersOf(config, target, await askToken(config, false), headers),
    credentials: init.credentials ?? "omit",
    // Following by itself would carry `Byward-Params` to wherever the handler points.
    redirect: init.redirect ?? "manual",
    ...(body === null || body === undefined ? {} : { body, duplex: "half" }),
    ...(signal === undefined ? {} : { signal }),
  };
  try {
    return await config.runtime.fetch(url, request);
  } catch (error) {
    signal?.throwIfAborted();
    throw new HttpRequestError("The server could not be reached.", error);
  }
};

/** Path and query, normalised below their own root. A leading slash is optional. */
export const pathOf = (input: string | URL): string => {
  const isUrl = typeof input !== "string" || /^https?:\/\//i.test(input);
  const url = new URL(isUrl ? input : `http://actor/${input.replace(/^\//, "")}`);
  return url.pathname + url.search;
};

const withoutCredentials = (headers: Headers): Headers => {
  for (const name of [...headers.keys()]) {
    if (/^(?:authorization|proxy-authorization|cookie|(?:x-)?byward-.*)$/.test(name)) headers.delete(name);
  }
  return headers;
};
