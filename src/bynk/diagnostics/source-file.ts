/** One source text with its path, and where its lines begin. */

/** A place as people count it. Both numbers start at 1; a column counts UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface SourceFile {
  /** Relative to the project root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** The offset at which each line begins; line 1 first. */
  readonly lineStarts: readonly number[];
}

/** LF, CR LF and a lone CR each end a line, as in the lexer. */
export function createSourceFile(path: string, text: string): SourceFile {
  return { path, text, lineStarts: findLineStarts(text) };
}

/** The position of `offset`; an offset outside the text counts as its nearest end. */
export function positionAt(source: SourceFile, offset: number): Position {
  const at = Math.max(0, Math.min(offset, source.text.length));
  const line = lineIndexAt(source.lineStarts, at);
  return { line: line + 1, column: at - (source.lineStarts[line] ?? 0) + 1 };
}

/** The text of a line (first line is 1) without its line end; "" past the last line. */
export function lineText(source: SourceFile, line: number): string {
  const start = source.lineStarts[line - 1];
  if (start === undefined) return "";
  const end = source.lineStarts[line] ?? source.text.length;
  return source.text.slice(start, end).replace(/(\r\n|\r|\n)$/, "");
}

function findLineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === 10) starts.push(at + 1);
    else if (unit === 13 && text.charCodeAt(at + 1) !== 10) starts.push(at + 1);
  }
  return starts;
}

function lineIndexAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
