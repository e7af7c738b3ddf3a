/**
 * Owns the sharing of one WebSocket by several RPC connections (`GET /_byward/connect`): each is a channel, by number.
 * `docs/wire.md` §10 is this file and its two encodings in prose.
 *
 * A record is what one channel says: its number, and either a control text or a frame of `messages.ts`, byte for byte as
 * on a socket of its own. A frame of the shared socket is one record or several, in order.
 */
import { DecodeError } from "./errors.ts";

export const MUX_PATH = "/_byward/connect";
export const MUX_SUBPROTOCOL = "byward.mux.v1";
export const MUX_SUBPROTOCOL_CBOR = "byward.mux.v1.cbor";

/** Records of one frame. */
export const MAX_RECORDS = 1024;
/** Numbers are 32 bits wide; 0 is the shared socket itself. */
export const MAX_CHANNEL = 0xff_ff_ff_ff;

/** `control` is an actor's path, which opens the channel, or `!code reason`, which closes it. */
export type MuxRecord<Wire> =
  | { readonly channel: number; readonly control: string }
  | { readonly channel: number; readonly control: null; readonly frame: Wire };

export interface Framing<Wire extends string | Uint8Array = string | Uint8Array> {
  readonly subprotocol: string;
  control(channel: number, text: string): Wire;
  frame(channel: number, frame: Wire): Wire;
  join(records: readonly Wire[]): Wire;
  /** The records of one frame, in order. @throws DecodeError */
  read(data: unknown): MuxRecord<Wire>[];
}

/** First bytes that no frame has, in JSON or CBOR: `/` and `!`. */
export const isControl = (first: number): boolean => first === 0x2f || first === 0x21;

/** Reasons are for people; a line feed would end the record. */
export const closeText = (code: number, reason: string): string =>
  `!${code} ${reason.replace(/[\u0000-\u001f]/g, " ").slice(0, 120)}`;

/** A path as a request line could carry it, without a query: nothing else may name an actor. */
export const isRawPath = (path: string): boolean => !/[^!-~]|[?#]/.test(path);

/** @throws DecodeError */
export const readClose = (text: string): { readonly code: number; readonly reason: string } => {
  const [, code, reason = ""] = /^!(\d{4})(?: (.*))?$/.exec(text) ?? [];
  if (code === undefined) throw new DecodeError("a close is not !code reason");
  return { code: Number(code), reason };
};
