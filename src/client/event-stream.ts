/**
 * Owns one event over Server-Sent Events (`docs/wire.md` §5), read by fetch so that a credential can go along.
 * The stream comes back by itself after expiry and broken links; what happened in between is missed.
 */

import { readErrorBody } from "../protocol/error-body.ts";
import { decode } from "../protocol/json.ts";
import { anySignal, sleep } from "./abort.ts";
import { backoff } from "./backoff.ts";
import type { ClientConfig } from "./config.ts";
import {
  ActorError,
  errorOfBody,
  errorOfReply,
  HttpRequestError,
  isCredentialRefusal,
  MalformedResponseMessage,
} from "./errors.ts";
import { headersOf, retryAfterOf } from "./http.ts";
import { readServerSentEvents } from "./server-sent-events.ts";
import { askToken, type Target, urlOf } from "./target.ts";

/** A stream that lived this long, ms, starts the backoff over. */
const STABLE = 10_000;

/** Lists of arguments, as they come. Leaving the loop ends the request. */
export const eventStream = (
  config: ClientConfig,
  target: Target,
  name: string,
  signal?: AbortSignal,
): AsyncIterableIterator<unknown[]> => {
  const left = new AbortController();
  const deliveries = deliver(config, target, name, anySignal(target.signal, signal, left.signal)!);
  const finish = async (): Promise<IteratorReturnResult<undefined>> => {
    // First the request: a generator that waits for bytes would answer `return` only after them.
    left.abort();
    return { done: true, value: undefined };
  };
  return {
    next: async () => {
      try {
        return await deliveries.next();
      } catch (error) {
        if (left.signal.aborted) return { done: true, value: undefined };
        throw error;
      }
    },
    return: finish,
    [Symbol.asyncIterator]() {
      return this;
    },
  };
};

async function* deliver(
  config: ClientConfig,
  target: Target,
  name: string,
  signal: AbortSignal,
): AsyncGenerator<unknown[], undefined> {
  let failures = 0;
  let isFresh = false;
  for (;;) {
    const start = config.runtime.now();
    const wasFresh = isFresh;
    const stream = new EventRequest(config, target, name, signal);
    yield* stream.deliveries(isFresh);
    if (stream.stood) isFresh = false;
    const { error } = stream;
    if (isCredentialRefusal(error)) {
      if ((wasFresh && !stream.stood) || typeof config.token !== "function") throw error;
      isFresh = true;
    } else if (!isPassing(error)) throw error;
    if (stream.stood && config.runtime.now() - start >= STABLE) failures = 0;
    await sleep(config.runtime, backoff(config.runtime, failures++, error.retryAfter), signal);
  }
}

/** One request, from its first byte to why it ended. */
class EventRequest {
  /** Why it ended; set when `deliveries` is through. */
  error: ActorError = new HttpRequestError("The stream broke off.");
  /** True once the subscription stood. */
  stood = false;
  readonly #config: ClientConfig;
  readonly #target: Target;
  readonly #name: string;
  readonly #signal: AbortSignal;

  constructor(config: ClientConfig, target: Target, name: string, signal: AbortSignal) {
    this.#config = config;
    this.#target = target;
    this.#name = name;
    this.#signal = signal;
  }

  async *deliveries(isFresh: boolean): AsyncGenerator<unknown[], undefined> {
    try {
      const response = await this.#open(isFresh);
      if (response === undefined) return;
      for await (const { type, data } of readServerSentEvents(response)) {
        if (type === "ready") this.stood = true;
        else if (type === "expired" || type === "refused") return this.#ended(data);
        else if (type === "message") yield asArguments(data);
      }
    } catch (error) {
      this.#signal.throwIfAborted();
      this.error = error instanceof ActorError ? error : new HttpRequestError("The stream broke.", error);
    }
  }

  async #open(isFresh: boolean): Promise<ReadableStream<Uint8Array> | undefined> {
    const url = urlOf(this.#config, this.#target, { kind: "event", name: this.#name });
    const headers = await headersOf(this.#config, this.#target, await askToken(this.#config, isFresh));
    headers.set("accept", "text/event-stream");
    const response = await this.#config.runtime.fetch(url, {
      headers,
      signal: this.#signal,
      credentials: "omit",
      redirect: "manual",
    });
    if (response.ok && response.body !== null) return response.body;
    this.error = errorOfReply(response.status, await readJson(response), retryAfterOf(response));
    return undefined;
  }

  #ended(data: string): undefined {
    const value = decode(data);
    const body = readErrorBody(value);
    const retryAfter = (value as { retryAfter?: unknown }).retryAfter;
    this.error =
      body === null
        ? new MalformedResponseMessage("The end of the stream cannot be read.")
        : errorOfBody(body, typeof retryAfter === "number" ? retryAfter : undefined);
  }
}

const asArguments = (data: string): unknown[] => {
  let args: unknown;
  try {
    args = decode(data);
  } catch (error) {
    throw new MalformedResponseMessage("An event cannot be read.", error);
  }
  if (Array.isArray(args)) return args;
  throw new MalformedResponseMessage("An event has no list of arguments.");
};

const readJson = async (response: Response): Promise<unknown> => {
  try {
    return decode(await response.text());
  } catch {
    return undefined;
  }
};

const PASSING: ReadonlySet<string> = new Set([
  "network_failed",
  "token_failed",
  "params_failed",
  "overloaded",
  "unavailable",
  "internal_error",
  "timed_out",
]);
const isPassing = (error: ActorError): boolean => error.group !== "user" && PASSING.has(error.code);
