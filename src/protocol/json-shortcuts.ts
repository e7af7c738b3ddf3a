/**
 * Owns the short way, in JSON, for the two messages nearly all traffic is made of: an action and its result. Each function
 * gives exactly what the general way gives, or null: then the general way decides, and says what is wrong.
 *
 * Invariant: `null` is always a right answer. Whatever is unusual, an escape, another order of members, a tag, is not read
 * here.
 */
import { isPlain } from "./json-plain.ts";
import { MAX_DEPTH, MAX_NAME } from "./limits.ts";
import type { ActionMessage, ResultMessage } from "./messages.ts";
import { isWithinDepth } from "./revive.ts";

const ACTION = '{"t":"action","id":';
const NAME = ',"name":"';
const ARGS = ',"args":[';
const RESULT = '{"t":"result","id":';
const OUTPUT = ',"output":';

/** Reads `{"t":"action","id":1,"name":"…","args":[…]}`, written just so. */
export const readActionText = (text: string): ActionMessage | null => {
  if (!text.startsWith(ACTION)) return null;
  const idEnd = endOfDigits(text, ACTION.length);
  const id = idAt(text, ACTION.length, idEnd);
  if (id === 0 || !text.startsWith(NAME, idEnd)) return null;
  const nameStart = idEnd + NAME.length;
  const nameEnd = endOfName(text, nameStart);
  if (nameEnd === -1 || !text.startsWith(ARGS, nameEnd + 1)) return null;
  const args = parse(text, nameEnd + ARGS.length);
  if (!Array.isArray(args)) return null;
  return { t: "action", id, name: text.slice(nameStart, nameEnd), args };
};

/** Reads `{"t":"result","id":1}` or `{"t":"result","id":1,"output":…}`, written just so. */
export const readResultText = (text: string): ResultMessage | null => {
  if (!text.startsWith(RESULT)) return null;
  const idEnd = endOfDigits(text, RESULT.length);
  const id = idAt(text, RESULT.length, idEnd);
  if (id === 0) return null;
  if (idEnd === text.length - 1 && text.endsWith("}")) return { t: "result", id, output: undefined };
  if (!text.startsWith(OUTPUT, idEnd)) return null;
  const output = parse(text, idEnd + OUTPUT.length);
  return output === undefined ? null : { t: "result", id, output };
};

/** Writes an action; null where an argument needs a tag or a refusal. */
export const writeActionText = (id: number, name: string, args: readonly unknown[]): string | null =>
  isPlain(args, MAX_DEPTH - 1) ? `${ACTION}${id},"name":${JSON.stringify(name)},"args":${JSON.stringify(args)}}` : null;

/** Writes a result; null where the output needs a tag or a refusal. */
export const writeResultText = (id: number, output: unknown): string | null => {
  if (output === undefined) return `${RESULT}${id}}`;
  return isPlain(output, MAX_DEPTH - 1) ? `${RESULT}${id}${OUTPUT}${JSON.stringify(output)}}` : null;
};

const endOfDigits = (text: string, start: number): number => {
  let at = start;
  while (isDigit(text.charCodeAt(at))) at += 1;
  return at;
};

/** NaN, past the end, is none. */
const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/** The id; 0 where it is none, or spelt as JSON forbids. */
const idAt = (text: string, start: number, end: number): number => {
  if (text.charCodeAt(start) === 48) return 0;
  let id = 0;
  for (let at = start; at < end; at++) id = id * 10 + text.charCodeAt(at) - 48;
  return Number.isSafeInteger(id) ? id : 0;
};

/** Where a name of printable ASCII without escapes ends; -1 where it is another. */
const endOfName = (text: string, start: number): number => {
  for (let at = start; at <= start + MAX_NAME; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at === start ? -1 : at;
    if (!(code >= 0x20 && code < 0x7f) || code === BACKSLASH) return -1;
  }
  return -1;
};
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The value from `start` to before the last brace; undefined where it is no plain JSON value. */
const parse = (text: string, start: number): unknown => {
  // `$` may begin a tag, and `\u` may spell it.
  if (!text.endsWith("}") || text.includes("$", start) || text.includes("\\u", start)) return undefined;
  const part = text.slice(start, -1);
  let value: unknown;
  try {
    value = JSON.parse(part);
  } catch {
    return undefined;
  }
  return part.length < MAX_DEPTH || isWithinDepth(value, 1) ? value : undefined;
};
