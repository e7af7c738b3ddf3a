/**
 * Owns the text of a key: exactly one path segment (design §11.3). Components are percent-encoded and joined by `,`.
 *
 * Invariants:
 * - One key, one text: `keyText(parseKey(text))` is the canonical spelling, and different keys never share it.
 * - The text survives a proxy that normalises paths. `~` is unreserved (RFC 3986 §2.3), so a proxy may turn `%7E` into
 *   it; it is therefore escaped by doubling, never by percent-encoding.
 * - Slashes, backslashes, control characters and dot segments have no spelling at all.
 */
import { DecodeError, EncodeError } from "./errors.ts";

/** A key as actors see it. */
export type Key = readonly string[];

/** Characters of the longest key text. */
export const MAX_KEY_TEXT = 1024;

const EMPTY_KEY = "~";
const EMPTY_COMPONENT = "~0";
/** What no component may contain: a proxy, a router or a log would read each of these as something else. */
const FORBIDDEN = /[/\\\u0000-\u001f\u007f]/;
/** What is spelled as it is: nearly all names and keys. */
const PLAIN = /^[A-Za-z0-9_-]+$/;
/** At most six characters: `%2e%2e`. */
const DOTS = /^(?:\.|%2e){1,2}$/i;

/** A user's way to write a key as a key: nothing is the empty key, a string is one component. */
export const toKey = (key: string | Key | undefined): Key =>
  key === undefined ? [] : typeof key === "string" ? [key] : [...key];

/**
 * The canonical text of a key: `[]` is `~`, `["a", "b c"]` is `a,b%20c`, an empty component is `~0`, a component that
 * starts with `~` gains one more.
 * @throws EncodeError for what has no spelling, and past `MAX_KEY_TEXT`
 */
export const keyText = (key: Key): string => {
  const text =
    key.length === 1 ? componentText(key[0]!, 0) : key.length === 0 ? EMPTY_KEY : key.map(componentText).join(",");
  if (isDotSegment(text)) throw new EncodeError("key[0]", `${JSON.stringify(text)} alone is a dot segment of a path`);
  if (text.length > MAX_KEY_TEXT) throw new EncodeError("key", `its text is longer than ${MAX_KEY_TEXT} characters`);
  return text;
};

/**
 * Reads a key from one raw path segment, percent-encoding undone once.
 * @throws DecodeError naming the reason
 */
export const parseKey = (text: string): Key => {
  if (text.length > MAX_KEY_TEXT) throw new DecodeError(`the key is longer than ${MAX_KEY_TEXT} characters`);
  if (text === "") throw new DecodeError(`the key is missing; the empty key is written ${EMPTY_KEY}`);
  if (isDotSegment(text)) throw new DecodeError("the key is a dot segment");
  if (PLAIN.test(text)) return [text];
  return text === EMPTY_KEY ? [] : text.split(",").map(parseComponent);
};

/** `.` and `..`, however spelled (WHATWG URL, "single-dot" and "double-dot" path segments). */
export const isDotSegment = (segment: string): boolean => segment.length <= 6 && DOTS.test(segment);

/**
 * Undoes percent-encoding of one segment or component.
 * @throws DecodeError for encoded slashes, backslashes and control characters, and for what is not UTF-8
 */
export const decodeSegment = (segment: string, what: string): string => {
  if (PLAIN.test(segment)) return segment;
  let text: string;
  try {
    text = decodeURIComponent(segment);
  } catch {
    throw new DecodeError(`${what} is not percent-encoded UTF-8`);
  }
  if (FORBIDDEN.test(text)) throw new DecodeError(`${what} contains a slash, a backslash or a control character`);
  return text;
};

/** Percent-encodes one segment or component. */
export const encodeSegment = (text: string, path: string): string => {
  if (PLAIN.test(text)) return text;
  if (FORBIDDEN.test(text)) throw new EncodeError(path, "it contains a slash, a backslash or a control character");
  try {
    return encodeURIComponent(text);
  } catch {
    throw new EncodeError(path, "it contains half of a surrogate pair");
  }
};

const componentText = (component: string, index: number): string => {
  const path = `key[${index}]`;
  if (typeof component !== "string")
    throw new EncodeError(path, `a key component is a string, not ${typeof component}`);
  if (component === "") return EMPTY_COMPONENT;
  return (component.startsWith("~") ? "~" : "") + encodeSegment(component, path);
};

const parseComponent = (text: string): string => {
  if (text === "") throw new DecodeError(`an empty key component is written ${EMPTY_COMPONENT}`);
  if (text === EMPTY_COMPONENT) return "";
  const component = decodeSegment(text, "a key component");
  if (!component.startsWith("~")) return component;
  if (!component.startsWith("~~"))
    throw new DecodeError('a key component that starts with "~" is written with one more');
  return component.slice(1);
};
