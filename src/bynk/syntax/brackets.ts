/**
 * Which bracket closes which, over all tokens of a file, in one linear pass. Braces are stronger than the other
 * brackets: a `}` closes past an unclosed `(`, a `)` never closes past an unclosed `{`.
 */
import type { Token } from "./token.ts";

/** What stands open between one brace and the next. */
interface Frame {
  /** Index of the brace, or -1 outside all braces. */
  readonly brace: number;
  /** Indices of the open `(` and `[`. */
  readonly open: number[];
  /** How many of them are `(`, so that a closer without partner costs nothing. */
  round: number;
}

/** For each token index: the index of the closing partner of an opening bracket, or -1. */
export function matchBrackets(tokens: readonly Token[]): Int32Array {
  const partner = new Int32Array(tokens.length).fill(-1);
  const frames: Frame[] = [createFrame(-1)];
  for (let index = 0; index < tokens.length; index++) {
    const kind = tokens[index]?.kind;
    const frame = frames[frames.length - 1] as Frame;
    if (kind === "{") frames.push(createFrame(index));
    else if (kind === "}" && frame.brace >= 0) partner[frames.pop()?.brace ?? 0] = index;
    else if (kind === "(" || kind === "[") openBracket(frame, kind, index);
    else if (kind === ")" || kind === "]") closeBracket(frame, kind, index, tokens, partner);
  }
  return partner;
}

function createFrame(brace: number): Frame {
  return { brace, open: [], round: 0 };
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
