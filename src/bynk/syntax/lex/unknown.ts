/** Characters that start no token. A run of them is one token and one report. */
import { createFix, type Fix } from "../../diagnostics/diagnostic.ts";
import { isKnownStart } from "./characters.ts";
import { type LexState, pushTrivia, spanFrom } from "./state.ts";
import { lexSingleQuoted } from "./strings.ts";

type Variant =
  | "default"
  | "semicolon"
  | "ampersand"
  | "percent"
  | "letter"
  | "curlyQuote"
  | "invisible"
  | "hash"
  | "backtick";

/** At such a character. */
export function lexUnknown(state: LexState): void {
  if (state.text[state.at] === "'" && lexSingleQuoted(state)) return;
  const start = state.at;
  const first = characterAt(state.text, start);
  const variant = pickVariant(first);
  state.at += first.length;
  while (state.at < state.text.length && !isKnownStart(state.text, state.at)) {
    const next = characterAt(state.text, state.at);
    if (next === "'" || pickVariant(next) !== variant) break;
    state.at += next.length;
  }
  const details = { variant, fixes: fixesFor(state, variant, start) };
  state.report.report("bynk.lex.unexpected_character", spanFrom(state, start), { character: show(first) }, details);
  pushTrivia(state, "unknown", start);
}

function characterAt(text: string, at: number): string {
  return String.fromCodePoint(text.codePointAt(at) ?? 0);
}

function pickVariant(character: string): Variant {
  if (character === ";") return "semicolon";
  if (character === "&") return "ampersand";
  if (character === "%") return "percent";
  if (character === "#") return "hash";
  if (character === "`") return "backtick";
  if (/[“”„«»]/u.test(character)) return "curlyQuote";
  if (/[\p{L}\p{M}\p{N}]/u.test(character)) return "letter";
  return /[\p{C}\p{Z}]/u.test(character) ? "invisible" : "default";
}

function show(character: string): string {
  if (character === "`") return "a backtick";
  if (!/[\p{C}\p{Z}\p{M}]/u.test(character)) return `\`${character}\``;
  const code = character.codePointAt(0) ?? 0;
  return `the character U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}

function fixesFor(state: LexState, variant: Variant, start: number): readonly Fix[] {
  const fix = (title: string, text: string): readonly Fix[] => [
    createFix(state.report.source, title, [{ span: spanFrom(state, start), text }]),
  ];
  if (variant === "semicolon") return fix("remove the semicolon", "");
  if (variant === "ampersand" && state.at === start + 1) return fix("write `&&`", "&&");
  if (variant === "curlyQuote" && state.at === start + 1) return fix("use a straight double quote", '"');
  return variant === "invisible" ? fix("remove it", "") : [];
}
