/**
 * What every part of the parser is handed: the tokens, where it stands, and how to report.
 *
 * I1. Nothing throws; a part that cannot read what it wants reports once and returns an error node.
 * I2. `at` only grows, and every loop over tokens either advances or ends.
 * I3. Nesting is bounded by `maxNesting`, the height of an expression by `maxHeight`.
 */
import type { Code } from "../../diagnostics/catalogue/index.ts";
import type { ArgumentsOf, Details, VariantsOf } from "../../diagnostics/diagnostic.ts";
import type { SourceFile } from "../../diagnostics/source-file.ts";
import type { Block, Expr, Span } from "../ast.ts";
import type { Reporter } from "../reporter.ts";
import type { Token, TokenKind } from "../token.ts";
import type { DocTable } from "./docs.ts";

/** Brackets, blocks, types and patterns nested deeper than this are refused. */
export const maxNesting = 200;

/** The longest path from an expression to its innermost part; longer chains of operators or calls are refused. */
export const maxHeight = 400;

/** The two places where the grammar refers back to itself across files. */
export interface Rules {
  readonly expression: (ctx: ParseContext) => Expr;
  readonly block: (ctx: ParseContext, opener: string) => Block;
}

/** What an expression may not begin with where it stands (reference §7.3). Brackets and blocks lift both. */
export interface Restriction {
  /** In the head of `if` and `match`, `{` opens the body and no record literal. */
  readonly noRecord: boolean;
  /** In the guard of a match arm, `=>` belongs to the arm and makes no lambda. */
  readonly noLambda: boolean;
}

export const unrestricted: Restriction = { noRecord: false, noLambda: false };
export const inHead: Restriction = { noRecord: true, noLambda: false };
export const inGuard: Restriction = { noRecord: false, noLambda: true };

export interface ContextParts {
  readonly tokens: readonly Token[];
  readonly partner: Int32Array;
  readonly docs: DocTable;
  readonly reporter: Reporter;
  readonly rules: Rules;
}

export class ParseContext {
  /** The one change ever made to it is `bounded`'s, which undoes it. */
  readonly tokens: Token[];
  readonly partner: Int32Array;
  readonly docs: DocTable;
  readonly reporter: Reporter;
  readonly rules: Rules;
  /** Index of the token to read next. */
  at = 0;
  restriction: Restriction = unrestricted;
  /** Inside a suite, where `trace` and `Wire` mean something. */
  inSuite = false;
  nesting = 0;
  /** Height of the expression parts read so far at this level of nesting. */
  height = 0;
  /** Start of the last reported place: a second report there would be an echo. */
  #lastReport = -1;
  /** Where the last missing part was placed, so that what it is a part of reaches it. */
  #placed = -1;

  constructor(parts: ContextParts) {
    this.tokens = [...parts.tokens];
    this.partner = parts.partner;
    this.docs = parts.docs;
    this.reporter = parts.reporter;
    this.rules = parts.rules;
  }

  get source(): SourceFile {
    return this.reporter.source;
  }

  get token(): Token {
    return this.tokens[this.at] as Token;
  }

  get kind(): TokenKind {
    return (this.tokens[this.at] as Token).kind;
  }

  /** The token `ahead` places further; past the end it is the end of the file. */
  peek(ahead = 1): Token {
    return this.tokens[Math.min(this.at + ahead, this.tokens.length - 1)] as Token;
  }

  /** The end of the last token read. */
  get lastEnd(): number {
    return this.at === 0 ? this.token.start : (this.tokens[this.at - 1] as Token).end;
  }

  /** Reads one token; at the end of the file, or of a hole, it stays there. */
  next(): Token {
    const token = this.token;
    if (token.kind !== "eof") this.at += 1;
    return token;
  }

  /** Reads as if the token at index `end` were the end of everything. */
  bounded<T>(end: number, read: () => T): T {
    const real = this.tokens[end] as Token;
    this.tokens[end] = { ...real, kind: "eof", end: real.start };
    const result = read();
    this.tokens[end] = real;
    return result;
  }

  /** Reads the next token if it is of this kind. */
  eat(kind: TokenKind): Token | undefined {
    return this.kind === kind ? this.next() : undefined;
  }

  /** True at a name that reads `word`, a contextual keyword. */
  atWord(word: string): boolean {
    return this.kind === "name" && this.token.text === word;
  }

  eatWord(word: string): Token | undefined {
    return this.atWord(word) ? this.next() : undefined;
  }

  /** From `start` to the end of the last token read, or to a missing part placed behind it. */
  spanFrom(start: number): Span {
    return { start, end: Math.max(start, this.lastEnd, this.#placed) };
  }

  /** An empty span for a missing part, where the next token starts. */
  placeHere(): Span {
    this.#placed = this.token.start;
    return { start: this.#placed, end: this.#placed };
  }

  /** Index of the closing partner of the bracket at the current position, or -1. */
  get closing(): number {
    return this.partner[this.at] ?? -1;
  }

  /** Reports a syntax error, unless one has been reported at the same place. */
  report<const C extends Code, const V extends "default" | VariantsOf<C> = "default">(
    code: C,
    span: Span,
    args: ArgumentsOf<C, V>,
    details?: Details<V>,
  ): void {
    if (span.start === this.#lastReport) return;
    this.#lastReport = span.start;
    this.reporter.report<C, V>(code, span, args, details);
  }

  /**
   * True where a report would be an echo: the place is reported, something the lexer reported stands before it, or
   * nothing more is kept.
   */
  get isEcho(): boolean {
    return this.token.start === this.#lastReport || this.token.afterUnknown || this.reporter.isFull;
  }

  /** Marks the next token as reported, so that what follows from skipping it is not reported again. */
  hush(): void {
    this.#lastReport = this.token.start;
  }

  /** Parses `read` free of the restrictions around it, as inside brackets. */
  unrestricted<T>(read: () => T): T {
    return this.restricted(unrestricted, read);
  }

  restricted<T>(restriction: Restriction, read: () => T): T {
    const outer = this.restriction;
    this.restriction = restriction;
    const result = read();
    this.restriction = outer;
    return result;
  }
}
