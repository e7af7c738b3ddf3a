/**
 * Owns the server's reading of what a client sends: every member is checked, before anything else looks at it.
 *
 * Invariants:
 * - A frame is read whole or not at all: one bad message, and no message of it is handed on.
 * - Only own members are read. An unlisted one is refused, not dropped: a newer client may have meant it to narrow
 *   something.
 */
import { type Codec, jsonCodec } from "./codec.ts";
import { DecodeError } from "./errors.ts";
import { readActionText } from "./json-shortcuts.ts";
import { MAX_BATCH, MAX_NAME } from "./limits.ts";
import type { ActionMessage, ClientMessage } from "./messages.ts";

/** A frame that is malformed: `message/invalid_message`, 1008. The message says what is wrong and quotes no value. */
export class FrameError extends Error {
  override readonly name = "FrameError";
  readonly code = "invalid_message";
}

interface Member {
  readonly required: boolean;
  readonly kind: string;
  readonly is: (value: unknown) => boolean;
}

const member = (kind: string, is: (value: unknown) => boolean) => ({
  required: { required: true, kind, is },
  optional: { required: false, kind, is },
});

const anything = member("anything", () => true);
const text = member("a string", (value) => typeof value === "string");
const name = member(`a string of 1 to ${MAX_NAME} characters`, isName);
const id = member("a positive safe integer", (value) => Number.isSafeInteger(value) && (value as number) > 0);
const list = member("a list", Array.isArray);
const flag = member("true or false", (value) => typeof value === "boolean");
const duration = member("milliseconds, 0 or more", (value) => Number.isSafeInteger(value) && (value as number) >= 0);
const mode = member('"get" or "getOrCreate"', (value) => value === "get" || value === "getOrCreate");

type Shape<Message> = { readonly [Name in Exclude<keyof Message, "t">]-?: Member };

const SHAPES: { readonly [Kind in ClientMessage["t"]]: Shape<Extract<ClientMessage, { t: Kind }>> } = {
  hello: { token: text.optional, params: anything.optional, input: anything.optional, mode: mode.optional },
  action: { id: id.required, name: name.required, args: list.required },
  subscribe: { id: id.required, name: name.required },
  unsubscribe: { name: name.required },
  send: {
    id: id.required,
    name: name.required,
    // Not required: undefined is a body, and members that are undefined do not travel.
    body: anything.optional,
    wait: flag.optional,
    timeout: duration.optional,
    key: name.optional,
  },
  renew: { id: id.required, token: text.required },
};

/**
 * The messages of one frame, in order. `data` is the frame as the socket gave it: a string, or bytes.
 * @throws FrameError
 */
export const readClientFrame = (codec: Codec, data: unknown): ClientMessage[] => {
  const short = codec === jsonCodec && typeof data === "string" ? readActionText(data) : null;
  if (short !== null) return [short];
  const frame = decodeFrame(codec, data);
  if (!Array.isArray(frame)) return [readMessage(frame, "the message")];
  if (frame.length === 0) throw new FrameError("the frame is an empty list");
  if (frame.length > MAX_BATCH) throw new FrameError(`the frame has more than ${MAX_BATCH} messages`);
  return frame.map((message, index) => readMessage(message, `message ${index}`));
};

const decodeFrame = (codec: Codec, data: unknown): unknown => {
  try {
    return codec.decode(data);
  } catch (error) {
    if (error instanceof DecodeError) throw new FrameError(error.message);
    throw error;
  }
};

const readMessage = (value: unknown, where: string): ClientMessage => {
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
    throw new FrameError(`${where} is not an object`);
  }
  const given = value as Record<string, unknown>;
  if (isAction(given)) return given;
  const kind = Object.hasOwn(given, "t") ? given["t"] : undefined;
  if (typeof kind !== "string" || !Object.hasOwn(SHAPES, kind)) throw new FrameError(`${where} has no known "t"`);
  const shape: Readonly<Record<string, Member>> = SHAPES[kind as ClientMessage["t"]];
  for (const key of Object.keys(given)) {
    if (key !== "t" && !Object.hasOwn(shape, key)) throw new FrameError(`${where} (${kind}) has an unknown member`);
  }
  const message: Record<string, unknown> = { t: kind };
  for (const [key, rule] of Object.entries(shape)) {
    if (Object.hasOwn(given, key)) {
      if (!rule.is(given[key])) throw new FrameError(`${where} (${kind}): "${key}" is not ${rule.kind}`);
      message[key] = given[key];
    } else if (rule.required) throw new FrameError(`${where} (${kind}): "${key}" is missing`);
  }
  // Every member of the shape, which is the type's, was checked above.
  return message as unknown as ClientMessage;
};

/** The check of the table above, for the commonest message: false leaves the verdict, and the words, to it. */
function isAction(given: Record<string, unknown>): given is Record<string, unknown> & ActionMessage {
  const keys = Object.keys(given);
  if (keys.length !== 4 || !Object.hasOwn(given, "t") || given["t"] !== "action") return false;
  if (!Object.hasOwn(given, "id") || !Object.hasOwn(given, "name") || !Object.hasOwn(given, "args")) return false;
  const { id, args } = given;
  return Number.isSafeInteger(id) && (id as number) > 0 && isName(given["name"]) && Array.isArray(args);
}

function isName(value: unknown): boolean {
  return typeof value === "string" && value.length > 0 && value.length <= MAX_NAME && value.isWellFormed();
}
