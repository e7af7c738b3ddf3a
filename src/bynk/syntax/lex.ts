/**
 * The lexer: text to tokens. It never throws and never loses a character: whatever it cannot read becomes an `unknown`
 * token and a diagnostic.
 */

import type { Comment } from "./ast.ts";
import { punctuationAt, startAt, starts } from "./lex/characters.ts";
import { lexDashes } from "./lex/doc-blocks.ts";
import { lexNumber } from "./lex/numbers.ts";
import { type LexState, type OpenHole, type PlacedDoc, pushToken, pushTrivia } from "./lex/state.ts";
import { endHolesAtLineEnd, lexString, resumeString } from "./lex/strings.ts";
import { lexUnknown } from "./lex/unknown.ts";
import type { Reporter } from "./reporter.ts";
import { reserved, type Token, type TokenKind } from "./token.ts";

export interface Lexed {
  /** All tokens, in order, tiling the text. */
  readonly tokens: readonly Token[];
  /** The tokens the parser reads; the last is `eof`. */
  readonly significant: readonly Token[];
  readonly comments: readonly Comment[];
  readonly docs: readonly PlacedDoc[];
}

const space = /[ \t\r\n]+/y;
const name = /[A-Za-z][A-Za-z0-9_]*/y;
const byteOrderMark = 0xfeff;

export function lex(text: string, report: Reporter): Lexed {
  const state = createState(text, report);
  if (text.charCodeAt(0) === byteOrderMark) {
    state.at = 1;
    pushTrivia(state, "space", 0);
  }
  while (state.at < text.length) lexOne(state);
  endHolesAtLineEnd(state);
  pushToken(state, "eof", state.at);
  return state;
}

function createState(text: string, report: Reporter): LexState {
  return {
    text,
    report,
    at: 0,
    tokens: [],
    significant: [],
    comments: [],
    docs: [],
    holes: [],
    atLineStart: true,
    lineBreakPending: true,
    unknownPending: false,
    docPending: undefined,
  };
}

function lexOne(state: LexState): void {
  switch (startAt(state.text, state.at)) {
    case starts.space:
      lexSpace(state);
      break;
    case starts.letter:
      lexWord(state);
      break;
    case starts.digit:
      lexNumber(state);
      break;
    case starts.quote:
      lexString(state);
      break;
    case starts.dash:
      if (!lexDashes(state)) lexMark(state);
      break;
    case starts.mark:
      lexMark(state);
      break;
    default:
      lexUnknown(state);
  }
}

function lexSpace(state: LexState): void {
  const start = state.at;
  const found = matchAt(space, state);
  const lineBreak = found.search(/[\r\n]/);
  if (lineBreak >= 0 && state.holes.length > 0) {
    state.at = start + lineBreak;
    if (lineBreak > 0) pushTrivia(state, "space", start);
    endHolesAtLineEnd(state);
    return;
  }
  state.at = start + found.length;
  pushTrivia(state, "space", start);
  if (lineBreak < 0) return;
  state.atLineStart = true;
  state.lineBreakPending = true;
}

function lexWord(state: LexState): void {
  const start = state.at;
  const word = matchAt(name, state);
  state.at += word.length;
  // A reserved word is its own kind.
  pushToken(state, reserved.has(word) ? (word as TokenKind) : "name", start);
}

function lexMark(state: LexState): void {
  const mark = punctuationAt(state.text, state.at);
  const hole = state.holes.at(-1);
  if (mark === undefined) lexUnknown(state);
  else if (hole !== undefined && mark === ")" && hole.brackets === 0) resumeString(state);
  else pushMark(state, mark, hole);
}

function pushMark(state: LexState, mark: string, hole: OpenHole | undefined): void {
  if (hole !== undefined && mark === "(") hole.brackets += 1;
  if (hole !== undefined && mark === ")") hole.brackets -= 1;
  const start = state.at;
  state.at += mark.length;
  // Every punctuation mark is its own kind.
  pushToken(state, mark as TokenKind, start);
}

function matchAt(pattern: RegExp, state: LexState): string {
  pattern.lastIndex = state.at;
  return pattern.exec(state.text)?.[0] ?? "";
}
