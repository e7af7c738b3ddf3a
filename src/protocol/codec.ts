/** Owns the shape both encodings have, and which frames and content types they use. JSON is here; CBOR is loaded apart. */
import { DecodeError } from "./errors.ts";
import { decode, encode } from "./json.ts";
import { SUBPROTOCOL } from "./messages.ts";

export type EncodingName = "json" | "cbor";

/** One encoding of the wire. `Wire` is what travels: text, or bytes. */
export interface Codec<Wire extends string | Uint8Array<ArrayBuffer> = string | Uint8Array<ArrayBuffer>> {
  readonly name: EncodingName;
  readonly contentType: string;
  /** The subprotocol of RPC connections. */
  readonly subprotocol: string;
  /** @throws EncodeError with a path that starts with `label` */
  encode(value: unknown, label?: string): Wire;
  /** @throws DecodeError; also for text where bytes belong, and the reverse */
  decode(data: unknown): unknown;
  /** The list of values already encoded. */
  list(parts: readonly Wire[]): Wire;
}

export const jsonCodec: Codec<string> = Object.freeze({
  name: "json",
  contentType: "application/json",
  subprotocol: SUBPROTOCOL,
  encode,
  decode: (data: unknown): unknown => {
    if (typeof data !== "string") throw new DecodeError("JSON travels in text frames");
    return decode(data);
  },
  list: (parts: readonly string[]): string => `[${parts.join(",")}]`,
});
