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
  /** The value of a key that is not a digest, such as `t`; undefined when absent. */
  other(key: string): string | undefined;
}

export type SignatureHeaderReason =
  | "signature.too_long"
  | "signature.malformed"
  | "signature.too_many"
  | "signature.missing";

interface Item {
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
  const items = splitItems(header, grammar, variants);
  if (typeof items === "string") return items;
  const digests: PresentedDigest[] = [];
  for (const { label, value } of items) {
    const variant = variants.find((candidate) => candidate.label === label);
    if (variant === undefined) continue;
    const bytes = variant.digest === "hex" ? decodeHex(value) : decodeBase64(value);
    if (bytes === null) return "signature.malformed";
    digests.push({ variant, bytes });
  }
  if (digests.length === 0) return "signature.missing";
  if (digests.length > MAX_DIGESTS) return "signature.too_many";
  return { digests, other: (key) => items.find(({ label }) => label === key)?.value };
}

function splitItems(
  header: string,
  grammar: SignatureGrammar,
  variants: readonly SignatureVariant[],
): readonly Item[] | SignatureHeaderReason {
  if (grammar.form === "single") return [readSingle(header, variants)];
  const texts = header.split(grammar.form === "list" ? " " : grammar.separator);
  if (texts.length > MAX_ITEMS) return "signature.too_many";
  const delimiter = grammar.form === "list" ? "," : "=";
  const items: Item[] = [];
  for (const text of texts) {
    const item = readItem(text, delimiter);
    if (item === null) return "signature.malformed";
    // Digests may repeat while a secret is rotated; a second time or id would leave open which one was signed.
    const repeated = items.some(({ label }) => label === item.label);
    if (repeated && !variants.some(({ label }) => label === item.label)) return "signature.malformed";
    items.push(item);
  }
  return items;
}

function readSingle(header: string, variants: readonly SignatureVariant[]): Item {
  for (const { label } of variants) {
    if (label !== "" && header.startsWith(`${label}=`)) return { label, value: header.slice(label.length + 1) };
  }
  return { label: "", value: header };
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
