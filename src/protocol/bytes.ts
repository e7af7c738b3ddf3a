/**
 * Owns binary values in the encodings: which typed arrays travel, under which tag, as which bytes.
 * Multi-byte elements are little-endian on the wire, which every supported platform has in memory.
 */
import { DecodeError } from "./errors.ts";

export type ByteView =
  | Uint8Array
  | Uint8ClampedArray
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** Under their own names, which are the same everywhere. */
const VIEWS: ReadonlyMap<string, new (buffer: ArrayBuffer) => ByteView> = new Map(
  [
    Uint8Array,
    Uint8ClampedArray,
    Int8Array,
    Uint16Array,
    Int16Array,
    Uint32Array,
    Int32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
  ].map((View) => [`$${View.name}`, View]),
);

/** The tag of a binary value, or undefined if it is none. A subclass (Node's Buffer) travels as its base. */
export const byteTag = (value: object): string | undefined => {
  if (value instanceof ArrayBuffer) return "$ArrayBuffer";
  for (const [tag, View] of VIEWS) if (value instanceof View) return tag;
  return undefined;
};

/** The bytes of a binary value, without a copy. */
export const bytesOf = (value: ByteView | ArrayBuffer): Uint8Array =>
  value instanceof ArrayBuffer
    ? new Uint8Array(value)
    : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);

/** Rebuilds a binary value over a copy of `bytes`, or returns undefined if `tag` names none. */
export const fromBytes = (tag: string, bytes: () => Uint8Array): ByteView | ArrayBuffer | undefined => {
  const View = VIEWS.get(tag);
  if (View === undefined && tag !== "$ArrayBuffer") return undefined;
  const buffer = bytes().slice().buffer as ArrayBuffer;
  if (View === undefined) return buffer;
  try {
    return new View(buffer);
  } catch {
    throw new DecodeError(`${buffer.byteLength} bytes are no whole number of elements of ${tag}`);
  }
};

const CHUNK = 0x8000;

/** Standard base64 with padding (RFC 4648 §4). */
export const toBase64 = (bytes: Uint8Array): string => {
  let binary = "";
  // In chunks: spreading a large array into one call overflows the stack.
  for (let i = 0; i < bytes.length; i += CHUNK) binary += String.fromCharCode(...bytes.subarray(i, i + CHUNK));
  return btoa(binary);
};

/** Reads standard base64 with padding; anything else, white space included, is a `DecodeError`. */
export const fromBase64 = (text: string): Uint8Array => {
  // `atob` forgives white space and missing padding; two spellings of one value would be two digests of it.
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new DecodeError("bytes are not base64");
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
};
