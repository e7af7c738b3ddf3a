/**
 * Owns records as bytes, for CBOR: the channel and the length of what follows, 32 bits each, most significant byte first,
 * then the control (UTF-8) or the frame.
 */
import { DecodeError } from "./errors.ts";
import { type Framing, isControl, MAX_RECORDS, MUX_SUBPROTOCOL_CBOR, type MuxRecord } from "./mux.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const HEAD = 8;

export const binaryFraming: Framing<Bytes> = Object.freeze({
  subprotocol: MUX_SUBPROTOCOL_CBOR,
  control: (channel: number, text: string): Bytes => record(channel, new TextEncoder().encode(text)),
  frame: (channel: number, frame: Bytes): Bytes => record(channel, frame),
  join: (records: readonly Bytes[]): Bytes => {
    if (records.length === 1) return records[0]!;
    const joined = new Uint8Array(records.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of records) {
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  },
  read: (data: unknown): MuxRecord<Bytes>[] => {
    const bytes = asBytes(data);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const records: MuxRecord<Bytes>[] = [];
    for (let at = 0; at < bytes.length || records.length === 0; ) {
      if (records.length === MAX_RECORDS) throw new DecodeError(`the frame has more than ${MAX_RECORDS} records`);
      if (at + HEAD > bytes.length) throw new DecodeError("a record is cut short");
      const end = at + HEAD + view.getUint32(at + 4);
      if (end > bytes.length) throw new DecodeError("a record is cut short");
      records.push(readRecord(view.getUint32(at), bytes.subarray(at + HEAD, end)));
      at = end;
    }
    return records;
  },
});

const record = (channel: number, payload: Uint8Array): Bytes => {
  const bytes = new Uint8Array(HEAD + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, channel);
  view.setUint32(4, payload.length);
  bytes.set(payload, HEAD);
  return bytes;
};

const readRecord = (channel: number, payload: Bytes): MuxRecord<Bytes> => {
  if (!isControl(payload[0] ?? 0)) return { channel, control: null, frame: payload };
  try {
    return { channel, control: new TextDecoder("utf-8", { fatal: true }).decode(payload) };
  } catch {
    throw new DecodeError("a control is not UTF-8");
  }
};

const asBytes = (data: unknown): Bytes => {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  throw new DecodeError("CBOR travels in binary frames");
};
