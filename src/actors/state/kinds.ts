/**
 * Owns which containers state may hold, how each is copied, and how deep it nests in the stored text. The same set as
 * the encoding's (`protocol/json.ts`): what is admitted here can be written there.
 */
import { byteTag } from "../../protocol/bytes.ts";

export type Kind = "object" | "array" | "map" | "set" | "date" | "bytes" | "buffer";
export type Bag = Record<PropertyKey, unknown>;

/** The kind of a raw container; null for what state cannot hold, such as class instances. */
export function kindOf(value: object): Kind | null {
  if (Array.isArray(value)) return "array";
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return "object";
  if (prototype === Map.prototype) return "map";
  if (prototype === Set.prototype) return "set";
  if (prototype === Date.prototype) return "date";
  const tag = byteTag(value);
  if (tag !== undefined) return tag === "$ArrayBuffer" ? "buffer" : "bytes";
  // A plain object of another realm: its prototype ends the chain.
  return Object.getPrototypeOf(prototype) === null ? "object" : null;
}

/** Levels of nesting a container adds to the stored text. */
export const LEVELS: Readonly<Record<Kind, number>> = {
  object: 1,
  array: 1,
  map: 3,
  set: 2,
  date: 1,
  bytes: 1,
  buffer: 1,
};

/** A copy of one container; what it holds is shared. */
export function copyOf<T extends object>(value: T): T {
  return copyByKind(value) as T;
}

function copyByKind(value: object): object {
  switch (kindOf(value)) {
    case "array":
      return (value as unknown[]).slice();
    case "map":
      return new Map(value as Map<unknown, unknown>);
    case "set":
      return new Set(value as Set<unknown>);
    case "date":
      return new Date((value as Date).getTime());
    case "bytes":
      return (value as Uint8Array).slice();
    case "buffer":
      return (value as ArrayBuffer).slice(0);
    default:
      return copyRecord(value as Bag);
  }
}

function copyRecord(record: Bag): Bag {
  const copy: Bag = Object.create(Object.getPrototypeOf(record));
  for (const key of Object.keys(record)) putMember(copy, key, record[key]);
  return copy;
}

/** Sets a member of a plain object; `__proto__` is a key like any other and never changes a prototype. */
export function putMember(record: Bag, key: PropertyKey, value: unknown): void {
  if (key !== "__proto__") record[key] = value;
  else Object.defineProperty(record, key, { value, writable: true, enumerable: true, configurable: true });
}

/** True for the canonical text of an array index. */
export function isIndex(key: PropertyKey): key is string {
  if (typeof key !== "string") return false;
  const index = Number(key);
  return Number.isInteger(index) && index >= 0 && index < 2 ** 32 - 1 && String(index) === key;
}
