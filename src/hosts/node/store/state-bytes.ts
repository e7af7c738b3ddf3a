/**
 * Owns the encoding of states for the file. They are stored as bytes, not text: encoding once serves the checksum and the
 * statement, which for 10 KB costs half of binding a text.
 */

/** Three bytes a character is the most UTF-8 takes. */
const BYTES_PER_CHARACTER = 3;
const scratch = Buffer.allocUnsafeSlow(3 * 65_536);

/** The state as UTF-8. Valid until the next call: the bytes may lie in a buffer that is used again. */
export function encode(state: string | null): Uint8Array | null {
  if (state === null) return null;
  if (state.length * BYTES_PER_CHARACTER > scratch.length) return Buffer.from(state, "utf8");
  return scratch.subarray(0, scratch.write(state, "utf8"));
}
