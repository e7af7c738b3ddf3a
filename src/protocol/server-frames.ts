/**
 * Owns the client's reading of what a server sends. Forgiving where a newer server may say more (messages and members it
 * does not know are dropped), strict in what it passes on.
 */
import { type Codec, jsonCodec } from "./codec.ts";
import { own, readErrorBody } from "./error-body.ts";
import { DecodeError } from "./errors.ts";
import { readResultText } from "./json-shortcuts.ts";
import type { ErrorMessage, EventMessage, ReadyMessage, ResultMessage, ServerMessage } from "./messages.ts";

/** The messages of one frame, in order. @throws DecodeError */
export const readServerFrame = (codec: Codec, data: unknown): ServerMessage[] => {
  const short = codec === jsonCodec && typeof data === "string" ? readResultText(data) : null;
  if (short !== null) return [short];
  const frame = codec.decode(data);
  return (Array.isArray(frame) ? frame : [frame]).map(readMessage).filter((message) => message !== null);
};

const readMessage = (value: unknown): ServerMessage | null => {
  switch (own(value, "t")) {
    case "ready":
      return readReady(value);
    case "result":
      return readResult(value);
    case "event":
      return readEvent(value);
    case "error":
      return readError(value);
    default:
      return null;
  }
};

const readReady = (value: unknown): ReadyMessage => {
  const actor = own(value, "actor");
  const connection = own(value, "connection");
  if (typeof actor !== "string" || typeof connection !== "string") throw incomplete("ready");
  return { t: "ready", actor, connection, ...readLease(value) };
};

/** When a lease ends, and by which clock. Also the `output` of a renewal. @throws DecodeError */
export const readLease = (value: unknown): { readonly expiresAt: number | null; readonly now: number } => {
  const expiresAt = own(value, "expiresAt");
  const now = own(value, "now");
  // An absent end must not read as "never ends": that would switch renewal off for good.
  if ((expiresAt !== null && !isTime(expiresAt)) || !isTime(now)) throw incomplete("lease");
  return { expiresAt, now };
};

const readResult = (value: unknown): ResultMessage => ({
  t: "result",
  id: readId(value),
  output: own(value, "output"),
});

const readEvent = (value: unknown): EventMessage => {
  const name = own(value, "name");
  const args = own(value, "args");
  if (typeof name !== "string" || !Array.isArray(args)) throw incomplete("event");
  return { t: "event", name, args };
};

const readError = (value: unknown): ErrorMessage => {
  const body = readErrorBody(value);
  if (body === null) throw incomplete("error");
  const retryAfter = own(value, "retryAfter");
  const event = own(value, "event");
  return {
    t: "error",
    ...body,
    ...(own(value, "id") === undefined ? {} : { id: readId(value) }),
    ...(typeof retryAfter === "number" && retryAfter >= 0 ? { retryAfter } : {}),
    ...(typeof event === "string" ? { event } : {}),
  };
};

const readId = (value: unknown): number => {
  const id = own(value, "id");
  if (!Number.isSafeInteger(id)) throw incomplete("id");
  return id as number;
};

const isTime = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);

const incomplete = (what: string): DecodeError => new DecodeError(`a message of the server has no proper ${what}`);
