/**
 * Owns reading the facts of a delivery beside its signature: time, id, position in a sequence. Each is read
 * canonically or not at all. Body fields are read after the signature has been verified, from the bytes it covers.
 */
import { decodeUtf8 } from "../json-strict.ts";
import type { Presentation } from "../scheme.ts";
import type { FieldSource, TimeSource } from "./format.ts";
import type { SignatureHeader } from "./signature-header.ts";
import type { SignedValues } from "./template.ts";

/** Digits of the largest whole number that is read; fewer than a double holds exactly. */
const MOST_DIGITS = 15;
const LONGEST_ID = 256;

/** One delivery and what has been read of it. The body is parsed at most once, and only when asked for. */
export class Delivery implements SignedValues {
  readonly #presentation: Presentation;
  readonly signature: SignatureHeader;
  readonly body: Uint8Array;
  timestamp: string | null = null;
  /** The declared time, epoch ms, once read. */
  time: number | null = null;
  id: string | null = null;
  form = "";
  url: string;
  #json: unknown;
  #parsed = false;

  constructor(presentation: Presentation, signature: SignatureHeader, body: Uint8Array) {
    this.#presentation = presentation;
    this.signature = signature;
    this.body = body;
    this.url = presentation.url;
  }

  header(name: string): string | null {
    return this.#presentation.header(name);
  }

  /** The value at its source: text, or whatever JSON holds there; undefined when absent. */
  field(source: FieldSource): unknown {
    switch (source.from) {
      case "header":
        return this.#presentation.header(source.header) ?? undefined;
      case "signature":
        return this.signature.others.find(({ label }) => label === source.key)?.value;
      case "body":
        return ownPath(this.#bodyJson(), source.path);
    }
  }

  /** Verified bytes, so the platform's parser will do: whoever signed them also chose them. */
  #bodyJson(): unknown {
    if (!this.#parsed) {
      this.#parsed = true;
      this.#json = parseJson(this.body);
    }
    return this.#json;
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decodeUtf8(bytes) ?? "");
  } catch {
    return undefined;
  }
}

function ownPath(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (const name of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  return at;
}

/**
 * A non-negative whole number, from canonical decimal text or, in a JSON body, from a number. `""`, `1e3`, `01`,
 * `+1`, `1.5` and repeated headers are not numbers: `Number("")` is 0, and a lenient reader would call that a time.
 */
export function readWholeNumber(value: unknown, source: FieldSource): number | null {
  if (typeof value === "string") return readDecimal(value);
  return source.from === "body" && Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : null;
}

function readDecimal(text: string): number | null {
  const { length } = text;
  if (length === 0 || length > MOST_DIGITS || (length > 1 && text.charCodeAt(0) === ZERO)) return null;
  let value = 0;
  for (let index = 0; index < length; index++) {
    const digit = text.charCodeAt(index) - ZERO;
    if (digit < 0 || digit > 9) return null;
    value = value * 10 + digit;
  }
  return value;
}

const ZERO = 48;

/** Epoch ms of a time field. */
export function toEpochMs(time: number, source: TimeSource): number {
  return source.unit === "ms" ? time : time * 1000;
}

/**
 * An id: visible ASCII without the comma that joins repeated headers, at most 256 characters. A JSON number counts as
 * its text.
 */
export function readId(value: unknown): string | null {
  const text = Number.isSafeInteger(value) ? String(value) : value;
  return typeof text === "string" && text.length <= LONGEST_ID && /^[\x21-\x2b\x2d-\x7e]+$/.test(text) ? text : null;
}
