/**
 * Owns the default encoding of the wire and of stored state: JSON, plus two-element arrays for what JSON lacks:
 *
 *   ["$Date", ms]  ["$Map", [[k, v], …]]  ["$Set", […]]  ["$BigInt", "…"]  ["$Undefined", 0]
 *   ["$Uint8Array", base64] and likewise every typed array and ArrayBuffer
 *
 * Invariants:
 * - What `encode` accepts, `decode` gives back as an equal value; what it cannot give back, `encode` refuses, naming
 *   the path. Members with the value undefined are left out, as in JSON; `-0` is `0`; shared references become copies.
 * - A user's own `["$…", x]` gains one more `$`, so no data can pose as a tag. An unknown tag is an error, not data.
 * - Nesting is bounded in both directions, and no key, `__proto__` included, ever changes a prototype.
 */
import { toBase64 } from "./bytes.ts";
import { DecodeError } from "./errors.ts";
import { isPlain } from "./json-plain.ts";
import { MAX_DEPTH } from "./limits.ts";
import { isSound, revive } from "./revive.ts";
import { type Output, writeTagged } from "./tagged-writer.ts";

export { DecodeError, EncodeError } from "./errors.ts";
export { MAX_DEPTH } from "./limits.ts";

/**
 * Writes a value as text.
 * @param label what the value is called in errors: the `state` of `state.users[3].fn`
 * @throws EncodeError for functions, symbols, NaN and infinities, class instances, cycles, and nesting past `MAX_DEPTH`
 */
export const encode = (value: unknown, label = "value"): string =>
  isPlain(value, MAX_DEPTH) ? JSON.stringify(value) : writeTagged(TEXT, value, label);

/**
 * Reads text written by `encode`, or plain JSON.
 * @throws DecodeError, which never quotes the text
 */
export const decode = (text: string): unknown => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // The engine's message quotes the text, which may hold a credential; only the position is taken from it.
    const position = /position (\d+)/.exec(error instanceof Error ? error.message : "")?.[1];
    throw new DecodeError(position === undefined ? "not JSON" : `not JSON at position ${position}`);
  }
  if (!isSound(value, 0)) throw new DecodeError(`nested deeper than ${MAX_DEPTH} levels, or a number out of range`);
  // `\u0024` is `$` too: without it, whether a tag counts would depend on the rest of the text.
  return text.includes('"$') || text.includes('"\\u0024') ? revive(value) : value;
};

const TEXT: Output<string> = {
  plain: (value) => JSON.stringify(value),
  list: (items) => `[${items.join(",")}]`,
  record: (members) => `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(",")}}`,
  bytes: (tag, bytes) => `["${tag}","${toBase64(bytes)}"]`,
};
