/** What the lexer reports. */
import { entry, text } from "../wording.ts";

export const lex = {
  "bynk.lex.unexpected_character": entry({
    title: "unexpected character",
    message: text`${"character"} does not start anything in Bynk`,
    label: text`not part of the language`,
    hint: text`remove it, or put it inside a string if it is text`,
    explanation:
      "Outside strings and comments, source consists of names, numbers and the operators of the language. There is no `%`, `;` or bitwise operator.",
  }),
} as const;
