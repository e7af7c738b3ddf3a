/**
 * Owns hexadecimal text: even length, and letters of one case, so that changing one character of a signature always
 * changes its bytes or makes it invalid.
 */

const DIGITS = "0123456789abcdef";
const INVALID = 16;
const UPPER = 32;
const LOWER = 64;

/**
 * For each character code below 256: the value of a digit in the low four bits, above them what kind of character it
 * is.
 */
const NIBBLES = new Uint8Array(256).fill(INVALID);
for (let value = 0; value < 16; value++) {
  const digit = DIGITS.charAt(value);
  NIBBLES[digit.toUpperCase().charCodeAt(0)] = value < 10 ? value : value | UPPER;
  NIBBLES[digit.charCodeAt(0)] = value < 10 ? value : value | LOWER;
}

/** The bytes of the text, or null where it is not hexadecimal of even length in one case. */
export function decodeHex(text: string): Uint8Array<ArrayBuffer> | null {
  if (text.length % 2 !== 0) return null;
  const bytes = new Uint8Array(text.length / 2);
  let seen = 0;
  for (let index = 0; index < bytes.length; index++) {
    const first = text.charCodeAt(index * 2);
    const second = text.charCodeAt(index * 2 + 1);
    const high = NIBBLES[first & 0xff] as number;
    const low = NIBBLES[second & 0xff] as number;
    // Codes beyond the table leave bits above the eighth.
    seen |= high | low | ((first | second) & 0xff00);
    bytes[index] = (high << 4) | (low & 15);
  }
  const mixed = (seen & UPPER) !== 0 && (seen & LOWER) !== 0;
  return (seen & INVALID) !== 0 || seen > 0xff || mixed ? null : bytes;
}

/** The two digits of each byte. */
const BYTES = Array.from({ length: 256 }, (_, byte) => DIGITS.charAt(byte >> 4) + DIGITS.charAt(byte & 15));

export function encodeHex(bytes: Uint8Array): string {
  let text = "";
  for (let index = 0; index < bytes.length; index++) text += BYTES[bytes[index] as number];
  return text;
}
