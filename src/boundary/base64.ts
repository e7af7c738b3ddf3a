/**
 * Owns base64url and base64, strictly (RFC 4648 §4, §5): own alphabet only, no white space, and zero bits after the last
 * byte, so that one byte string has exactly one text. A lenient decoder would let an attacker change the text of a
 * token or a signature without changing its meaning.
 */

const URL_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const INVALID = 0xff;

/** How `=` at the end is treated: `required` as RFC 4648 §4, `optional` for keys that people paste. */
export type Base64Padding = "required" | "optional";

const URL_VALUES = valuesOf(URL_ALPHABET);
const VALUES = valuesOf(ALPHABET);

function valuesOf(alphabet: string): Uint8Array {
  const values = new Uint8Array(128).fill(INVALID);
  for (let index = 0; index < alphabet.length; index++) values[alphabet.charCodeAt(index)] = index;
  return values;
}

/** The bytes of unpadded base64url, or null where the text is anything else. */
export function decodeBase64Url(text: string): Uint8Array<ArrayBuffer> | null {
  return decode(text, text.length, URL_VALUES);
}

/** The bytes of standard base64, or null where the text is anything else. */
export function decodeBase64(text: string, padding: Base64Padding = "required"): Uint8Array<ArrayBuffer> | null {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 61 && text.length - end < 2) end--;
  const padded = end < text.length || padding === "required";
  if (padded && (text.length % 4 !== 0 || (end % 4 === 0 && end < text.length))) return null;
  return decode(text, end, VALUES);
}

export function encodeBase64Url(bytes: Uint8Array): string {
  return encode(bytes, URL_ALPHABET);
}

export function encodeBase64(bytes: Uint8Array): string {
  const text = encode(bytes, ALPHABET);
  return text.padEnd(Math.ceil(text.length / 4) * 4, "=");
}

function decode(text: string, length: number, values: Uint8Array): Uint8Array<ArrayBuffer> | null {
  const rest = length & 3;
  if (rest === 1) return null;
  const whole = length - rest;
  const bytes = new Uint8Array((whole >> 2) * 3 + (rest === 0 ? 0 : rest - 1));
  let at = 0;
  // Every sextet is OR-ed in: an invalid one is 0xff (or undefined → 0xff), which leaves the top bits set.
  let seen = 0;
  for (let index = 0; index < whole; index += 4) {
    const a = values[text.charCodeAt(index)] ?? INVALID;
    const b = values[text.charCodeAt(index + 1)] ?? INVALID;
    const c = values[text.charCodeAt(index + 2)] ?? INVALID;
    const d = values[text.charCodeAt(index + 3)] ?? INVALID;
    seen |= a | b | c | d;
    bytes[at++] = (a << 2) | (b >> 4);
    bytes[at++] = (b << 4) | (c >> 2);
    bytes[at++] = (c << 6) | d;
  }
  if (rest !== 0) {
    const a = values[text.charCodeAt(whole)] ?? INVALID;
    const b = values[text.charCodeAt(whole + 1)] ?? INVALID;
    const c = rest === 3 ? (values[text.charCodeAt(whole + 2)] ?? INVALID) : 0;
    const unused = rest === 3 ? c & 0b11 : b & 0b1111;
    if (unused !== 0) return null;
    seen |= a | b | c;
    bytes[at++] = (a << 2) | (b >> 4);
    if (rest === 3) bytes[at] = (b << 4) | (c >> 2);
  }
  return seen > 63 ? null : bytes;
}

function encode(bytes: Uint8Array, alphabet: string): string {
  let text = "";
  for (let index = 0; index < bytes.length; index += 3) {
    const a = bytes[index] as number;
    const b = bytes[index + 1] ?? 0;
    const c = bytes[index + 2] ?? 0;
    text += alphabet.charAt(a >> 2) + alphabet.charAt(((a & 3) << 4) | (b >> 4));
    if (index + 1 < bytes.length) text += alphabet.charAt(((b & 15) << 2) | (c >> 6));
    if (index + 2 < bytes.length) text += alphabet.charAt(c & 63);
  }
  return text;
}
