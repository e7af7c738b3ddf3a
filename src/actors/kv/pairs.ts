/**
 * Owns keys and values of `c.kv` as bytes: text and bytes in, bytes stored, the asked-for type out; and the limits on
 * each. A wrong type is a programming error (`TypeError`); past a limit is a `Refusal` with group `kv`.
 */
import { Refusal } from "../../boundary/errors.ts";

/** Bytes of one key. */
export const MAX_KEY = 2048;
/** Bytes of one value. */
export const MAX_VALUE = 128 * 1024;
/** Keys of one batch. */
export const MAX_BATCH_KEYS = 128;
/** Bytes of the keys and values of one batch. */
export const MAX_BATCH_SIZE = 976 * 1024;
/** Pairs one `list` or `listRange` yields, and keys one `deleteRange` deletes. */
export const MAX_LIST = 16_384;
/** Bytes of the pairs one `list` or `listRange` yields. */
export const MAX_LIST_SIZE = 64 * 1024 * 1024;

export type KvInput = string | Uint8Array | ArrayBuffer;
export type ValueType = "text" | "binary" | "arrayBuffer";
export type KeyType = "text" | "binary";

export interface ValueOf {
  readonly text: string;
  readonly binary: Uint8Array;
  readonly arrayBuffer: ArrayBuffer;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** @throws TypeError for what is no key; Refusal `kv/key_too_large` */
export function keyBytes(key: unknown): Uint8Array {
  // Lone surrogates would all become the same bytes, and with them different keys the same key.
  if (typeof key === "string" && !isWellFormed(key)) throw new TypeError("a key is well-formed text or bytes");
  const bytes = typeof key === "string" ? encoder.encode(key) : key instanceof Uint8Array ? key.slice() : null;
  if (bytes === null) throw new TypeError(`a key is a string or a Uint8Array, not ${nameOf(key)}`);
  if (bytes.length > MAX_KEY)
    throw tooLarge("key_too_large", `a key takes at most ${MAX_KEY} bytes`, bytes.length, MAX_KEY);
  return bytes;
}

/** A copy, so that the caller's bytes stay its own. @throws TypeError; Refusal `kv/value_too_large` */
export function valueBytes(value: unknown, type: ValueType | undefined): Uint8Array {
  const bytes = bytesOfValue(value, type);
  if (bytes.length <= MAX_VALUE) return bytes;
  throw tooLarge("value_too_large", `a value takes at most ${MAX_VALUE} bytes`, bytes.length, MAX_VALUE);
}

function bytesOfValue(value: unknown, type: ValueType | undefined): Uint8Array {
  const given = typeOf(value);
  if (given === null) throw new TypeError(`a value is a string, a Uint8Array or an ArrayBuffer, not ${nameOf(value)}`);
  if (type !== undefined && type !== given) throw new TypeError(`a value of type "${type}" cannot be ${nameOf(value)}`);
  if (given === "text") return encoder.encode(value as string);
  return given === "binary" ? (value as Uint8Array).slice() : new Uint8Array(value as ArrayBuffer).slice();
}

function typeOf(value: unknown): ValueType | null {
  if (typeof value === "string") return "text";
  if (value instanceof Uint8Array) return "binary";
  return value instanceof ArrayBuffer ? "arrayBuffer" : null;
}

export function valueAs<Type extends ValueType>(bytes: Uint8Array, type: Type): ValueOf[Type] {
  // The casts hold by the branch taken.
  if (type === "text") return decoder.decode(bytes) as ValueOf[Type];
  const copy = bytes.slice();
  return (type === "binary" ? copy : copy.buffer) as ValueOf[Type];
}

export function keyAs(bytes: Uint8Array, type: KeyType): string | Uint8Array {
  return type === "text" ? decoder.decode(bytes) : bytes.slice();
}

/** @throws Refusal `kv/batch_too_many`, `kv/batch_too_large` */
export function assertBatch(sizes: readonly number[]): void {
  if (sizes.length > MAX_BATCH_KEYS) {
    throw tooLarge("batch_too_many", `a batch has at most ${MAX_BATCH_KEYS} keys`, sizes.length, MAX_BATCH_KEYS);
  }
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total > MAX_BATCH_SIZE) {
    throw tooLarge("batch_too_large", `a batch takes at most ${MAX_BATCH_SIZE} bytes`, total, MAX_BATCH_SIZE);
  }
}

export function tooLarge(code: string, message: string, size: number, limit: number): Refusal {
  return new Refusal("too_large", { reason: `kv.${code}`, group: "kv", code, message, metadata: { size, limit } });
}

export function compareKeys(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) {
    const difference = a[at]! - b[at]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export function hasPrefix(key: Uint8Array, prefix: Uint8Array): boolean {
  if (key.length < prefix.length) return false;
  for (let at = 0; at < prefix.length; at++) if (key[at] !== prefix[at]) return false;
  return true;
}

function isWellFormed(text: string): boolean {
  return !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text);
}

function nameOf(value: unknown): string {
  if (value === null) return "null";
  return typeof value === "object" ? (value.constructor?.name ?? "an object") : typeof value;
}
