/**
 * The structure of an ECMAScript pattern (without flags) that is known to compile: what it repeats, and which units it
 * takes there. Assertions take nothing; a back reference may take anything, and so may whatever a modifier changes.
 */
import { classOf, dot, everything, negate, single, type UnitSet, union } from "./sets.ts";

export type RegexNode =
  | { readonly kind: "set"; readonly set: UnitSet }
  | { readonly kind: "empty" }
  | { readonly kind: "sequence"; readonly items: readonly RegexNode[] }
  | { readonly kind: "choice"; readonly options: readonly RegexNode[] }
  | { readonly kind: "repeat"; readonly body: RegexNode; readonly min: number; readonly max: number }
  /** What has to stand, or not stand, before or behind. */
  | { readonly kind: "assertion"; readonly body: RegexNode };

interface Cursor {
  readonly text: string;
  at: number;
  /** Groups around this place that a modifier changes, such as `(?i:`. */
  modified: number;
}

export function parseRegex(text: string): RegexNode {
  return parseChoice({ text, at: 0, modified: 0 });
}

function parseChoice(cursor: Cursor): RegexNode {
  const options = [parseSequence(cursor)];
  while (cursor.text[cursor.at] === "|") {
    cursor.at += 1;
    options.push(parseSequence(cursor));
  }
  const [only] = options;
  return options.length === 1 && only !== undefined ? only : { kind: "choice", options };
}

function parseSequence(cursor: Cursor): RegexNode {
  const items: RegexNode[] = [];
  while (cursor.at < cursor.text.length && !/[|)]/.test(cursor.text[cursor.at] ?? "")) {
    items.push(parseQuantified(cursor));
  }
  const [only] = items;
  return items.length === 1 && only !== undefined ? only : { kind: "sequence", items };
}

function parseQuantified(cursor: Cursor): RegexNode {
  const body = parseAtom(cursor);
  const found = match(cursor, /(?:([*+?])|\{([0-9]+)(,([0-9]*))?\})\??/y);
  if (found === undefined) return body;
  const [, sign, least, comma, most] = found;
  if (sign !== undefined) return { kind: "repeat", body, min: sign === "+" ? 1 : 0, max: sign === "?" ? 1 : Infinity };
  const min = Number(least);
  const max = comma === undefined ? min : most === "" ? Infinity : Number(most);
  return { kind: "repeat", body, min, max };
}

function parseAtom(cursor: Cursor): RegexNode {
  const unit = cursor.text[cursor.at] ?? "";
  switch (unit) {
    case "(":
      return parseGroup(cursor);
    case "[":
      return setOf(cursor, parseClass(cursor));
    case "\\":
      return parseEscape(cursor);
    case "^":
    case "$":
      cursor.at += 1;
      return { kind: "empty" };
    default:
      cursor.at += 1;
      return setOf(cursor, unit === "." ? dot : single(unit.charCodeAt(0)));
  }
}

/** Under a modifier a unit may stand for others too: upper case for lower case, a line end for `.`. */
function setOf({ modified }: Cursor, set: UnitSet): RegexNode {
  return { kind: "set", set: modified > 0 ? everything : set };
}

function parseGroup(cursor: Cursor): RegexNode {
  const [prefix = "("] = match(cursor, /\((?:\?(?:[:=!]|<[=!]|<[^>]*>|[ims-]+:))?/y) ?? [];
  const isModifier = /^\(\?[ims-]/.test(prefix);
  cursor.modified += isModifier ? 1 : 0;
  const body = parseChoice(cursor);
  cursor.modified -= isModifier ? 1 : 0;
  cursor.at += 1;
  return /^\(\?<?[=!]/.test(prefix) ? { kind: "assertion", body } : body;
}

function parseEscape(cursor: Cursor): RegexNode {
  if (match(cursor, /\\[bB]/y) !== undefined) return { kind: "empty" };
  // A number that no group has is an octal code.
  const isReference = match(cursor, /\\(?:[1-9][0-9]*|0[0-7]+|k<[^>]*>)/y) !== undefined;
  return setOf(cursor, isReference ? everything : readEscape(cursor));
}

const controls: { readonly [letter: string]: number } = { n: 10, r: 13, t: 9, v: 11, f: 12, 0: 0 };

/** One escape outside or inside a class. */
function readEscape(cursor: Cursor): UnitSet {
  const code = match(cursor, /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4}))/y);
  if (code !== undefined) return single(Number.parseInt(code[1] ?? code[2] ?? "0", 16));
  const control = match(cursor, /\\c([A-Za-z])/y)?.[1];
  if (control !== undefined) return single(control.charCodeAt(0) % 32);
  const letter = cursor.text[cursor.at + 1] ?? "\\";
  cursor.at += 2;
  return classOf(letter) ?? single(controls[letter] ?? letter.charCodeAt(0));
}

function parseClass(cursor: Cursor): UnitSet {
  const negated = match(cursor, /\[\^?/y)?.[0] === "[^";
  const parts: UnitSet[] = [];
  while (cursor.at < cursor.text.length && cursor.text[cursor.at] !== "]") parts.push(parseRange(cursor));
  cursor.at += 1;
  return negated ? negate(union(parts)) : union(parts);
}

function parseRange(cursor: Cursor): UnitSet {
  const low = parseClassUnit(cursor);
  if (match(cursor, /-(?!\])/y) === undefined) return low;
  const high = parseClassUnit(cursor);
  const [start] = low[0] ?? [0];
  const [, end] = high[0] ?? [0, 0];
  const isRange = low.length === 1 && high.length === 1 && start <= end;
  return isRange ? [[start, end]] : union([low, high, single(45)]);
}

function parseClassUnit(cursor: Cursor): UnitSet {
  if (match(cursor, /\\b/y) !== undefined) return single(8);
  if (match(cursor, /\\[0-7]{2,}|\\[1-7]|\\c[0-9_]/y) !== undefined) return everything;
  if (cursor.text[cursor.at] === "\\") return readEscape(cursor);
  cursor.at += 1;
  return single(cursor.text.charCodeAt(cursor.at - 1));
}

function match(cursor: Cursor, pattern: RegExp): RegExpExecArray | undefined {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text);
  if (found === null) return undefined;
  cursor.at = pattern.lastIndex;
  return found;
}
