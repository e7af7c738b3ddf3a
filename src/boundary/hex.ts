/**
 * Owns hexadecimal text: even length, and letters of one case, so that changing one character of a signature always
 * changes its bytes or makes it invalid.
 */

const DIGITS = "0123456789abcdef";
const INVALID = 16;
const UPPER = 32;
const LOWER = 64;

/** The bytes of the text, or null where it is not hexadecimal of even length in one case. */
export function decodeHex(text: string): Uint8Array<ArrayBuffer> | null {
  if (text.length % 2 !== 0) return null;
  const bytes = new Uint8Array(text.length / 2);
  let seen = 0;
  for (let index = 0; index < bytes.length; index++) {
    const high = nibble(text.charCodeAt(index * 2));
    const low = nibble(text.charCodeAt(index * 2 + 1));
    seen |= high | low;
    bytes[index] = ((high & 15) << 4) | (low & 15);
  }
  const mixed = (seen & UPPER) !== 0 && (seen & LOWER) !== 0;
  return (seen & INVALID) !== 0 || mixed ? null : bytes;
}

export function encodeHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += DIGITS.charAt(byte >> 4) + DIGITS.charAt(byte & 15);
  return text;
}

/** The value of a digit in the low four bits; above them what kind of character it was. */
function nibble(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return (code - 87) | LOWER;
  if (code >= 65 && code <= 70) return (code - 55) | UPPER;
  return INVALID;
}
