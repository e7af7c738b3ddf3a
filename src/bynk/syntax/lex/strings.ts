/**
 * Strings and their holes (reference §1.6). A string with holes is lexed in pieces: the piece up to `\(`, then ordinary
 * tokens until the bracket that closes the hole, then the next piece. The stack of open holes replaces recursion.
 */
import { createFix } from "../../diagnostics/diagnostic.ts";
import { type LexState, pushToken, spanFrom } from "./state.ts";

/** Holes inside holes beyond this are refused. */
export const maxHoleDepth = 16;

const knownEscapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", '"': '"', "\\": "\\" };

type PieceEnd = "closed" | "hole" | "broken";

/** At an opening quote. */
export function lexString(state: LexState): void {
  const start = state.at;
  state.at += 1;
  const piece = scanPiece(state, start);
  if (piece.end === "hole") {
    openHole(state, start);
    pushToken(state, "stringHead", start, piece.value);
  } else {
    pushToken(state, "string", start, piece.value);
    if (piece.end === "broken") abandonLine(state);
  }
}

/** At the `)` that closes the innermost hole. */
export function resumeString(state: LexState): void {
  const start = state.at;
  const stringStart = state.holes.pop()?.stringStart ?? start;
  state.at += 1;
  const piece = scanPiece(state, stringStart);
  if (piece.end === "hole") {
    openHole(state, stringStart);
    pushToken(state, "stringMiddle", start, piece.value);
  } else {
    pushToken(state, "stringTail", start, piece.value);
    if (piece.end === "broken") abandonLine(state);
  }
}

/** At a line's or the file's end with holes still open. */
export function endHolesAtLineEnd(state: LexState): void {
  const innermost = state.holes.at(-1);
  if (innermost === undefined) return;
  state.report.report("bynk.lex.unterminated_interpolation", spanFrom(state, innermost.start), {});
  abandonLine(state);
}

/** `'text'`: not Bynk, but what is meant is plain, so it becomes a string and is reported once. */
export function lexSingleQuoted(state: LexState): boolean {
  const start = state.at;
  const close = /'[^'"\\\r\n]*'/y;
  close.lastIndex = start;
  const found = close.exec(state.text)?.[0];
  if (found === undefined) return false;
  state.at += found.length;
  const value = found.slice(1, -1);
  const fix = createFix(state.report.source, "use double quotes", [
    { span: { start, end: start + 1 }, text: '"' },
    { span: { start: state.at - 1, end: state.at }, text: '"' },
  ]);
  state.report.report(
    "bynk.lex.unexpected_character",
    spanFrom(state, start),
    { character: "`'`" },
    { variant: "singleQuote", fixes: [fix] },
  );
  pushToken(state, "string", start, value);
  return true;
}

function openHole(state: LexState, stringStart: number): void {
  state.holes.push({ stringStart, start: state.at - 2, brackets: 0 });
}

/**
 * Closes every open hole with an empty tail. The string has been reported, and what the parser misses there or on the
 * next line, such as a bracket the string has swallowed, would be an echo.
 */
function abandonLine(state: LexState): void {
  for (; state.holes.length > 0; state.holes.pop()) {
    state.unknownPending = true;
    pushToken(state, "stringTail", state.at, "");
  }
  state.unknownPending = true;
}

/** Reads text up to a closing quote, a hole, or the end of the line, and moves past it. */
function scanPiece(state: LexState, stringStart: number): { readonly end: PieceEnd; readonly value: string } {
  const { text } = state;
  const from = state.at;
  let value = "";
  let copied = from;
  for (let at = from; ; at++) {
    const unit = text.charCodeAt(at);
    if (unit === 0x22) {
      state.at = at + 1;
      return { end: "closed", value: value + text.slice(copied, at) };
    }
    if (Number.isNaN(unit) || unit === 0x0a || unit === 0x0d) {
      state.at = at;
      state.report.report("bynk.lex.unterminated_string", spanFrom(state, stringStart), {});
      return { end: "broken", value: value + text.slice(copied, at) };
    }
    if (unit !== 0x5c) continue;
    value += text.slice(copied, at);
    if (text[at + 1] === "(" && mayOpenHole(state, at)) {
      state.at = at + 2;
      return { end: "hole", value };
    }
    const read = readEscape(state, at);
    value += read.value;
    copied = read.end;
    at = copied - 1;
  }
}

function mayOpenHole(state: LexState, at: number): boolean {
  if (state.holes.length < maxHoleDepth) return true;
  state.report.report("bynk.lex.interpolation_too_deep", { start: at, end: at + 2 }, { limit: maxHoleDepth });
  return false;
}

/** A backslash at the end of a line is left to the missing quote. */
function readEscape(state: LexState, at: number): { readonly value: string; readonly end: number } {
  const next = state.text.codePointAt(at + 1);
  if (next === undefined || next === 0x0a || next === 0x0d) return { value: "", end: at + 1 };
  const character = String.fromCodePoint(next);
  const end = at + 1 + character.length;
  const known = knownEscapes[character];
  if (known !== undefined) return { value: known, end };
  if (character === "(") return { value: "(", end };
  const span = { start: at, end };
  const fix = createFix(state.report.source, "double the backslash", [{ span: { start: at, end: at }, text: "\\" }]);
  state.report.report("bynk.lex.bad_escape", span, { escape: `\\${character}` }, { fixes: [fix] });
  return { value: character, end };
}
