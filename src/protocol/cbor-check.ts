/**
 * Owns the walk over CBOR before a decoder builds anything (RFC 8949). Decoders allocate what a header claims; four bytes
 * can claim an array of millions. After this walk every length is backed by bytes that are there, nesting is bounded,
 * and only the deterministic subset of `docs/wire.md` §2 is left.
 */
import { DecodeError } from "./errors.ts";
import { MAX_DEPTH } from "./limits.ts";

/** @throws DecodeError naming the reason */
export const checkCbor = (bytes: Uint8Array): void => {
  const end = new Walk(bytes).item(0, 1);
  if (end !== bytes.length) throw new DecodeError("bytes follow the CBOR item");
};

const LATIN1 = new TextDecoder("latin1");

const UNSIGNED = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const LIST = 4;
const MAP = 5;
const SIMPLE = 7;

class Walk {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Walks the item at `at`. Returns where it ends. */
  item(at: number, depth: number): number {
    this.#need(at, 1);
    const first = this.#bytes[at]!;
    const major = first >> 5;
    if (major === SIMPLE) return this.#simple(at, first & 31);
    const { value, next } = this.#head(at, first & 31);
    switch (major) {
      case UNSIGNED:
      case NEGATIVE:
        if (!Number.isSafeInteger(value + major)) throw new DecodeError("an integer beyond 2^53 - 1");
        return next;
      case BYTES:
      case TEXT:
        this.#need(next, value);
        return next + value;
      case LIST:
        return this.#list(next, value, depth);
      case MAP:
        return this.#map(next, value, depth);
      default:
        throw new DecodeError("CBOR tags are not used");
    }
  }

  #list(start: number, length: number, depth: number): number {
    this.#open(start, length, depth);
    let at = start;
    for (let i = 0; i < length; i++) at = this.item(at, depth + 1);
    return at;
  }

  #map(start: number, length: number, depth: number): number {
    this.#open(start, length * 2, depth);
    const seen = new Set<string>();
    let at = start;
    for (let i = 0; i < length; i++) {
      const next = this.item(at, depth + 1);
      const key = this.#key(at, next);
      if (seen.has(key)) throw new DecodeError("a key twice in one map");
      seen.add(key);
      at = this.item(next, depth + 1);
    }
    return at;
  }

  /** The text of a key. One byte stands for one character: it is compared, not shown. */
  #key(at: number, end: number): string {
    const first = this.#bytes[at]!;
    if (first >> 5 !== TEXT) throw new DecodeError("a map key that is not text");
    return LATIN1.decode(this.#bytes.subarray(this.#head(at, first & 31).next, end));
  }

  #open(at: number, items: number, depth: number): void {
    if (depth > MAX_DEPTH) throw new DecodeError(`nested deeper than ${MAX_DEPTH} levels`);
    this.#need(at, items);
  }

  #simple(at: number, info: number): number {
    if (info >= 20 && info <= 22) return at + 1;
    if (info < 25 || info > 27) throw new DecodeError("a simple value other than false, true and null");
    const size = 1 << (info - 24);
    this.#need(at + 1, size);
    if (!Number.isFinite(this.#float(at + 1, size))) throw new DecodeError("a number that is not finite");
    return at + 1 + size;
  }

  #float(at: number, size: number): number {
    if (size === 8) return this.#view.getFloat64(at);
    if (size === 4) return this.#view.getFloat32(at);
    // Half precision: all exponent bits set is an infinity or NaN, and that is all that matters here.
    return (this.#view.getUint16(at) & 0x7c00) === 0x7c00 ? Number.NaN : 0;
  }

  #head(at: number, info: number): { readonly value: number; readonly next: number } {
    if (info < 24) return { value: info, next: at + 1 };
    if (info > 27) throw new DecodeError("an indefinite or reserved length");
    const size = 1 << (info - 24);
    this.#need(at + 1, size);
    return { value: this.#unsigned(at + 1, size), next: at + 1 + size };
  }

  #unsigned(at: number, size: number): number {
    if (size === 1) return this.#view.getUint8(at);
    if (size === 2) return this.#view.getUint16(at);
    if (size === 4) return this.#view.getUint32(at);
    return this.#view.getUint32(at) * 2 ** 32 + this.#view.getUint32(at + 4);
  }

  #need(at: number, size: number): void {
    if (size > this.#bytes.length - at) throw new DecodeError("the CBOR ends early");
  }
}
