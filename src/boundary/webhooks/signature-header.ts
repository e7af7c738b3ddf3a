/**
 * Owns reading a signature header: strictly, with caps, into the digests that may count. One malformed item spoils the
 * whole header: it means that something between sender and here rewrote it (headers repeated and joined, for instance).
 */
import { decodeBase64 } from "../base64.ts";
import { decodeHex } from "../hex.ts";
import type { SignatureGrammar, SignatureVariant } from "./format.ts";

/** Longest signature header that is looked at (ruling 13). */
export const MAX_SIGNATURE_HEADER_LENGTH = 4096;
/** Items in one header, and digests among them that are compared. */
const MAX_ITEMS = 32;
const MAX_DIGESTS = 8;

export interface PresentedDigest {
  readonly variant: SignatureVariant;
  readonly bytes: Uint8Array;
}

export interface SignatureHeader {
  readonly digests: readonly PresentedDigest[];
  /** What else the header carries, such as `t`. */
  readonly others: readonly Item[];
}

export type SignatureHeaderReason =
  | "signature.too_long"
  | "signature.malformed"
  | "signature.too_many"
  | "signature.missing";

const EQUALS = 61;

/** A labelled value of the header. */
export interface Item {
  readonly label: string;
  readonly value: string;
}

/** Reads the header; a string is the reason why it is refused. */
export function readSignatureHeader(
  header: string,
  grammar: SignatureGrammar,
  variants: readonly SignatureVariant[],
): SignatureHeader | SignatureHeaderReason {
  if (header.length > MAX_SIGNATURE_HEADER_LENGTH) return "signature.too_long";
  return grammar.form === "single" ? readSingle(header, variants) : readSeveral(header, grammar, variants);
}

const NO_ITEMS: readonly Item[] = Object.freeze([]);

function readSingle(header: string, variants: readonly SignatureVariant[]): SignatureHeader | SignatureHeaderReason {
  for (const variant of variants) {
    const { label } = variant;
    const labelled = label !== "" && header.charCodeAt(label.length) === EQUALS && header.startsWith(label);
    if (label !== "" && !labelled) continue;
    const bytes = decodeDigest(label === "" ? header : header.slice(label.length + 1), variant);
    return bytes === null ? "signature.malformed" : { digests: [{ variant, bytes }], others: NO_ITEMS };
  }
  return "signature.missing";
}

function readSeveral(
  header: string,
  grammar: Exclude<SignatureGrammar, { readonly form: "single" }>,
  variants: readonly SignatureVariant[],
): SignatureHeader | SignatureHeaderReason {
  const texts = header.split(grammar.form === "list" ? " " : grammar.separator);
  if (texts.length > MAX_ITEMS) return "signature.too_many";
  const digests: PresentedDigest[] = [];
  const others: Item[] = [];
  for (const text of texts) {
    const item = readItem(text, grammar.form === "list" ? "," : "=");
    if (item === null) return "signature.malformed";
    const variant = variants.find(({ label }) => label === item.label);
    if (variant === undefined) {
      // Digests may repeat while a secret is rotated; a second time or id would leave open which one was signed.
      if (others.some(({ label }) => label === item.label)) return "signature.malformed";
      others.push(item);
      continue;
    }
    const bytes = decodeDigest(item.value, variant);
    if (bytes === null) return "signature.malformed";
    digests.push({ variant, bytes });
  }
  if (digests.length === 0) return "signature.missing";
  return digests.length > MAX_DIGESTS ? "signature.too_many" : { digests, others };
}

function decodeDigest(text: string, variant: SignatureVariant): Uint8Array | null {
  return variant.digest === "hex" ? decodeHex(text) : decodeBase64(text);
}

function readItem(text: string, delimiter: string): Item | null {
  const at = text.indexOf(delimiter);
  const label = text.slice(0, at);
  const value = text.slice(at + 1);
  return at > 0 && isVisible(label) && isVisible(value) ? { label, value } : null;
}

/** One or more visible ASCII characters, without the comma that joins repeated headers. */
function isVisible(text: string): boolean {
  if (text.length === 0) return false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 33 || code > 126 || code === 44) return false;
  }
  return true;
}
