/**
 * Owns the CBOR encoding (`docs/wire.md` §2): the tagged tree of JSON with bytes as byte strings. Imported only where it
 * is used: a client that speaks JSON never loads it.
 */
import { Encoder } from "cbor-x";
import { checkCbor } from "./cbor-check.ts";
import type { Codec } from "./codec.ts";
import { DecodeError } from "./errors.ts";
import { SUBPROTOCOL_CBOR } from "./messages.ts";
import { revive } from "./revive.ts";
import { type Output, writeTagged } from "./tagged-writer.ts";

type Bytes = Uint8Array<ArrayBuffer>;

// Records and tagged bytes are extensions of this library; other readers would not know them.
const encoder = new Encoder({
  useRecords: false,
  tagUint8Array: false,
  mapsAsObjects: true,
  copyBuffers: true,
  variableMapSize: true,
});

const TREE: Output<unknown> = {
  plain: (value) => value,
  list: (items) => items,
  record: (members) => Object.fromEntries(members),
  bytes: (tag, bytes) => (tag === "$Uint8Array" ? bytes : [tag, bytes]),
  objection: (text, isMemberName) => {
    // The library renames this key when it reads; refusing is better than another name.
    if (isMemberName && text === "__proto__") return "a member named __proto__ has no CBOR encoding";
    return text.isWellFormed() ? undefined : "half of a surrogate pair has no CBOR encoding";
  },
};

export const cborCodec: Codec<Bytes> = Object.freeze({
  name: "cbor",
  contentType: "application/cbor",
  subprotocol: SUBPROTOCOL_CBOR,
  encode: (value: unknown, label = "value"): Bytes => new Uint8Array(encoder.encode(writeTagged(TREE, value, label))),
  decode: (data: unknown): unknown => {
    const bytes = asBytes(data);
    checkCbor(bytes);
    return revive(read(bytes));
  },
  list: (parts: readonly Bytes[]): Bytes => concat([listHead(parts.length), ...parts]),
});

const read = (bytes: Bytes): unknown => {
  try {
    return encoder.decode(bytes);
  } catch {
    throw new DecodeError("not CBOR");
  }
};

/** A plain array over the same bytes: a Buffer would make every byte string inside a Buffer too. */
const asBytes = (data: unknown): Bytes => {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  throw new DecodeError("CBOR travels in binary frames");
};

/** Head of a definite-length array (RFC 8949 §3, major type 4). */
const listHead = (length: number): Bytes =>
  length < 24 ? Uint8Array.of(0x80 | length) : Uint8Array.of(0x99, length >> 8, length & 255);

const concat = (parts: readonly Bytes[]): Bytes => {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
};
