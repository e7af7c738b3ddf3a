/**
 * Reads the part of TOML that `bynk.toml` needs: tables, strings, integers, booleans and arrays of those.
 *
 * I1. It never throws; a line it cannot read is one problem, and reading goes on at the next line.
 */
import type { Span } from "../syntax/ast.ts";

export type TomlValue = string | number | boolean | readonly TomlValue[];

/** `table.key` to value and place; keys outside a table have no dot. */
export interface Toml {
  readonly values: ReadonlyMap<string, { readonly value: TomlValue; readonly span: Span }>;
  readonly problems: readonly { readonly span: Span; readonly expected: string }[];
}

interface Cursor {
  readonly text: string;
  at: number;
}

const bareKey = /[A-Za-z0-9_-]+/y;
const integer = /[+-]?[0-9][0-9_]*/y;
const blank = /(?:[ \t\r\n]|#[^\n]*)*/y;

export function readToml(text: string): Toml {
  const cursor: Cursor = { text, at: 0 };
  const values = new Map<string, { value: TomlValue; span: Span }>();
  const problems: { span: Span; expected: string }[] = [];
  let table = "";
  for (eat(cursor, blank); cursor.at < text.length; eat(cursor, blank)) {
    const start = cursor.at;
    const header = readHeader(cursor);
    if (header !== undefined) table = header;
    else if (!readEntry(cursor, table, values)) {
      problems.push({ span: { start, end: skipLine(cursor, start) }, expected: "`[table]` or `key = value`" });
    }
  }
  return { values, problems };
}

function readHeader(cursor: Cursor): string | undefined {
  const found = match(cursor, /\[([A-Za-z0-9_.-]+)\][ \t]*(?=[\r\n#]|$)/y);
  return found?.[1];
}

function readEntry(cursor: Cursor, table: string, values: Map<string, { value: TomlValue; span: Span }>): boolean {
  const key = match(cursor, bareKey)?.[0];
  if (key === undefined || match(cursor, /[ \t]*=[ \t]*/y) === undefined) return false;
  const start = cursor.at;
  const value = readValue(cursor);
  if (value === undefined || match(cursor, /[ \t]*(?=[\r\n#]|$)/y) === undefined) return false;
  values.set(table === "" ? key : `${table}.${key}`, { value, span: { start, end: cursor.at } });
  return true;
}

function readValue(cursor: Cursor): TomlValue | undefined {
  const string = match(cursor, /"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'/y);
  if (string !== undefined) return string[1] === undefined ? (string[2] ?? "") : decodeEscapes(string[1]);
  const word = match(cursor, /true|false/y)?.[0];
  if (word !== undefined) return word === "true";
  const number = match(cursor, integer)?.[0];
  if (number !== undefined) return Number(number.replaceAll("_", ""));
  return readArray(cursor);
}

/** Arrays of arrays mean nothing in `bynk.toml` and are not read, so this does not nest. */
function readArray(cursor: Cursor): readonly TomlValue[] | undefined {
  if (match(cursor, /\[/y) === undefined) return undefined;
  const elements: TomlValue[] = [];
  for (eat(cursor, blank); match(cursor, /\]/y) === undefined; eat(cursor, blank)) {
    const element = cursor.text[cursor.at] === "[" ? undefined : readValue(cursor);
    if (element === undefined) return undefined;
    elements.push(element);
    eat(cursor, blank);
    if (match(cursor, /,/y) === undefined && cursor.text[cursor.at] !== "]") return undefined;
  }
  return elements;
}

function decodeEscapes(text: string): string {
  const plain: { readonly [letter: string]: string } = { n: "\n", t: "\t", r: "\r" };
  return text.replace(/\\(.)/g, (_, escaped: string) => plain[escaped] ?? escaped);
}

/** Moves behind the line that `start` stands on; gives the end of the line's text. */
function skipLine(cursor: Cursor, start: number): number {
  const end = cursor.text.indexOf("\n", start);
  cursor.at = end < 0 ? cursor.text.length : end + 1;
  return end < 0 ? cursor.text.length : end;
}

function eat(cursor: Cursor, pattern: RegExp): void {
  match(cursor, pattern);
}

function match(cursor: Cursor, pattern: RegExp): RegExpExecArray | undefined {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text);
  if (found === null) return undefined;
  cursor.at = pattern.lastIndex;
  return found;
}
