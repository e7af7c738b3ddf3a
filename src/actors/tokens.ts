/** Owns `event` and `queue`: tokens that carry types, and a schema where one is given. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { ConfigurationError } from "../boundary/errors.ts";

/** A declared event; `Payload` is one value, or a fixed tuple for several arguments. */
export interface EventToken<Payload = unknown> {
  readonly type: "event";
  readonly schema: StandardSchemaV1 | null;
  readonly "~payload"?: Payload;
}

/** A declared queue; `Message` is the body, `Reply` what `complete(reply)` answers a waiting sender. */
export interface QueueToken<Message = unknown, Reply = unknown> {
  readonly type: "queue";
  readonly message: StandardSchemaV1 | null;
  readonly complete: StandardSchemaV1 | null;
  readonly onRevoked: "run" | "deadLetter";
  readonly maxAttempts: number;
  readonly visibilityTimeout: number;
  readonly "~message"?: Message;
  readonly "~reply"?: Reply;
}

export interface QueueOptions<Message, Reply> {
  /** Validates a body before it is enqueued; sync or async. */
  readonly message?: StandardSchemaV1<unknown, Message>;
  /** Validates the value given to `complete`. */
  readonly complete?: StandardSchemaV1<unknown, Reply>;
  /** What happens to messages whose sender was revoked after sending. Default `run`: enqueue was the decision. */
  readonly onRevoked?: "run" | "deadLetter";
  /** Deliveries before a message is dead-lettered. Default 10. */
  readonly maxAttempts?: number;
  /** ms a received message is held before it is delivered again; renewed while held. Default 30 000. */
  readonly visibilityTimeout?: number;
}

/** Declares an event. With a schema, every broadcast is validated synchronously before it is sent. */
export function event<Payload = unknown>(schema?: StandardSchemaV1<unknown, Payload>): EventToken<Payload> {
  return Object.freeze({ type: "event", schema: schema ?? null });
}

/**
 * Declares a queue.
 * @throws ConfigurationError `queue.option_invalid`
 */
export function queue<Message = unknown, Reply = never>(
  options: QueueOptions<Message, Reply> = {},
): QueueToken<Message, Reply> {
  const maxAttempts = options.maxAttempts ?? 10;
  const visibilityTimeout = options.visibilityTimeout ?? 30_000;
  if (!(Number.isInteger(maxAttempts) && maxAttempts > 0) || !(visibilityTimeout > 0)) {
    throw new ConfigurationError(
      "queue.option_invalid",
      "queue(): maxAttempts must be a whole number above 0, and visibilityTimeout more than 0 ms.",
    );
  }
  return Object.freeze({
    type: "queue",
    message: options.message ?? null,
    complete: options.complete ?? null,
    onRevoked: options.onRevoked ?? "run",
    maxAttempts,
    visibilityTimeout,
  });
}

/** What may stand under `events`. */
export type EventEntry = EventToken<never> | EventToken<unknown> | StandardSchemaV1;
/** What may stand under `queues`. */
export type QueueEntry =
  | QueueToken<never, never>
  | QueueToken<unknown, unknown>
  | StandardSchemaV1
  | { readonly message: QueuePart; readonly complete?: QueuePart };
type QueuePart = StandardSchemaV1 | QueueToken<never, never> | QueueToken<unknown, unknown>;

export function isSchema(value: unknown): value is StandardSchemaV1 {
  return (typeof value === "object" || typeof value === "function") && value !== null && "~standard" in value;
}

/** The token an entry stands for; null when it is none. */
export function asEventToken(entry: unknown): EventToken | null {
  if (isSchema(entry)) return event(entry as StandardSchemaV1<unknown, unknown>);
  if (typeof entry === "object" && entry !== null && (entry as { type?: unknown }).type === "event") {
    return entry as EventToken;
  }
  return null;
}

export function asQueueToken(entry: unknown): QueueToken | null {
  if (isSchema(entry)) return queue({ message: entry as StandardSchemaV1<unknown, unknown> }) as QueueToken;
  if (typeof entry !== "object" || entry === null) return null;
  if ((entry as { type?: unknown }).type === "queue") return entry as QueueToken;
  const { message, complete } = entry as { message?: unknown; complete?: unknown };
  if (message === undefined) return null;
  return queue({
    message: schemaOfPart(message) as StandardSchemaV1<unknown, unknown> | undefined,
    complete: schemaOfPart(complete) as StandardSchemaV1<unknown, unknown> | undefined,
  }) as QueueToken;
}

function schemaOfPart(part: unknown): StandardSchemaV1 | undefined {
  if (isSchema(part)) return part;
  return (part as QueueToken | undefined)?.message ?? undefined;
}
