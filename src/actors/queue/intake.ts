/** Owns what is checked of a message before it is enqueued, and of a reply before it completes: schema, encoding, size. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { DeadlineClock } from "../../boundary/deadline.ts";
import { andThen, type MaybePromise } from "../../boundary/maybe-promise.ts";
import { validated } from "../../boundary/schema.ts";
import { EncodeError, encode } from "../../protocol/json.ts";
import { untracked } from "../state.ts";
import { fitsUtf8, utf8Length } from "../utf8-length.ts";
import { invalidOption, invalidPayload, messageInvalid, messageTooLarge } from "./errors.ts";

/** Characters of an idempotency id. */
export const MAX_ID_LENGTH = 256;

/**
 * The text to store. Synchronous unless the schema is not.
 * @throws Refusal `queue/message_invalid`, `queue/message_too_large`, `code` when the schema refuses the value, `fault` when it
 *   does not answer in time
 */
export function prepare(
  value: unknown,
  schema: StandardSchemaV1 | null,
  code: "invalid_payload" | "invalid_completion_payload",
  limit: number,
  clock: DeadlineClock,
): MaybePromise<string> {
  const plain = untracked(value);
  if (schema === null) return written(plain, limit);
  return andThen(validated(schema, plain, clock, `queue.${code}`), (result) => {
    if (result.issues === undefined) return written(result.value, limit);
    throw invalidPayload(
      code,
      result.issues.map(({ message, path }) => ({ message, path: (path ?? []).map(shownSegment) })),
    );
  });
}

/** Half of a surrogate pair has no UTF-8: a disk would keep another text, and one id would stand for many. */
export function assertId(id: unknown): void {
  if (typeof id === "string" && id.length > 0 && id.length <= MAX_ID_LENGTH && id.isWellFormed()) return;
  throw invalidOption(`An idempotency id is a well-formed text of 1 to ${MAX_ID_LENGTH} characters`);
}

function written(value: unknown, limit: number): string {
  let text: string;
  try {
    text = encode(value, "body");
  } catch (error) {
    if (error instanceof EncodeError) throw messageInvalid(error.path, error);
    throw error;
  }
  if (!fitsUtf8(text, limit)) throw messageTooLarge(utf8Length(text), limit);
  return text;
}

function shownSegment(segment: PropertyKey | StandardSchemaV1.PathSegment): string {
  return String(typeof segment === "object" ? segment.key : segment);
}
