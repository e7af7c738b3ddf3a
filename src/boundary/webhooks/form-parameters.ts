/**
 * Owns the parameters of a form body as Twilio signs them: sorted by name, names and values joined without
 * delimiters, equal names with their distinct values sorted. Reading is strict: what two parsers could read
 * differently is refused.
 */
import { decodeUtf8 } from "../json-strict.ts";

const FORM_TYPE = /^application\/x-www-form-urlencoded(?:\s*;.*)?$/i;
/** What a form body may consist of (WHATWG URL, application/x-www-form-urlencoded serializing, and `~`). */
const FORM_TEXT = /^[A-Za-z0-9*\-._~+%&=]*$/;
const MAX_PARAMETERS = 1000;

export function isFormType(contentType: string | null): boolean {
  return contentType !== null && FORM_TYPE.test(contentType);
}

/** The joined parameters; null where the body is not a form. */
export function joinFormParameters(body: Uint8Array): string | null {
  const text = decodeUtf8(body);
  if (text === null || !FORM_TEXT.test(text)) return null;
  const values = new Map<string, Set<string>>();
  const pairs = text.split("&").filter((pair) => pair !== "");
  if (pairs.length > MAX_PARAMETERS) return null;
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    const name = decodeComponent(at < 0 ? pair : pair.slice(0, at));
    const value = decodeComponent(at < 0 ? "" : pair.slice(at + 1));
    if (name === null || value === null) return null;
    const known = values.get(name);
    if (known === undefined) values.set(name, new Set([value]));
    else known.add(value);
  }
  return [...values.keys()]
    .sort()
    .map((name) =>
      [...(values.get(name) ?? [])]
        .sort()
        .map((value) => name + value)
        .join(""),
    )
    .join("");
}

function decodeComponent(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return null;
  }
}
