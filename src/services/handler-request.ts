/**
 * Owns the web `Request` a route's handler sees: credentials removed (ruling 14), the body bounded as it comes and, where the
 * gate verified over it, the very bytes that were verified (G4).
 */
import { bodyTooLarge, HIDDEN_HEADER, urlOf } from "../actors/inbound.ts";
import type { InboundRequest } from "../hosts/port.ts";

export interface HandlerRequestOptions {
  /** Bytes. */
  readonly maxBody: number;
  /** Leaves `Authorization` in. */
  readonly exposeCredentials: boolean;
}

export function handlerRequest(inbound: InboundRequest, options: HandlerRequestOptions): Request {
  const headers = new Headers();
  for (const [name, value] of inbound.headers()) {
    const lower = name.toLowerCase();
    if (!HIDDEN_HEADER.test(lower) || (options.exposeCredentials && lower === "authorization")) {
      headers.append(name, value);
    }
  }
  const hasBody = inbound.method !== "GET" && inbound.method !== "HEAD";
  const stream = hasBody ? inbound.stream() : null;
  return new Request(urlOf(inbound), {
    method: inbound.method,
    headers,
    signal: inbound.signal,
    ...(stream === null ? {} : { body: bounded(stream, options.maxBody), duplex: "half" }),
  } as RequestInit);
}

/** Passes a body on and breaks off past `limit`, whatever `Content-Length` said. */
export function bounded(body: ReadableStream<Uint8Array>, limit: number): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let size = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) {
        controller.close();
        return;
      }
      size += value.byteLength;
      if (size <= limit) {
        controller.enqueue(value);
        return;
      }
      const refusal = bodyTooLarge(limit);
      controller.error(refusal);
      await reader.cancel(refusal);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
