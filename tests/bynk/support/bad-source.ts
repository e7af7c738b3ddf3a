/** Source that nobody would write: random characters, token soup, damaged programs, things nested without end. */
import { punctuation, reserved } from "../../../src/bynk/syntax/token.ts";
import type { Random } from "./random.ts";

const fragments: readonly string[] = [
  ...reserved,
  ...punctuation,
  ...["name", "Name", "Val[", "trace(A.b)", "Wire(", "stub", "event E", 'messages "en"', "key", "store x: Cell[Int]"],
  ...[
    "cors {",
    "security {",
    "limits {",
    "auth =",
    "identity =",
    "GET(",
    "call",
    "schedule(",
    "message",
    "open",
    "close",
  ],
  ...["0", "17", "1.5", "1e9", "9_999_999_999_999_999_999", "5.minutes", "7.", ".7"],
  ...['"text"', '"a \\(', ')"', '"', "\\", "\\(", "'x'", ";", "%", "&", "#", "é", "\u{1f600}", "\ud800", "\u00a0"],
  ...["\n", "\n", "\r\n", "\r", " ", "\t", "-- comment\n", "---\n", "\n---\n", "\n---\ndoc\n---\n", "_x", "@cache("],
  ...[
    "commons a.b",
    "context a {",
    "adapter a",
    "suite a",
    "\ntype A =",
    "\nfn f(",
    "\nservice s from http {",
    "\nactor A {",
  ],
];

/** Characters from a small and a large alphabet. */
export function randomCharacters(random: Random): string {
  const bound = random.pick([128, 128, 256, 0x3000, 0x10000]);
  const units = Array.from({ length: random.below(300) }, () => random.below(bound));
  return String.fromCharCode(...units);
}

/** Words and signs of the language in any order. */
export function tokenSoup(random: Random): string {
  const glue = random.pick(["", " ", " ", "\n"]);
  const head = random.pick([
    "",
    "",
    "commons t\n",
    "context t\n",
    "context t\nfn f() -> Int {\n",
    "context t\nservice s {\n",
  ]);
  return head + Array.from({ length: random.below(120) }, () => random.pick(fragments)).join(glue);
}

/** A program with a few pieces cut, doubled, swapped, replaced, or taken from another program. */
export function damagedProgram(random: Random, programs: readonly string[]): string {
  let text = random.pick(programs);
  for (let wounds = 1 + random.below(4); wounds > 0; wounds--) text = damage(random, text, programs);
  return text;
}

/** One thing opened again and again. */
export function deepNest(random: Random): string {
  const head = random.pick([
    "",
    "commons t\n",
    "commons t\nfn f() -> Int {\n",
    "commons t\ntype A = ",
    "context t\nservice s {\n",
  ]);
  const openers = [
    "(",
    "[",
    "{",
    "if a {",
    "match a {",
    "match a { b =>",
    "f(",
    "(x) =>",
    "!",
    "- ",
    "a.b(",
    "A[",
    "Some(",
    '"\\(',
  ];
  const more = [
    "else if a {} ",
    "a + ",
    "A -> ",
    "a\n",
    "{ ...a, b: ",
    "fn f() -> Int { ",
    "type A = { b: ",
    "a |",
    "(A, ",
    "a is ",
  ];
  const unit = random.pick([...openers, ...more]) + random.pick(["", "", random.pick(fragments)]);
  return head + unit.repeat(1 + random.below(random.pick([10, 300, 2_000])));
}

function damage(random: Random, text: string, programs: readonly string[]): string {
  const at = random.below(text.length + 1);
  const end = Math.min(text.length, at + 1 + random.below(random.pick([2, 8, 60])));
  const piece = text.slice(at, end);
  const put = (between: string): string => text.slice(0, at) + between + text.slice(end);
  switch (random.below(7)) {
    case 0:
      return put("");
    case 1:
      return put(piece + piece);
    case 2:
      return put(random.pick(fragments));
    case 3:
      return text.slice(0, at) + random.pick(fragments) + text.slice(at);
    case 4:
      return text.slice(0, at);
    case 5:
      return put(pieceOf(random, random.pick(programs)));
    default:
      return put(text.slice(end, end + piece.length) + piece);
  }
}

function pieceOf(random: Random, text: string): string {
  const start = random.below(text.length);
  return text.slice(start, start + random.below(80));
}
