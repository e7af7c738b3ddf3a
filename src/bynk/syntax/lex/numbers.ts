/** Numbers (reference §1.5). There are no negative literals and no bases but ten. */
import { type LexState, pushToken, spanFrom } from "./state.ts";

const number = /[0-9]+(?:_[0-9]+)*(\.[0-9]+(?:_[0-9]+)*)?([eE][+-]?[0-9]+)?/y;

const largestInt = "9223372036854775807";

/** At a digit. */
export function lexNumber(state: LexState): void {
  const start = state.at;
  number.lastIndex = start;
  const found = number.exec(state.text);
  const lexeme = found?.[0] ?? "";
  state.at += lexeme.length;
  if (found?.[1] !== undefined || found?.[2] !== undefined) {
    if (!Number.isFinite(floatValue(lexeme))) report(state, start, "bynk.lex.float_literal_overflow");
    pushToken(state, "float", start);
  } else {
    if (overflows(lexeme)) report(state, start, "bynk.lex.integer_overflow");
    pushToken(state, "int", start);
  }
}

/** The value of a number token's text. */
export function floatValue(lexeme: string): number {
  return Number(lexeme.includes("_") ? lexeme.replaceAll("_", "") : lexeme);
}

function overflows(lexeme: string): boolean {
  if (lexeme.length < largestInt.length) return false;
  const digits = lexeme.replace(/_/g, "").replace(/^0+/, "");
  return digits.length > largestInt.length || (digits.length === largestInt.length && digits > largestInt);
}

function report(
  state: LexState,
  start: number,
  code: "bynk.lex.float_literal_overflow" | "bynk.lex.integer_overflow",
): void {
  state.report.report(code, spanFrom(state, start), {});
}
