/**
 * Owns the signed string of a webhook format: reading its template once, and building the exact bytes of a delivery.
 * The body is copied as bytes and never decoded.
 *
 * A value that stands before a literal may not contain that literal's first character, so that no two deliveries share
 * one signed string (Standard Webhooks, "Signature scheme": an id with a dot in it).
 */
export type Place = "timestamp" | "id" | "body" | "url" | "form";

interface Part {
  readonly kind: "literal" | "place" | "header";
  /** The literal text, the place, or the header's lower-case name. */
  readonly text: string;
}

export interface Template {
  readonly parts: readonly Part[];
  /** Which places it has. */
  readonly has: Readonly<Record<Place, boolean>>;
  /** Lower-case names of the headers in it. */
  readonly headers: readonly string[];
}

/** The values of one delivery. */
export interface SignedValues {
  readonly timestamp: string | null;
  readonly id: string | null;
  readonly url: string;
  readonly form: string;
  readonly body: Uint8Array;
  header(name: string): string | null;
}

const PLACES: readonly string[] = ["timestamp", "id", "body", "url", "form"];
const UTF8 = new TextEncoder();

/** Reads `{timestamp}.{body}` and the like. */
export function parseTemplate(text: unknown, fail: (problem: string) => never): Template {
  if (typeof text !== "string" || text.length === 0) return fail("signed is a string such as {timestamp}.{body}");
  const parts = text.split(/(\{[^{}]*\})/).flatMap((piece): Part[] => (piece === "" ? [] : [readPart(piece, fail)]));
  parts.forEach((part, index) => {
    const next = parts[index + 1];
    if (part.kind === "literal" || next === undefined || next.kind === "literal") return;
    // A canonical time in the window has a known number of digits, and a URL before form parameters is Twilio's way.
    const known = part.text === "timestamp" ? next.text === "body" : part.text === "url" && next.text === "form";
    if (!known) fail(`{${part.text}} and {${next.text}} need a delimiter between them`);
  });
  const places = parts.flatMap(({ kind, text: place }) => (kind === "place" ? [place] : []));
  if (places.indexOf("body") !== places.lastIndexOf("body")) fail("{body} stands more than once");
  if (places.includes("body") && parts.at(-1)?.text !== "body") fail("{body} comes last");
  const has = Object.fromEntries(PLACES.map((place) => [place, places.includes(place)])) as Record<Place, boolean>;
  const headers = parts.flatMap(({ kind, text: name }) => (kind === "header" ? [name] : []));
  return Object.freeze({ parts, has, headers });
}

function readPart(piece: string, fail: (problem: string) => never): Part {
  if (!piece.startsWith("{")) {
    return piece.includes("{") || piece.includes("}")
      ? fail("signed has a stray brace")
      : { kind: "literal", text: piece };
  }
  const name = piece.slice(1, -1);
  if (name.startsWith("header:")) {
    const header = name.slice("header:".length).toLowerCase();
    return /^[a-z0-9-]+$/.test(header) ? { kind: "header", text: header } : fail(`${piece} names no header`);
  }
  return PLACES.includes(name) ? { kind: "place", text: name } : fail(`${piece} is not a place of the signed string`);
}

/** Puts text and body together as bytes. */
export type JoinBytes = (text: string, body: Uint8Array) => Uint8Array;

/** The signed bytes; null where a value is missing or contains the delimiter after it. */
export function buildSigned(template: Template, values: SignedValues, join: JoinBytes = joinBytes): Uint8Array | null {
  let text = "";
  for (let index = 0; index < template.parts.length; index++) {
    const part = template.parts[index] as Part;
    if (part.kind === "place" && part.text === "body") return text === "" ? values.body : join(text, values.body);
    const value = part.kind === "literal" ? part.text : partValue(part, values);
    if (value === null) return null;
    const next = template.parts[index + 1];
    if (part.kind !== "literal" && next?.kind === "literal" && value.includes(next.text.charAt(0))) return null;
    text += value;
  }
  return UTF8.encode(text);
}

function partValue(part: Part, values: SignedValues): string | null {
  if (part.kind === "header") return values.header(part.text);
  switch (part.text) {
    case "timestamp":
      return values.timestamp;
    case "id":
      return values.id;
    case "url":
      return values.url;
    default:
      return values.form;
  }
}

function joinBytes(text: string, body: Uint8Array): Uint8Array {
  const head = UTF8.encode(text);
  const joined = new Uint8Array(head.length + body.length);
  joined.set(head);
  joined.set(body, head.length);
  return joined;
}

const LARGEST_SCRATCH = 256 * 1024;
/** A character of a string takes at most three bytes of UTF-8. */
const MOST_BYTES_PER_CHARACTER = 3;

/**
 * Joins into one buffer that is used again by the next call, for results that are done with by then: allocating a
 * kilobyte costs more than its HMAC. The buffer grows to what deliveries need, up to 256 KiB; longer ones get one of
 * their own.
 */
export function createScratchJoin(): JoinBytes {
  let scratch = new Uint8Array(4096);
  return (text, body) => {
    const most = text.length * MOST_BYTES_PER_CHARACTER + body.length;
    if (most > LARGEST_SCRATCH) return joinBytes(text, body);
    if (most > scratch.length) scratch = new Uint8Array(Math.min(LARGEST_SCRATCH, most * 2));
    const head = writeText(text, scratch);
    scratch.set(body, head);
    return scratch.subarray(0, head + body.length);
  };
}

/**
 * Writes text as UTF-8 and says how long it is. Signed texts are short and ASCII, for which a loop is the fastest
 * way.
 */
function writeText(text: string, target: Uint8Array): number {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 127) return UTF8.encodeInto(text, target).written;
    target[index] = code;
  }
  return text.length;
}
