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
  readonly places: ReadonlySet<string>;
  /** Lower-case names of the headers in it. */
  readonly headers: readonly string[];
  readonly coversBody: boolean;
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
  const places = new Set(parts.flatMap(({ kind, text: place }) => (kind === "place" ? [place] : [])));
  const bodies = parts.filter(({ text: place, kind }) => kind === "place" && place === "body").length;
  if (bodies > 1) fail("{body} stands more than once");
  if (places.has("body") && parts.at(-1)?.text !== "body") fail("{body} comes last");
  const headers = parts.flatMap(({ kind, text: name }) => (kind === "header" ? [name] : []));
  return Object.freeze({ parts, places, headers, coversBody: places.has("body") });
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

/** The signed bytes; null where a value is missing or contains the delimiter after it. */
export function buildSigned(template: Template, values: SignedValues): Uint8Array | null {
  let text = "";
  for (let index = 0; index < template.parts.length; index++) {
    const part = template.parts[index] as Part;
    if (part.kind === "place" && part.text === "body") return joinBytes(text, values.body);
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
  if (text === "") return body;
  const head = UTF8.encode(text);
  const joined = new Uint8Array(head.length + body.length);
  joined.set(head);
  joined.set(body, head.length);
  return joined;
}
