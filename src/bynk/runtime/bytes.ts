/** Owns `Bytes` of Bynk: statics, methods and equality. */
import { decodeBase64, encodeBase64 } from "../../boundary/base64.ts";
import { None, type Option, Some } from "./option.ts";

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const Bytes = {
  fromUtf8: (text: string): Uint8Array => ENCODER.encode(text),
  fromBase64(text: string): Option<Uint8Array> {
    const bytes = decodeBase64(text, "required");
    return bytes === null ? None : Some(bytes);
  },
  empty: (): Uint8Array => new Uint8Array(0),
  toBase64: (bytes: Uint8Array): string => encodeBase64(bytes),
  decodeUtf8(bytes: Uint8Array): Option<string> {
    try {
      return Some(DECODER.decode(bytes));
    } catch {
      return None;
    }
  },
};
