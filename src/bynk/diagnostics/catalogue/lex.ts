/** What the lexer reports. */
import { entry, text } from "../wording.ts";

export const lex = {
  "bynk.lex.bad_escape": entry({
    title: "unknown escape",
    message: text`\`${"escape"}\` is not an escape`,
    label: text`unknown escape`,
    hint: text`double the backslash to write it as text; the escapes are \`\\n\`, \`\\t\`, \`\\"\`, \`\\\\\` and \`\\(…)\``,
    explanation:
      'In a string a backslash begins an escape: `\\n`, `\\t`, `\\"`, `\\\\`, or `\\(` for a hole. A backslash that is meant as text, as in a regular expression, is written twice: `Matches("\\\\d+")`.',
  }),
  "bynk.lex.float_literal_overflow": entry({
    title: "decimal number too large",
    message: text`this number is larger than any Float`,
    label: text`would be infinite`,
    hint: text`write a smaller number; the largest Float is about 1.8e308`,
    explanation:
      "A Float is an IEEE-754 double, and every Float written in the source must be finite: infinity has no literal and no JSON form.",
  }),
  "bynk.lex.integer_overflow": entry({
    title: "whole number too large",
    message: text`this number does not fit in 64 bits`,
    label: text`too large`,
    hint: text`write a number up to 9223372036854775807, or a Float such as \`1e30\``,
    explanation:
      "A whole-number literal must fit in a signed 64-bit integer, that is, be at most 9223372036854775807. Arithmetic on Int is exact up to 2^53 − 1 (9007199254740991).",
  }),
  "bynk.lex.interpolation_too_deep": entry({
    title: "holes nested too deeply",
    message: text`strings with holes are nested more than ${"limit"} deep`,
    label: text`one hole too many`,
    hint: text`bind the inner string with \`let\` and use its name in the hole`,
    explanation:
      'A hole may hold a string that has holes itself, to a fixed depth. Nothing readable comes near it: bind the inner strings first, `let inner = "…\\(x)…"`, and use `\\(inner)`.',
  }),
  "bynk.lex.unclosed_doc_block": entry({
    title: "unclosed doc block",
    message: text`this line of dashes opens a doc block that nothing closes`,
    label: text`opened here`,
    hint: text`add a line of three or more dashes where the documentation ends; for a comment begin the line with \`-- \``,
    explanation:
      "A line of three or more dashes opens a doc block, and the next such line closes it. The text between documents the declaration on the following line.\n\n```\n---\nWho is logged in.\n---\ntype UserId = opaque String\n```",
  }),
  "bynk.lex.unexpected_character": entry({
    title: "unexpected character",
    message: text`${"character"} does not start anything in Bynk`,
    label: text`not part of the language`,
    hint: text`remove it, or put it inside a string if it is text`,
    explanation:
      "Outside strings and comments, source consists of names, numbers and the operators of the language. There is no `%`, no `;`, no bitwise operator, and strings use double quotes.",
    variants: {
      semicolon: {
        message: text`${"character"} does not start anything in Bynk`,
        label: text`not needed`,
        hint: text`remove it; a statement ends where the next one begins`,
      },
      ampersand: {
        message: text`${"character"} does not start anything in Bynk`,
        label: text`not an operator`,
        hint: text`write \`&&\` for "and"; there are no bitwise operators`,
      },
      percent: {
        message: text`${"character"} is not an operator of Bynk`,
        label: text`no remainder operator`,
        hint: text`compute the remainder as \`a - a / b * b\`; division of Int truncates`,
      },
      letter: {
        message: text`${"character"} cannot stand in a name`,
        label: text`not an ASCII letter`,
        hint: text`use the letters A to Z, digits and \`_\` in names; other text belongs in strings and comments`,
      },
      curlyQuote: {
        message: text`${"character"} does not open a string`,
        label: text`a typographic quote`,
        hint: text`use the straight double quote \`"\``,
      },
      invisible: {
        message: text`${"character"} cannot be seen and is not white space in Bynk`,
        label: text`here`,
        hint: text`remove it; only space, tab and line ends separate words`,
      },
      backtick: {
        message: text`${"character"} does not open a string`,
        label: text`a string needs double quotes`,
        hint: text`use double quotes, and \`\\(…)\` to insert a value`,
      },
      hash: {
        message: text`${"character"} does not start anything in Bynk`,
        label: text`not a comment`,
        hint: text`begin a comment with \`--\``,
      },
      singleQuote: {
        message: text`${"character"} does not open a string`,
        label: text`a string needs double quotes`,
        hint: text`use double quotes`,
      },
    },
  }),
  "bynk.lex.unterminated_interpolation": entry({
    title: "unclosed hole in a string",
    message: text`this hole is not closed before the line ends`,
    label: text`\`)\` is missing`,
    hint: text`close the hole with \`)\` on the same line; bind a longer expression with \`let\` first`,
    explanation:
      'Inside a string `\\(` opens a hole that the balancing `)` closes, on the same line: `"on \\(shelf)"`. To write a backslash and a bracket as text, double the backslash.',
  }),
  "bynk.lex.unterminated_string": entry({
    title: "unclosed string",
    message: text`this string is not closed before the line ends`,
    label: text`\`"\` is missing`,
    hint: text`close it with \`"\`; write a line break inside a string as \`\\n\``,
    explanation:
      'A string opens and closes with a double quote on one line. A line break inside it is written `\\n`, a quote `\\"`.',
  }),
} as const;
