/**
 * Owns stateless calls: one request, one reply.
 *
 * Invariants:
 * - What is not repeatable is sent at most once more, and only after `auth/unauthenticated`: the gate refused it, so
 *   nothing ran. `auth/expired` proves nothing of the kind, since a reply may expire after the handler ran.
 * - Credentials travel in `Authorization`; redirects are not followed, since they could carry it elsewhere.
 */
import type { Codec } from "../protocol/codec.ts";
import { decode, encode } from "../protocol/json.ts";
import type { ActorRoute } from "../protocol/paths.ts";
import { anySignal, sleep } from "./abort.ts";
import { backoff } from "./backoff.ts";
import type { ClientConfig } from "./config.ts";
import {
  type ActorError,
  clientError,
  encoding,
  errorOfReply,
  HttpRequestError,
  isCredentialRefusal,
  MalformedResponseMessage,
} from "./errors.ts";
import { askParams, askToken, type Target, urlOf } from "./target.ts";

export interface Exchange {
  readonly method: "GET" | "POST" | "PUT";
  readonly route: ActorRoute;
  readonly body?: unknown;
  /** What the body is called in errors. */
  readonly label?: string;
  readonly signal?: AbortSignal | undefined;
  /** The same request twice is as one. */
  readonly isRepeatable: boolean;
}

const MAX_ATTEMPTS = 5;
/** Characters; servers bound all headers together, and a proxy in between may bound them lower. */
const MAX_PARAMS_HEADER = 4096;
const MAX_INPUT_HEADER = 8192;

/** Sends a request and gives its decoded reply. @throws ActorError, or the signal's reason */
export const exchange = async (config: ClientConfig, target: Target, request: Exchange): Promise<unknown> => {
  const codec = await config.codec();
  const signal = anySignal(target.signal, request.signal);
  const body = request.body === undefined ? undefined : encoding(() => codec.encode(request.body, request.label));
  const url = urlOf(config, target, request.route);
  let token = await askToken(config, false);
  let isRefreshed = typeof config.token !== "function";
  for (let attempt = 1; ; attempt++) {
    const headers = await headersOf(config, target, token);
    headers.set("accept", codec.contentType);
    if (body !== undefined) headers.set("content-type", codec.contentType);
    const outcome = await attemptOnce(config, codec, url, { method: request.method, headers, body, signal });
    if (outcome.ok) return outcome.value;
    const { error } = outcome;
    if (!isRefreshed && isCredentialRefusal(error) && (request.isRepeatable || error.code === "unauthenticated")) {
      isRefreshed = true;
      const fresh = await askToken(config, true);
      if (fresh === token) throw error;
      token = fresh;
    } else if (request.isRepeatable && isPassing(error) && attempt < MAX_ATTEMPTS) {
      await sleep(config.runtime, backoff(config.runtime, attempt - 1, error.retryAfter), signal);
    } else throw error;
  }
};

/** The headers of every request to an actor. */
export const headersOf = async (
  config: ClientConfig,
  target: Target,
  token: string | undefined,
  headers = new Headers(),
): Promise<Headers> => {
  for (const [name, value] of Object.entries(config.headers)) if (!headers.has(name)) headers.set(name, value);
  const params = await askParams(config, target);
  if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  if (params !== undefined) headers.set("byward-params", headerValue(params, "params", MAX_PARAMS_HEADER));
  if (target.mode === "get") headers.set("byward-mode", "get");
  if (target.input !== undefined) headers.set("byward-input", headerValue(target.input, "input", MAX_INPUT_HEADER));
  return headers;
};

const headerValue = (value: unknown, label: string, limit: number): string => {
  const text = encoding(() => encodeURIComponent(encode(value, label)));
  if (text.length <= limit) return text;
  const advice = label === "input" ? "; create() and connect() take larger ones" : "";
  throw clientError("not_encodable", `${label} is ${text.length} characters as a header, more than ${limit}${advice}`);
};

type Outcome = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: ActorError };

interface Attempt {
  readonly method: string;
  readonly headers: Headers;
  readonly body: string | Uint8Array<ArrayBuffer> | undefined;
  readonly signal: AbortSignal | undefined;
}

const attemptOnce = async (config: ClientConfig, codec: Codec, url: string, attempt: Attempt): Promise<Outcome> => {
  const { method, headers, body, signal } = attempt;
  signal?.throwIfAborted();
  let response: Response;
  let data: string | ArrayBuffer;
  try {
    response = await config.runtime.fetch(url, {
      method,
      headers,
      credentials: "omit",
      redirect: "manual",
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
    data = isCbor(response) ? await response.arrayBuffer() : await response.text();
  } catch (error) {
    signal?.throwIfAborted();
    return {
      ok: false,
      error: new HttpRequestError("The server could not be reached, or its reply broke off.", error),
    };
  }
  return readReply(codec, response, data);
};

const readReply = (codec: Codec, response: Response, data: string | ArrayBuffer): Outcome => {
  if (!response.ok) return { ok: false, error: errorOfText(response, data) };
  try {
    return { ok: true, value: typeof data === "string" ? decode(data) : codec.decode(data) };
  } catch (error) {
    return { ok: false, error: new MalformedResponseMessage("The reply cannot be read.", error) };
  }
};

/** The error of a response that is none of success. */
export const errorOfResponse = async (response: Response): Promise<ActorError> =>
  errorOfText(response, await response.text());

const errorOfText = (response: Response, data: string | ArrayBuffer): ActorError => {
  // Seconds; the HTTP-date form is not used by our servers.
  const retryAfter = Number.parseInt(response.headers.get("retry-after") ?? "", 10);
  let body: unknown;
  try {
    body = decode(String(data));
  } catch {
    // Something on the way answered instead of the server; its status is all there is to tell.
  }
  return errorOfReply(`The server answered ${response.status}`, body, retryAfter >= 0 ? retryAfter : undefined);
};

const isCbor = (response: Response): boolean =>
  response.headers.get("content-type")?.startsWith("application/cbor") === true;

/** Errors that pass by themselves. A full queue is not among them: its sender should know. */
const isPassing = (error: ActorError): boolean =>
  error.group !== "user" && ["network_failed", "overloaded", "unavailable", "in_progress"].includes(error.code);
