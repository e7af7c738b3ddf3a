/** Owns the way back from the tagged form to values, for every encoding. Nothing is called, no prototype is touched. */
import { fromBase64, fromBytes } from "./bytes.ts";
import { DecodeError } from "./errors.ts";
import { MAX_BIGINT_DIGITS, MAX_DEPTH, MAX_TIME } from "./limits.ts";

/**
 * True if a parsed value can be written again: nothing is nested past the bound, so that whoever gets it may walk it
 * recursively, and no number is infinite, which is what JSON's grammar makes of `1e999`.
 */
export const isSound = (value: unknown, depth: number): boolean => {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || value === null) return true;
  if (depth >= MAX_DEPTH) return false;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (!isSound(value[i], depth + 1)) return false;
    return true;
  }
  for (const key in value) if (!isSound((value as Record<string, unknown>)[key], depth + 1)) return false;
  return true;
};

/** Turns tags into values, in place, from the outside in: the arrays inside a tag are its own, not the user's. */
export const revive = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
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
        if (payload instanceof Uint8Array) return payload;
        if (typeof payload === "string") return fromBase64(payload);
        throw new DecodeError(`${tag} needs bytes`);
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
