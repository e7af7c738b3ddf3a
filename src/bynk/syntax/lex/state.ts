/** What the parts of the lexer share while they walk over one file. */
import type { Comment, DocBlock, Span } from "../ast.ts";
import type { Reporter } from "../reporter.ts";
import type { Token, TokenKind } from "../token.ts";

/** A hole that has been opened and not yet closed. */
export interface OpenHole {
  /** The quote that opened the string around it. */
  readonly stringStart: number;
  /** Its `\(`. */
  readonly start: number;
  /** Round brackets opened inside it. */
  brackets: number;
}

/** A doc block and the token it stands before. */
export interface PlacedDoc {
  readonly block: DocBlock;
  /** Index among the significant tokens of the next one. */
  next: number;
  /** That token starts on the line after the closing fence. */
  adjacent: boolean;
  /** Only blank lines stand between. */
  onlyBlankBetween: boolean;
}

export interface LexState {
  readonly text: string;
  readonly report: Reporter;
  at: number;
  readonly tokens: Token[];
  readonly significant: Token[];
  readonly comments: Comment[];
  readonly docs: PlacedDoc[];
  readonly holes: OpenHole[];
  /** Nothing but white space stands between here and the start of the line. */
  atLineStart: boolean;
  lineBreakPending: boolean;
  unknownPending: boolean;
  docPending: PlacedDoc | undefined;
}

/** Appends the text from `start` to the current position as a token the parser skips. */
export function pushTrivia(state: LexState, kind: "space" | "comment" | "doc" | "unknown", start: number): Token {
  const token = makeToken(state, kind, start, undefined);
  state.tokens.push(token);
  if (kind !== "space") state.atLineStart = false;
  if (kind === "unknown") state.unknownPending = true;
  return token;
}

/** Appends the text from `start` to the current position as a token for the parser. */
export function pushToken(state: LexState, kind: TokenKind, start: number, value?: string): void {
  const token = makeToken(state, kind, start, value);
  if (state.docPending !== undefined) placeDoc(state, state.docPending, start);
  state.tokens.push(token);
  state.significant.push(token);
  state.atLineStart = false;
  state.lineBreakPending = false;
  state.unknownPending = false;
}

export function spanFrom(state: LexState, start: number): Span {
  return { start, end: state.at };
}

function makeToken(state: LexState, kind: TokenKind, start: number, value: string | undefined): Token {
  return {
    kind,
    text: state.text.slice(start, state.at),
    start,
    end: state.at,
    firstOnLine: state.lineBreakPending,
    afterUnknown: state.unknownPending,
    value,
  };
}

function placeDoc(state: LexState, doc: PlacedDoc, tokenStart: number): void {
  const between = state.text.slice(doc.block.span.end, tokenStart);
  doc.next = state.significant.length;
  doc.adjacent = /^[ \t]*(?:\r\n|\n|\r)[ \t]*$/.test(between);
  doc.onlyBlankBetween = /^[ \t\r\n]*$/.test(between);
  state.docPending = undefined;
}
