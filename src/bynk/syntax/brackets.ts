/**
 * Which bracket closes which, over all tokens of a file, in one linear pass. Braces are stronger than the other
 * brackets: a `}` closes past an unclosed `(`, a `)` never closes past an unclosed `{`. The holes of a string are
 * stronger still: nothing inside one pairs with anything outside.
 */
import type { Token } from "./token.ts";

/** What stands open between one brace or hole and the next. */
interface Frame {
  /** Index of the brace, or of the piece of string before the hole; -1 outside all of them. */
  readonly opener: number;
  readonly isHole: boolean;
  /** Indices of the open `(` and `[`. */
  readonly open: number[];
  /** How many of them are `(`, so that a closer without partner costs nothing. */
  round: number;
}

/**
 * For each token index: the index of the closing partner of an opening bracket, and of the piece of string behind the
 * hole that a piece opens; -1 where there is none.
 */
export function matchBrackets(tokens: readonly Token[]): Int32Array {
  const partner = new Int32Array(tokens.length).fill(-1);
  const frames: Frame[] = [createFrame(-1, false)];
  for (let index = 0; index < tokens.length; index++) {
    const kind = tokens[index]?.kind;
    if (kind === "{") frames.push(createFrame(index, false));
    else if (kind === "}") closeBrace(frames, index, partner);
    else if (kind === "(" || kind === "[") openBracket(topOf(frames), kind, index);
    else if (kind === ")" || kind === "]") closeBracket(topOf(frames), kind, index, tokens, partner);
    else if (kind === "stringMiddle" || kind === "stringTail") closeHole(frames, index, partner);
    if (kind === "stringHead" || kind === "stringMiddle") frames.push(createFrame(index, true));
  }
  return partner;
}

function createFrame(opener: number, isHole: boolean): Frame {
  return { opener, isHole, open: [], round: 0 };
}

/** The outermost frame is never popped. */
function topOf(frames: readonly Frame[]): Frame {
  return frames[frames.length - 1] as Frame;
}

function closeBrace(frames: Frame[], index: number, partner: Int32Array): void {
  const { opener, isHole } = topOf(frames);
  if (opener < 0 || isHole) return;
  frames.pop();
  partner[opener] = index;
}

/** The lexer has balanced the pieces of strings, so the frame of the hole is there. */
function closeHole(frames: Frame[], index: number, partner: Int32Array): void {
  while (!topOf(frames).isHole) frames.pop();
  partner[frames.pop()?.opener ?? 0] = index;
}

function openBracket(frame: Frame, kind: "(" | "[", index: number): void {
  frame.open.push(index);
  if (kind === "(") frame.round += 1;
}

function closeBracket(
  frame: Frame,
  kind: ")" | "]",
  index: number,
  tokens: readonly Token[],
  partner: Int32Array,
): void {
  const opener = kind === ")" ? "(" : "[";
  const candidates = opener === "(" ? frame.round : frame.open.length - frame.round;
  if (candidates === 0) return;
  for (;;) {
    const last = frame.open.pop() ?? 0;
    const found = tokens[last]?.kind;
    if (found === "(") frame.round -= 1;
    if (found !== opener) continue;
    partner[last] = index;
    return;
  }
}
