/**
 * Owns the deliveries of one event over Server-Sent Events (`docs/wire.md` §5), and coming back after expiry and broken
 * links. Loaded when the first stream is read.
 */

import { own } from "../protocol/error-body.ts";
import { DecodeError } from "../protocol/errors.ts";
import { decode } from "../protocol/json.ts";
import { sleep } from "./abort.ts";
import { backoff } from "./backoff.ts";
import type { ClientConfig } from "./config.ts";
import { ActorError, errorOfReply, HttpRequestError, isCredentialRefusal, MalformedResponseMessage } from "./errors.ts";
import { errorOfResponse, headersOf } from "./http.ts";
import { readServerSentEvents } from "./server-sent-events.ts";
import { askToken, type Target, urlOf } from "./target.ts";

/** A stream that lived this long, ms, starts the backoff over. */
const STABLE = 10_000;

/** Lists of arguments, until the signal fires or the server refuses for good. @throws ActorError, or the signal's reason */
export async function* deliver(
  config: ClientConfig,
  target: Target,
  name: string,
  signal: AbortSignal,
): AsyncGenerator<unknown[], undefined> {
  let failures = 0;
  let isFresh = false;
  for (;;) {
    const start = config.runtime.now();
    const { error, stood }: StreamEnd = yield* oneStream(config, target, name, signal, isFresh);
    if (isCredentialRefusal(error)) {
      if ((isFresh && !stood) || typeof config.token !== "function") throw error;
      isFresh = true;
    } else if (isPassing(error)) isFresh &&= !stood;
    else throw error;
    if (stood && config.runtime.now() - start >= STABLE) failures = 0;
    await sleep(config.runtime, backoff(config.runtime, failures++, error.retryAfter), signal);
  }
}

/** Why a stream ended, and whether the subscription ever stood. */
interface StreamEnd {
  readonly error: ActorError;
  readonly stood: boolean;
}

/** One request, from its first byte to its end. */
async function* oneStream(
  config: ClientConfig,
  target: Target,
  name: string,
  signal: AbortSignal,
  isFresh: boolean,
): AsyncGenerator<unknown[], StreamEnd> {
  let stood = false;
  try {
    const headers = await headersOf(config, target, await askToken(config, isFresh));
    headers.set("accept", "text/event-stream");
    const init = { headers, signal, credentials: "omit", redirect: "manual" } as const;
    const response = await config.runtime.fetch(urlOf(config, target, { kind: "event", name }), init);
    if (!response.ok || response.body === null) return { error: await errorOfResponse(response), stood };
    for await (const { type, data } of readServerSentEvents(response.body)) {
      if (type === "ready") stood = true;
      else if (type === "expired" || type === "refused" || type === "closing")
        return { error: errorOfEnd(decode(data)), stood };
      else if (type === "message") yield asArguments(decode(data));
    }
    return { error: new HttpRequestError("The stream broke off."), stood };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ActorError) return { error, stood };
    if (error instanceof DecodeError) throw new MalformedResponseMessage("An event cannot be read.", error);
    return { error: new HttpRequestError("The stream broke off.", error), stood };
  }
}

const errorOfEnd = (value: unknown): ActorError => {
  const retryAfter = own(value, "retryAfter");
  return errorOfReply("The stream ended", value, typeof retryAfter === "number" ? retryAfter : undefined);
};

const asArguments = (value: unknown): unknown[] => {
  if (Array.isArray(value)) return value;
  throw new MalformedResponseMessage("An event has no list of arguments.");
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
