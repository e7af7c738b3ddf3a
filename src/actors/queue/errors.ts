/** Owns the refusals of queues: group `queue`, but for an actor that stops. The peer reads code, message and metadata. */
import { Refusal } from "../../boundary/errors.ts";

/** Seconds a sender waits before it tries a full queue again. */
const RETRY_FULL = 1;

export const queueFull = (limit: number): Refusal =>
  new Refusal("overloaded", {
    reason: "queue.full",
    group: "queue",
    code: "full",
    message: `The queue is full: at most ${limit} messages wait in one actor`,
    metadata: { limit },
    retryAfter: RETRY_FULL,
  });

export const messageTooLarge = (size: number, limit: number): Refusal =>
  new Refusal("too_large", {
    reason: "queue.message_too_large",
    group: "queue",
    code: "message_too_large",
    message: `The message takes ${size} bytes, at most ${limit} are accepted`,
    metadata: { size, limit },
  });

export const messageInvalid = (path: string, cause: unknown): Refusal =>
  new Refusal("malformed", {
    reason: "queue.message_invalid",
    group: "queue",
    code: "message_invalid",
    message: `The message cannot be encoded at ${path}`,
    metadata: { path },
    cause,
  });

export interface ShownIssue {
  readonly message: string;
  readonly path: readonly string[];
}

export const invalidPayload = (
  code: "invalid_payload" | "invalid_completion_payload",
  issues: readonly ShownIssue[],
): Refusal =>
  new Refusal("malformed", {
    reason: `queue.${code}`,
    group: "queue",
    code,
    message:
      code === "invalid_payload" ? "The message does not satisfy its schema" : "The reply does not satisfy its schema",
    metadata: { issues },
  });

export const invalidOption = (message: string): Refusal =>
  new Refusal("malformed", { reason: "queue.option", group: "queue", code: "invalid_option", message });

/** Says no more than a denial does: which names exist is not a peer's to learn (ruling 1). */
export const undeclared = (): Refusal => new Refusal("forbidden", { reason: "queue.undeclared" });

export const previousNotCompleted = (): Refusal =>
  new Refusal("malformed", {
    reason: "queue.previous_message_not_completed",
    group: "queue",
    code: "previous_message_not_completed",
    message: "A message received before through this context is not completed: call `complete()` on it first",
  });

export const alreadyCompleted = (): Refusal =>
  new Refusal("malformed", {
    reason: "queue.already_completed",
    group: "queue",
    code: "already_completed",
    message: "The message is completed already",
  });

export const leaseLost = (): Refusal =>
  new Refusal("conflict", {
    reason: "queue.lease_lost",
    group: "queue",
    code: "lease_lost",
    message: "The message is no longer held here: it is delivered again",
  });

/** For a sender that waits: the message is kept, aside, so that sending it again would be a second one. */
export const deadLettered = (): Refusal =>
  new Refusal("conflict", {
    reason: "queue.dead_lettered",
    group: "queue",
    code: "dead_lettered",
    message: "The message was put aside after its last attempt",
  });

export const aborted = (cause?: unknown): Refusal =>
  new Refusal("unavailable", {
    reason: "actor.aborted",
    group: "actor",
    code: "aborted",
    message: "The wait was aborted",
    ...(cause === undefined ? {} : { cause }),
  });
