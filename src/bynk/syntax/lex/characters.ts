/** Which characters start what. */
import { punctuation } from "../token.ts";

export const starts = { unknown: 0, space: 1, letter: 2, digit: 3, quote: 4, dash: 5, mark: 6 } as const;

export type Start = (typeof starts)[keyof typeof starts];

const table: readonly Start[] = Array.from({ length: 128 }, (_, code) => classify(String.fromCharCode(code)));

/** The marks that begin with each ASCII character, longest first. */
const marksByFirst: readonly (readonly string[])[] = Array.from({ length: 128 }, (_, code) =>
  [...punctuation].filter((mark) => mark.charCodeAt(0) === code).toSorted((a, b) => b.length - a.length),
);

/** What the character at `at` starts, judged by that one character. */
export function startAt(text: string, at: number): Start {
  return table[text.charCodeAt(at)] ?? starts.unknown;
}

/** The longest punctuation mark at `at`, or undefined for a character such as a lone `&`. */
export function punctuationAt(text: string, at: number): string | undefined {
  const candidates = marksByFirst[text.charCodeAt(at)] ?? [];
  return candidates.find((mark) => mark.length === 1 || text.startsWith(mark, at));
}

export function isKnownStart(text: string, at: number): boolean {
  const start = startAt(text, at);
  if (start === starts.unknown) return false;
  return start !== starts.mark || punctuationAt(text, at) !== undefined;
}

function classify(character: string): Start {
  if (/[ \t\r\n]/.test(character)) return starts.space;
  if (/[A-Za-z]/.test(character)) return starts.letter;
  if (/[0-9]/.test(character)) return starts.digit;
  if (character === '"') return starts.quote;
  if (character === "-") return starts.dash;
  return [...punctuation].some((mark) => mark.startsWith(character)) ? starts.mark : starts.unknown;
}
