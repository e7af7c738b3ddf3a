/**
 * Owns base64url and base64, strictly (RFC 4648 §4, §5): own alphabet only, no white space, and zero bits after the
 * last byte, so that one byte string has exactly one text. A lenient decoder would let an attacker change the text of
 * a token or a signature without changing its meaning.
 */

const URL_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const INVALID = 0xff;

/** How `=` at the end is treated: `required` as RFC 4648 §4, `optional` for keys that people paste. */
export type Base64Padding = "required" | "optional";

const URL_VALUES = valuesOf(URL_ALPHABET);
const VALUES = valuesOf(ALPHABET);

/** The value of each character code below 256. */
function valuesOf(alphabet: string): Uint8Array {
  const values = new Uint8Array(256).fill(INVALID);
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
  if ((length & 3) === 1) return null;
  const bytes = new Uint8Array(decodedLength(length));
  return decodeInto(text, length, values, bytes) ? bytes : null;
}

function decodedLength(length: number): number {
  return (length >> 2) * 3 + Math.max(0, (length & 3) - 1);
}

/**
 * Decodes into the beginning of `bytes`; false where the text is not of this alphabet or has bits after its last
 * byte.
 */
function decodeInto(text: string, length: number, values: Uint8Array, bytes: Uint8Array): boolean {
  const rest = length & 3;
  const whole = length - rest;
  // Every value is OR-ed in: an invalid character, or one beyond the table, leaves bits above the sixth.
  let seen = 0;
  let at = 0;
  for (let index = 0; index < whole; index += 4) {
    const a = valueAt(text, index, values);
    const b = valueAt(text, index + 1, values);
    const c = valueAt(text, index + 2, values);
    const d = valueAt(text, index + 3, values);
    seen |= a | b | c | d;
    bytes[at++] = (a << 2) | (b >> 4);
    bytes[at++] = (b << 4) | (c >> 2);
    bytes[at++] = (c << 6) | d;
  }
  if (rest === 0) return seen <= 63;
  const a = valueAt(text, whole, values);
  const b = valueAt(text, whole + 1, values);
  const c = rest === 3 ? valueAt(text, whole + 2, values) : 0;
  bytes[at++] = (a << 2) | (b >> 4);
  if (rest === 3) bytes[at] = (b << 4) | (c >> 2);
  const unused = rest === 3 ? c & 0b11 : b & 0b1111;
  return unused === 0 && (seen | a | b | c) <= 63;
}

function valueAt(text: string, index: number, values: Uint8Array): number {
  const code = text.charCodeAt(index);
  return (values[code & 0xff] as number) | (code & 0xff00);
}

const SCRATCH = new Uint8Array(8 * 1024);

/** The bytes of unpadded base64url in a buffer that the next call uses again; for what is read at once. */
export function peekBase64Url(text: string): Uint8Array | null {
  const length = decodedLength(text.length);
  if ((text.length & 3) === 1) return null;
  if (length > SCRATCH.length) return decodeBase64Url(text);
  return decodeInto(text, text.length, URL_VALUES, SCRATCH) ? SCRATCH.subarray(0, length) : null;
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
