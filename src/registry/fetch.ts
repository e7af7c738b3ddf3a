/** Owns the bridge between web `Request`/`Response` and the transport-neutral forms below; for every host without sockets. */
import { Refusal } from "../boundary/errors.ts";
import type { InboundRequest, OutboundResponse } from "../hosts/port.ts";

export function inboundOf(
  request: Request,
  options: { readonly publicUrl: string | null },
  remoteAddress = "",
): InboundRequest {
  const url = new URL(request.url);
  // `URL` has already resolved dot segments; the raw path is what the request line said.
  const path = rawPathOf(request.url);
  let bytes: Promise<Uint8Array> | null = null;
  return {
    method: request.method,
    path,
    query: url.search.slice(1),
    origin: options.publicUrl ?? url.origin,
    remoteAddress,
    header: (name) => request.headers.get(name),
    headers: () => request.headers.entries(),
    bytes: async (limit) => {
      bytes ??= readBytes(request.body, limit);
      return within(await bytes, limit);
    },
    stream: () => (bytes === null ? (request.body as ReadableStream<Uint8Array> | null) : streamOf(bytes)),
    signal: request.signal,
  };
}

function rawPathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  if (start === -1) return "/";
  const end = url.slice(start).search(/[?#]/);
  return end === -1 ? url.slice(start) : url.slice(start, start + end);
}

/** Bytes that were read under a larger limit are held to the smaller one too. */
export function within(bytes: Uint8Array, limit: number): Uint8Array {
  if (bytes.length > limit) throw bodyTooLong(limit);
  return bytes;
}

function bodyTooLong(limit: number): Refusal {
  return new Refusal("too_large", { reason: "body.too_long", message: `The body has more than ${limit} bytes` });
}

function streamOf(bytes: Promise<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async start(controller) {
      controller.enqueue(await bytes);
      controller.close();
    },
  });
}

/** Reads a body, counting the bytes that really come. */
export async function readBytes(body: ReadableStream<Uint8Array> | null, limit: number): Promise<Uint8Array> {
  if (body === null) return new Uint8Array(0);
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    if (size > limit) {
      await reader.cancel();
      throw bodyTooLong(limit);
    }
    chunks.push(value);
  }
  if (chunks.length === 1) return chunks[0]!;
  const all = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.byteLength;
  }
  return all;
}

export function toResponse(answer: OutboundResponse): Response {
  const headers = new Headers();
  for (const [name, value] of answer.headers) headers.append(name, value);
  const empty = answer.status === 204 || answer.status === 304;
  return new Response(empty ? null : (answer.body as BodyInit | null), { status: answer.status, headers });
}
