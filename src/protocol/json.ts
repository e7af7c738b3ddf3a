/**
 * Owns the default encoding of the wire and of stored state: JSON, plus two-element arrays for what JSON lacks:
 *
 *   ["$Date", ms]  ["$Map", [[k, v], …]]  ["$Set", […]]  ["$BigInt", "…"]  ["$Undefined", 0]
 *   ["$Uint8Array", base64] and likewise every typed array and ArrayBuffer
 *
 * Invariants:
 * - What `encode` accepts, `decode` gives back as an equal value; what it cannot give back, `encode` refuses, naming
 *   the path. Members with the value undefined are left out, as in JSON; `-0` is `0`; shared references become copies.
 * - A user's own `["$…", x]` gains one more `$`, so no data can pose as a tag. An unknown tag is an error, not data.
 * - Nesting is bounded in both directions, and no key, `__proto__` included, ever changes a prototype.
 */
import { fromBase64, fromBytes } from "./bytes.ts";
import { DecodeError } from "./errors.ts";
import { isPlain } from "./json-plain.ts";
import { writeTagged } from "./json-writer.ts";
import { MAX_BIGINT_DIGITS, MAX_DEPTH, MAX_TIME } from "./limits.ts";

export { DecodeError, EncodeError } from "./errors.ts";
export { MAX_DEPTH } from "./limits.ts";

/**
 * Writes a value as text.
 * @param label what the value is called in errors: the `state` of `state.users[3].fn`
 * @throws EncodeError for functions, symbols, NaN and infinities, class instances, cycles, and nesting past `MAX_DEPTH`
 */
export const encode = (value: unknown, label = "value"): string =>
  isPlain(value, MAX_DEPTH) ? JSON.stringify(value) : writeTagged(value, label);

/**
 * Reads text written by `encode`, or plain JSON.
 * @throws DecodeError, which never quotes the text
 */
export const decode = (text: string): unknown => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // The engine's message quotes the text, which may hold a credential; only the position is taken from it.
    const position = /position (\d+)/.exec(error instanceof Error ? error.message : "")?.[1];
    throw new DecodeError(position === undefined ? "not JSON" : `not JSON at position ${position}`);
  }
  if (!isWithinDepth(value, 0)) throw new DecodeError(`nested deeper than ${MAX_DEPTH} levels`);
  // `\u0024` is `$` too: without it, whether a tag counts would depend on the rest of the text.
  return text.includes('"$') || text.includes('"\\u0024') ? revive(value) : value;
};

/** True if nothing in a parsed value is nested past the bound: whoever gets it may walk it recursively. */
const isWithinDepth = (value: unknown, depth: number): boolean => {
  if (typeof value !== "object" || value === null) return true;
  if (depth >= MAX_DEPTH) return false;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (!isWithinDepth(value[i], depth + 1)) return false;
    return true;
  }
  for (const key in value) if (!isWithinDepth((value as Record<string, unknown>)[key], depth + 1)) return false;
  return true;
};

/** Turns tags into values, in place, from the outside in: the arrays inside a tag are its own, not the user's. */
const revive = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const [tag, payload] = value as unknown[];
    if (value.length !== 2 || typeof tag !== "string" || !tag.startsWith("$")) return reviveItems(value);
    if (tag.startsWith("$$")) return [tag.slice(1), revive(payload)];
    return reviveTag(tag, payload);
  }
  const members = value as Record<string, unknown>;
  for (const key of Object.keys(members)) {
    const before = members[key];
    const after = revive(before);
    if (after !== before) Object.defineProperty(members, key, { value: after, ...ORDINARY });
  }
  return value;
};

const ORDINARY = { writable: true, enumerable: true, configurable: true } as const;

const reviveItems = (items: unknown[]): unknown[] => {
  for (let i = 0; i < items.length; i++) items[i] = revive(items[i]);
  return items;
};

const reviveTag = (tag: string, payload: unknown): unknown => {
  switch (tag) {
    case "$Date":
      if (typeof payload === "number" && Math.abs(payload) <= MAX_TIME) return new Date(payload);
      break;
    case "$Map":
      if (Array.isArray(payload)) return new Map(payload.map(reviveEntry));
      break;
    case "$Set":
      if (Array.isArray(payload)) return new Set(reviveItems(payload));
      break;
    case "$BigInt":
      if (typeof payload === "string" && payload.length <= MAX_BIGINT_DIGITS + 1 && /^-?\d+$/.test(payload)) {
        return BigInt(payload);
      }
      break;
    case "$Undefined":
      if (payload === 0) return undefined;
      break;
    default: {
      const bytes = fromBytes(tag, () => {
        if (typeof payload !== "string") throw new DecodeError(`${tag} needs base64 text`);
        return fromBase64(payload);
      });
      if (bytes !== undefined) return bytes;
      throw new DecodeError(
        `unknown tag ${JSON.stringify(tag.slice(0, 32))}; data that starts with "$" is written "$$"`,
      );
    }
  }
  throw new DecodeError(`the payload of ${tag} is not valid`);
};

const reviveEntry = (entry: unknown): [unknown, unknown] => {
  if (!Array.isArray(entry) || entry.length !== 2) throw new DecodeError("a $Map entry is not a pair");
  return [revive(entry[0]), revive(entry[1])];
};
