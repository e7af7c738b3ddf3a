/**
 * Tokens: the words of Bynk with everything between them.
 *
 * I1. The tokens of a file tile it: each starts where the one before ended, and their texts joined are the source.
 * I2. A string with holes is `stringHead (… stringMiddle)* … stringTail`, also when it was never closed; tokens that
 *     had to be invented for that are empty.
 */

const reservedWords = [
  ...["Int", "String", "Bool", "Float", "Duration", "Instant", "Bytes"],
  ...["Effect", "Option", "Result", "ValidationError", "JsonError"],
  ...["Ok", "Err", "Some", "None", "true", "false", "self"],
  ...["commons", "context", "adapter", "suite"],
  ...["uses", "consumes", "exports", "opaque", "transparent", "binding", "as"],
  ...["type", "enum", "record", "fn", "capability", "provides", "service", "agent", "actor"],
  ...["invariant", "transition", "requires", "ensures", "property", "case"],
  ...["on", "from", "by", "given", "http", "cron", "queue", "protocol"],
  ...["let", "do", "if", "else", "match", "is", "where", "and", "implies", "expect"],
] as const;

/** A reserved word (reference §1.4). `and`, `case`, `on` and `suite` may still be names: see `nameableWords`. */
export type ReservedWord = (typeof reservedWords)[number];

export const reserved: ReadonlySet<string> = new Set(reservedWords);

/** Reserved words that are accepted wherever a plain name is expected. */
export const nameableWords: ReadonlySet<string> = new Set(["and", "case", "on", "suite"]);

/** The seven base types a refined or opaque type may stand on. */
export const baseTypes: ReadonlySet<string> = new Set([
  "Int",
  "String",
  "Bool",
  "Float",
  "Duration",
  "Instant",
  "Bytes",
]);

const punctuationMarks = [
  ...["...", "..", "<-", "~>", ":=", "->", "==", "!=", "<=", ">=", "&&", "||", "=>"],
  ...["+", "-", "*", "/", "!", "=", "<", ">", "?", "_", "|", "@"],
  ...["(", ")", "{", "}", "[", "]", ",", ":", "."],
] as const;

export type Punctuation = (typeof punctuationMarks)[number];

export const punctuation: ReadonlySet<string> = new Set(punctuationMarks);

/** What the parser skips. `unknown` is a character that starts no token; it has been reported. */
export type TriviaKind = "space" | "comment" | "doc" | "unknown";

export type StringKind = "string" | "stringHead" | "stringMiddle" | "stringTail";

export type TokenKind = TriviaKind | StringKind | "name" | "int" | "float" | "eof" | ReservedWord | Punctuation;

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** A line break, or the start of the file, stands between this token and the significant one before it. */
  readonly firstOnLine: boolean;
  /** Something the lexer has reported stands directly before it: errors here would be echoes. */
  readonly afterUnknown: boolean;
  /** The decoded text of a string token. */
  readonly value: string | undefined;
}

/** The end of a hole is an `eof` too while the hole is read (`ParseContext.bounded`); it keeps the text it ends with. */
export function isFileEnd(token: Token): boolean {
  return token.kind === "eof" && token.value === undefined;
}

/** How a message names a token. */
export function describeToken(token: Token): string {
  switch (token.kind) {
    case "eof":
      return isFileEnd(token) ? "the end of the file" : "the end of the hole";
    case "name":
      return `the name \`${shorten(token.text)}\``;
    case "int":
    case "float":
      return `the number \`${shorten(token.text)}\``;
    case "string":
    case "stringHead":
    case "stringMiddle":
    case "stringTail":
      return "a string";
    default:
      return reserved.has(token.kind) ? `the keyword \`${token.text}\`` : `\`${token.text}\``;
  }
}

function shorten(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 37)}…`;
}
