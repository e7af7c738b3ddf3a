/**
 * Owns the short way, in JSON, for the two messages nearly all traffic is made of: an action and its result. Each function
 * gives exactly what the general way gives, or null: then the general way decides, and says what is wrong.
 *
 * Invariant: `null` is always a right answer. Whatever is unusual, an escape, another order of members, a tag, is not read
 * here.
 */
import { isPlain } from "./json-plain.ts";
import { MAX_DEPTH } from "./limits.ts";
import type { ActionMessage, ResultMessage } from "./messages.ts";
import { isSound } from "./revive.ts";

/** Ids of up to 15 digits are safe integers; names of printable ASCII need no escape. */
const ACTION = /^\{"t":"action","id":([1-9]\d{0,14}),"name":"([ !#-[\]-~]{1,256})","args":(?=\[)/;
const RESULT = /^\{"t":"result","id":([1-9]\d{0,14})(,"output":|\}$)/;

/** Reads `{"t":"action","id":1,"name":"…","args":[…]}`, written just so. */
export const readActionText = (text: string): ActionMessage | null => {
  const head = ACTION.exec(text);
  if (head === null) return null;
  const args = parseRest(text, head[0].length);
  return args === undefined ? null : { t: "action", id: Number(head[1]), name: head[2]!, args: args as unknown[] };
};

/** Reads `{"t":"result","id":1}` or `{"t":"result","id":1,"output":…}`, written just so. */
export const readResultText = (text: string): ResultMessage | null => {
  const head = RESULT.exec(text);
  if (head === null) return null;
  const id = Number(head[1]);
  if (head[2] === "}") return { t: "result", id, output: undefined };
  const output = parseRest(text, head[0].length);
  return output === undefined ? null : { t: "result", id, output };
};

/** Writes an action; null where an argument needs a tag or a refusal. */
export const writeActionText = (id: number, name: string, args: readonly unknown[]): string | null =>
  isPlain(args, MAX_DEPTH - 1)
    ? `{"t":"action","id":${id},"name":${JSON.stringify(name)},"args":${JSON.stringify(args)}}`
    : null;

/** Writes a result; null where the output needs a tag or a refusal. */
export const writeResultText = (id: number, output: unknown): string | null => {
  if (output === undefined) return `{"t":"result","id":${id}}`;
  return isPlain(output, MAX_DEPTH - 1) ? `{"t":"result","id":${id},"output":${JSON.stringify(output)}}` : null;
};

/** Fewer digits than the smallest number out of range has without an exponent, and less than the deepest nesting takes. */
const SHORT = 300;
const EXPONENT = /\d[eE]/;

/** The value from `start` to before the last brace; undefined where it is no plain JSON value. */
const parseRest = (text: string, start: number): unknown => {
  // `$` may begin a tag, and `\u` may spell it.
  if (!text.endsWith("}") || text.includes("$", start) || text.includes("\\u", start)) return undefined;
  const part = text.slice(start, -1);
  let value: unknown;
  try {
    value = JSON.parse(part);
  } catch {
    return undefined;
  }
  // What is short and has no exponent is neither deep nor out of range.
  const isPlainlySound = part.length < SHORT && !EXPONENT.test(part);
  return isPlainlySound || isSound(value, 1) ? value : undefined;
};
