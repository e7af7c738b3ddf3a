/**
 * Owns the unit `bynk`, which every program may consume: clock, randomness, log, network and secrets, on whatever host runs
 * it. The providers read the host of the invocation, so that tests with a virtual host see virtual time.
 */
import type { Codec } from "../codec.ts";
import { codec } from "../codec.ts";
import { Fault } from "../fault.ts";
import type { Invocation } from "../invocation.ts";
import { int } from "../numbers.ts";
import { None, type Option, Some } from "../option.ts";
import { type Branded, refined, where } from "../refined.ts";
import { Err, Ok, type Result } from "../result.ts";

const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

export type Uuid = Branded<string, "bynk.Uuid">;
export const Uuid = refined.string<Uuid>("Uuid", where.matches(UUID));
export const UuidCodec: Codec<Uuid> = codec.refined(codec.string, Uuid);

export type Method = { readonly tag: "Get" | "Post" | "Put" | "Delete" };
export const Method = {
  Get: { tag: "Get" } as Method,
  Post: { tag: "Post" } as Method,
  Put: { tag: "Put" } as Method,
  Delete: { tag: "Delete" } as Method,
};
export const MethodCodec: Codec<Method> = codec.sum<Method>(() => ({ Get: {}, Post: {}, Put: {}, Delete: {} }));

export type FetchError = { readonly tag: "Network" | "Timeout" };
export const FetchError = {
  Network: { tag: "Network" } as FetchError,
  Timeout: { tag: "Timeout" } as FetchError,
};
export const FetchErrorCodec: Codec<FetchError> = codec.sum<FetchError>(() => ({ Network: {}, Timeout: {} }));

export interface Request {
  readonly method: Method;
  readonly url: string;
  readonly contentType: Option<string>;
  readonly authorization: Option<string>;
  readonly body: Option<string>;
}
export const RequestCodec: Codec<Request> = codec.record(() => ({
  method: MethodCodec,
  url: codec.string,
  contentType: codec.option(codec.string),
  authorization: codec.option(codec.string),
  body: codec.option(codec.string),
}));

export interface Response {
  readonly status: number;
  readonly body: string;
}
export const ResponseCodec: Codec<Response> = codec.record(() => ({ status: codec.int, body: codec.string }));

export interface Clock {
  now(): Promise<number>;
}
export interface Random {
  uuid(): Promise<Uuid>;
  int(lo: number, hi: number): Promise<number>;
}
export interface Logger {
  info(msg: string): Promise<void>;
  error(msg: string): Promise<void>;
}
export interface Fetch {
  send(req: Request): Promise<Result<Response, FetchError>>;
}
export interface Secrets {
  get(name: string): Promise<Option<string>>;
}

export function provideClock({ host }: Invocation): Clock {
  return { now: async () => host.now() };
}

export function provideRandom({ host }: Invocation): Random {
  return {
    uuid: async () => uuidOf(host.random(16)),
    int: async (lo, hi) => between(lo, hi, (bytes) => host.random(bytes)),
  };
}

export function provideLogger({ log }: Invocation): Logger {
  return { info: async (msg) => log.info({}, msg), error: async (msg) => log.error({}, msg) };
}

export function provideSecrets({ host }: Invocation): Secrets {
  return {
    async get(name) {
      const value = host.env(name);
      return value === undefined ? None : Some(value);
    },
  };
}

/** ms a request may take. */
const FETCH_TIMEOUT = 30_000;

/** Bytes a response may have. Whoever answers without end must not fill memory: it counts as a failure of the network. */
const LARGEST_RESPONSE = 8 * 1024 * 1024;

export function provideFetch({ host, abortSignal }: Invocation): Fetch {
  return {
    async send(req) {
      const timeout = AbortSignal.timeout(FETCH_TIMEOUT);
      try {
        const response = await host.fetch(req.url, initOf(req, AbortSignal.any([timeout, abortSignal])));
        return Ok({ status: response.status, body: await textOf(response) });
      } catch {
        return Err(timeout.aborted ? FetchError.Timeout : FetchError.Network);
      }
    },
  };
}

/** The whole text; throws past the limit, and leaves the rest unread. */
async function textOf({ body }: globalThis.Response): Promise<string> {
  if (body === null) return "";
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    length += read.value.length;
    if (length > LARGEST_RESPONSE) {
      await reader.cancel();
      throw new Fault(`a response is longer than ${LARGEST_RESPONSE} bytes`);
    }
    text += decoder.decode(read.value, { stream: true });
  }
  return text + decoder.decode();
}

function initOf(req: Request, signal: AbortSignal): RequestInit {
  const headers = new Headers();
  if (req.contentType.tag === "Some") headers.set("content-type", req.contentType.value);
  if (req.authorization.tag === "Some") headers.set("authorization", req.authorization.value);
  const body = req.body.tag === "Some" ? { body: req.body.value } : {};
  return { method: req.method.tag.toUpperCase(), headers, signal, ...body };
}

/** A random UUID (RFC 9562 §5.4) from 16 random bytes. */
function uuidOf(bytes: Uint8Array): Uuid {
  const hex = [...bytes].map((byte, index) => {
    const fixed = index === 6 ? (byte & 0x0f) | 0x40 : index === 8 ? (byte & 0x3f) | 0x80 : byte;
    return fixed.toString(16).padStart(2, "0");
  });
  const part = (from: number, to: number): string => hex.slice(from, to).join("");
  return [part(0, 4), part(4, 6), part(6, 8), part(8, 10), part(10, 16)].join("-") as Uuid;
}

/** Every whole number from `low` to `high`, both included, equally often: 53 bits are drawn until they fall in a fair range. */
function between(low: number, high: number, random: (bytes: number) => Uint8Array): number {
  if (low > high) throw new Fault(`Random.int(${low}, ${high}): there is no number between`);
  const size = int(high - low + 1);
  const fair = 2 ** 53 - (2 ** 53 % size);
  for (;;) {
    const bytes = random(7);
    const drawn = bytes.reduce((sum, byte, index) => sum * 256 + (index === 0 ? byte & 0x1f : byte), 0);
    if (drawn < fair) return low + (drawn % size);
  }
}
