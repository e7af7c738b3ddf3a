/**
 * Doc blocks and comments (reference §1.2, §1.3). A fence is a whole line of three or more dashes; it is looked for
 * before a comment is.
 */
import { type LexState, pushTrivia, spanFrom } from "./state.ts";

const fence = /-{3,}[ \t]*(?=\r|\n|$)/y;
const closingFence = /(?:\r\n|\n|\r)[ \t]*-{3,}[ \t]*(?=\r|\n|$)/g;
const comment = /--[^\r\n]*/y;

/** What a line must look like for an unclosed doc block to end before it. Prose seldom does. */
const declarationLine = new RegExp(
  [
    String.raw`(?:\r\n|\n|\r)(?=[ \t]*(?:`,
    String.raw`(?:commons|context|adapter|suite)[ \t]+[A-Za-z][\w.]*[ \t]*(?:\{|\r|\n|$)`,
    String.raw`|type[ \t]+[A-Za-z]\w*[ \t]*[=[]`,
    String.raw`|fn[ \t]+[A-Za-z][\w.]*[ \t]*[([]`,
    String.raw`|(?:capability|agent)[ \t]+[A-Za-z]\w*[ \t]*\{`,
    String.raw`|(?:actor|provides)[ \t]+[A-Za-z]\w*[ \t]*[={]`,
    String.raw`|service[ \t]+[A-Za-z]\w*[ \t]*(?:\{|from\b)`,
    String.raw`|on[ \t]+(?:GET|POST|PUT|PATCH|DELETE|schedule)[ \t]*\(`,
    "))",
  ].join(""),
  "g",
);

/** At a dash. Reads a doc block or a comment if one starts here. */
export function lexDashes(state: LexState): boolean {
  if (state.text.charCodeAt(state.at + 1) !== 0x2d) return false;
  // Inside a hole a comment would swallow the closing bracket, so `a--b` can only be two signs there.
  if (state.holes.length > 0) return false;
  if (state.atLineStart && matchesAt(fence, state)) lexDocBlock(state);
  else lexComment(state);
  return true;
}

function lexComment(state: LexState): void {
  const start = state.at;
  const ownLine = state.atLineStart;
  state.at += matchLength(comment, state.text, start);
  const { text } = pushTrivia(state, "comment", start);
  state.comments.push({ kind: "Comment", text, ownLine, span: spanFrom(state, start) });
}

function lexDocBlock(state: LexState): void {
  const start = state.at;
  const opened = start + matchLength(fence, state.text, start);
  closingFence.lastIndex = opened;
  const close = closingFence.exec(state.text);
  state.at = close === null ? findUnclosedEnd(state, opened) : close.index + close[0].length;
  if (close === null) state.report.report("bynk.lex.unclosed_doc_block", { start, end: opened }, {});
  const inner = state.text.slice(opened, close?.index ?? state.at);
  const block = { kind: "DocBlock", text: dedent(inner), span: spanFrom(state, start) } as const;
  pushTrivia(state, "doc", start);
  state.docPending = { block, next: -1, adjacent: false, onlyBlankBetween: false };
  state.docs.push(state.docPending);
}

function findUnclosedEnd(state: LexState, opened: number): number {
  declarationLine.lastIndex = opened;
  return declarationLine.exec(state.text)?.index ?? state.text.length;
}

/** Drops the line end after the opening fence and the indentation that all lines with text share. */
function dedent(inner: string): string {
  const lines = inner.split(/\r\n|\n|\r/).slice(1);
  const indents = lines.filter((line) => line.trim() !== "").map((line) => matchLength(/[ \t]*/y, line, 0));
  const common = indents.reduce((least, indent) => Math.min(least, indent), Number.POSITIVE_INFINITY);
  return lines.map((line) => (line.trim() === "" ? "" : line.slice(common))).join("\n");
}

function matchesAt(pattern: RegExp, state: LexState): boolean {
  pattern.lastIndex = state.at;
  return pattern.test(state.text);
}

function matchLength(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0].length ?? 0;
}
