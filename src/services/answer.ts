/**
 * Owns turning what a handler returned into an answer: JSON or a `Response`, validators, caching, `HEAD`. What a handler's
 * `Response` says itself is never overruled.
 */
import { Refusal } from "../boundary/errors.ts";
import { encodeHex } from "../boundary/hex.ts";
import { andThen, type MaybePromise } from "../boundary/maybe-promise.ts";
import type { Host, InboundRequest, OutboundResponse } from "../hosts/port.ts";
import type { RouteEntry } from "./entrypoints.ts";
import { hasHeader } from "./policy.ts";

/** An answer that may still gain headers. */
export interface Answer {
  status: number;
  readonly headers: [string, string][];
  body: OutboundResponse["body"];
}

/** Headers that are the transport's matter (RFC 9110 §7.6.1). */
const HOP_BY_HOP = new Set(["connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"]);
/** Bytes of the digest in an ETag. */
const ETAG_BYTES = 16;

/**
 * The answer a handler's result stands for: undefined is 204, a `Response` itself, anything else JSON with 200.
 * @throws Refusal `fault` for what is neither
 */
export function answerOf(result: unknown): Answer {
  if (result instanceof Response) return ofResponse(result);
  if (result === undefined) return { status: 204, headers: [], body: null };
  return { status: 200, headers: [["content-type", "application/json"]], body: jsonText(result) };
}

function ofResponse(response: Response): Answer {
  if (response.status === 0 || response.bodyUsed || response.body?.locked) {
    throw badResult("a Response that is an error, or whose body was read");
  }
  const headers: [string, string][] = [];
  for (const [name, value] of response.headers) if (!HOP_BY_HOP.has(name)) headers.push([name, value]);
  return { status: response.status, headers, body: response.body as ReadableStream<Uint8Array> | null };
}

function jsonText(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw badResult("a value JSON cannot say", error);
  }
  if (text === undefined) throw badResult(`a ${typeof value}`);
  return text;
}

function badResult(what: string, cause?: unknown): Refusal {
  return new Refusal("fault", {
    reason: "result.not_json",
    cause: new TypeError(`A handler returned ${what}; it returns a Response, a JSON value, or nothing.`, { cause }),
  });
}

/** Ends a stream that nobody will read. What the handler's own `cancel` throws then is nobody's: it must not end the process. */
export function dropBody(body: Answer["body"]): void {
  if (body instanceof ReadableStream) body.cancel().catch(() => {});
}

/** Adds what HTTP wants of a good answer to GET: a validator, how long it may be kept; 304 where the peer has it already. */
export function withCaching(
  answer: Answer,
  entry: RouteEntry,
  inbound: InboundRequest,
  host: Host,
): MaybePromise<Answer> {
  if (entry.method !== "GET" || answer.status !== 200) return answer;
  addCacheControl(answer, entry);
  if (hasHeader(answer.headers, "etag")) return notModified(answer, inbound);
  if (typeof answer.body !== "string") return answer;
  return andThen(etagOf(answer.body, host), (etag) => {
    answer.headers.push(["etag", etag]);
    return notModified(answer, inbound);
  });
}

function addCacheControl(answer: Answer, entry: RouteEntry): void {
  if (hasHeader(answer.headers, "cache-control")) return;
  const isJson = typeof answer.body === "string";
  if (entry.cacheControl === null && !isJson) return;
  // Without a rule an answer may be kept by its reader alone, and is asked for again each time.
  answer.headers.push(["cache-control", entry.cacheControl ?? "private, no-cache"]);
  const readsToken = entry.bases.some(({ scheme }) => scheme.carrier === "authorization");
  if (readsToken) answer.headers.push(["vary", "Authorization"]);
}

/** Weak: it names the value, not the bytes a transport may compress (RFC 9110 §8.8.1). */
function etagOf(body: string, host: Host): MaybePromise<string> {
  if (host.sha256 !== undefined) return weak(host.sha256(body));
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(body)).then((digest) => weak(new Uint8Array(digest)));
}

function weak(digest: Uint8Array): string {
  return `W/"${encodeHex(digest.subarray(0, ETAG_BYTES))}"`;
}

/** RFC 9110 §13.1.2: `*` or any listed tag, compared weakly. */
function notModified(answer: Answer, inbound: InboundRequest): Answer {
  const wanted = inbound.header("if-none-match");
  if (wanted === null) return answer;
  const etag = answer.headers.find(([name]) => name === "etag")![1].replace(/^W\//, "");
  const listed = wanted.trim() === "*" || wanted.match(/"[^"]*"/g)?.includes(etag) === true;
  if (!listed) return answer;
  dropBody(answer.body);
  const kept = answer.headers.filter(([name]) => !name.startsWith("content-") || name === "content-location");
  return { status: 304, headers: kept, body: null };
}

const UTF8 = new TextEncoder();

/** The answer to `HEAD`: what `GET` would say, without its body. */
export function withoutBody(answer: Answer): Answer {
  const { body } = answer;
  if (body === null) return answer;
  if (body instanceof ReadableStream) dropBody(body);
  else if (!hasHeader(answer.headers, "content-length")) {
    const size = typeof body === "string" ? UTF8.encode(body).byteLength : body.byteLength;
    answer.headers.push(["content-length", String(size)]);
  }
  return { status: answer.status, headers: answer.headers, body: null };
}
