/**
 * Owns what actors and services share of HTTP: what a request presents, the request as handlers see it, and how a failure is
 * written. Nothing here decides.
 */
import { Refusal } from "../boundary/errors.ts";
import type { MaybePromise } from "../boundary/maybe-promise.ts";
import { EXTERNAL, type Presentation } from "../boundary/scheme.ts";
import type { Host, InboundRequest, OutboundResponse } from "../hosts/port.ts";
import { decode, encode } from "../protocol/json.ts";
import { toWireFailure, type WireFailure } from "./failure.ts";

/** What an HTTP request presents; the body only where a party verifies over it. */
export function presentationOf(
  context: {
    readonly runtime: { readonly limits: { readonly maxBodySize: number } };
    readonly inbound: InboundRequest;
  },
  withBody: boolean,
): MaybePromise<Presentation> {
  const { inbound, runtime } = context;
  if (!withBody) return presented(inbound, null);
  return inbound.bytes(runtime.limits.maxBodySize).then((body) => presented(inbound, body));
}

/** The same with the body at hand. */
export function presented(inbound: InboundRequest, body: Uint8Array | null): Presentation {
  return {
    channel: EXTERNAL,
    method: inbound.method,
    url: urlOf(inbound),
    header: (name) => inbound.header(name),
    body,
    frameToken: null,
    address: inbound.remoteAddress,
  };
}

/** The public URL of a request. */
export function urlOf(inbound: InboundRequest): string {
  return `${inbound.origin}${inbound.path}${inbound.query === "" ? "" : `?${inbound.query}`}`;
}

/** Bytes of the header `Byward-Input`; larger input goes into a body. */
const MAX_INPUT_HEADER = 8192;

/**
 * What `Byward-Params` or `Byward-Input` carries, over HTTP and on upgrades alike; undefined where it is absent.
 * @throws Refusal `params/invalid_params`, `params/too_long`, `request/invalid_request`, `message/incoming_too_long`
 */
export function valueOfHeader(
  inbound: InboundRequest,
  name: "byward-params" | "byward-input",
  limits: { readonly maxParamsSize: number },
): unknown {
  const text = inbound.header(name);
  if (text === null) return undefined;
  const isParams = name === "byward-params";
  const reason = `header.${name}`;
  if (text.length > (isParams ? limits.maxParamsSize : MAX_INPUT_HEADER)) {
    const message = `${name} is too long`;
    throw isParams
      ? new Refusal("too_large", { reason, group: "params", code: "too_long", message })
      : new Refusal("too_large", { reason, message });
  }
  try {
    return decode(decodeURIComponent(text));
  } catch (cause) {
    const message = `${name} cannot be read`;
    throw isParams
      ? new Refusal("malformed", { reason, group: "params", code: "invalid_params", message, cause })
      : new Refusal("malformed", { reason, message, cause });
  }
}

/** A failure as every HTTP answer of the gate has it (ruling 27). */
export function failureResponse(runtime: { readonly host: Host }, error: unknown, target: string): OutboundResponse {
  return writeFailure(toWireFailure(runtime.host, error, { target }));
}

/** Writes a failure; `fields` stand in the body in place of group, code, message and metadata. */
export function writeFailure(
  failure: WireFailure,
  fields: Readonly<Record<string, unknown>> | null = null,
): OutboundResponse {
  const { group, code, message, metadata, correlationId } = failure;
  const headers: [string, string][] = [
    ["content-type", "application/json"],
    ["cache-control", "no-store"],
    ["x-content-type-options", "nosniff"],
    ["byward-correlation-id", correlationId],
  ];
  for (const [name, value] of Object.entries(failure.headers ?? {})) headers.push([name, value]);
  if (failure.retryAfter !== undefined) headers.push(["retry-after", String(Math.ceil(failure.retryAfter))]);
  // A duplicate is a success to its sender: no body, so that no sender takes it for an error (design §3).
  if (failure.outcome === "duplicate") return { status: failure.status, headers: headers.slice(1), body: null };
  const told = fields ?? { group, code, message, ...(metadata === undefined ? {} : { metadata }) };
  return { status: failure.status, headers, body: encode({ ...told, correlationId }) };
}

export function bodyTooLarge(limit: number): Refusal {
  return new Refusal("too_large", { reason: "body.too_long", message: `The body has more than ${limit} bytes` });
}

/** Credentials and our own headers (ruling 14). */
export const HIDDEN_HEADER = /^(authorization|byward-.*|x-byward-.*)$/;

/** The request as handlers see it: credentials and our own headers removed (ruling 14), path below the entrypoint. */
export function cleanRequest(inbound: InboundRequest, path?: string): Request {
  const headers = new Headers();
  for (const [name, value] of inbound.headers()) {
    if (!HIDDEN_HEADER.test(name.toLowerCase())) headers.append(name, value);
  }
  const query = inbound.query === "" ? "" : `?${inbound.query}`;
  const url = `${inbound.origin}${path ?? inbound.path}${query}`;
  const hasBody = inbound.method !== "GET" && inbound.method !== "HEAD" && path !== undefined;
  const body = hasBody ? inbound.stream() : null;
  return new Request(url, {
    method: inbound.method,
    headers,
    signal: inbound.signal,
    ...(body === null ? {} : { body, duplex: "half" }),
  } as RequestInit);
}
