/**
 * Owns the frames of a tunnel: one WebSocket between a front and an actor that carries many streams. A frame is a type, a
 * stream number and a payload of at most {@link CHUNK} bytes, well below what any part of the way takes (64 KiB documented).
 */

export const CHUNK = 48 * 1024;

export const FRAME = {
  /** JSON: opens a stream. */
  open: 1,
  /** JSON: the head of an answer. */
  head: 2,
  /** Bytes of a body. */
  data: 3,
  /** The body is complete. */
  end: 4,
  /** Part of a WebSocket message: flags, bytes. */
  message: 5,
  /** A WebSocket is closed: code, reason. */
  close: 6,
  /** The stream is over, without a word of its own: reason. */
  reset: 7,
  /** More bytes may be sent: count. */
  credit: 8,
  /** Asks whether the other side is there; stream 0. */
  ping: 9,
  pong: 10,
} as const;

export type FrameType = (typeof FRAME)[keyof typeof FRAME];

export interface Frame {
  readonly type: number;
  readonly stream: number;
  readonly payload: Uint8Array;
}

/** Length, type, stream. */
const HEADER = 9;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encodeFrame(type: FrameType, stream: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, payload.length);
  view.setUint8(4, type);
  view.setUint32(5, stream);
  bytes.set(payload, HEADER);
  return bytes;
}

/** The frames of a message, one behind the other. @throws RangeError for what is none */
export function* decodeFrames(bytes: Uint8Array): Generator<Frame> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length; ) {
    const size = view.getUint32(at);
    const [type, stream] = [view.getUint8(at + 4), view.getUint32(at + 5)];
    const start = at + HEADER;
    if (start + size > bytes.length) throw new RangeError("A frame is cut short");
    yield { type, stream, payload: bytes.subarray(start, start + size) };
    at = start + size;
  }
}

export function textBytes(text: string): Uint8Array {
  return encoder.encode(text);
}

export function bytesText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

export function creditPayload(count: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, count);
  return bytes;
}

export function readCredit(payload: Uint8Array): number {
  if (payload.length !== 4) return 0;
  return new DataView(payload.buffer, payload.byteOffset, 4).getUint32(0);
}

export function closePayload(code: number, reason: string): Uint8Array {
  const text = encoder.encode(reason).subarray(0, 123);
  const bytes = new Uint8Array(2 + text.length);
  new DataView(bytes.buffer).setUint16(0, code);
  bytes.set(text, 2);
  return bytes;
}

export function readClose(payload: Uint8Array): { readonly code: number; readonly reason: string } {
  if (payload.length < 2) return { code: 1005, reason: "" };
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  return { code: view.getUint16(0), reason: bytesText(payload.subarray(2)) };
}

const TEXT = 1;
const FINAL = 2;

/** A WebSocket message in parts. */
export function messageParts(data: string | Uint8Array): readonly Uint8Array[] {
  const isText = typeof data === "string";
  const bytes = isText ? encoder.encode(data) : data;
  const parts: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += CHUNK) {
    const slice = bytes.subarray(at, at + CHUNK);
    const part = new Uint8Array(1 + slice.length);
    part[0] = (isText ? TEXT : 0) | (at + CHUNK >= bytes.length ? FINAL : 0);
    part.set(slice, 1);
    parts.push(part);
  }
  return parts;
}

/** Puts parts together again; null until the last one. */
export class MessageReader {
  #parts: Uint8Array[] = [];

  read(payload: Uint8Array): string | Uint8Array | null {
    const flags = payload[0] ?? FINAL;
    this.#parts.push(payload.slice(1));
    if ((flags & FINAL) === 0) return null;
    const bytes = joined(this.#parts);
    this.#parts = [];
    return (flags & TEXT) === 0 ? bytes : bytesText(bytes);
  }
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
