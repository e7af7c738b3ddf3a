/** The source lines a diagnostic is about, with what it says drawn under their places. */
import type { Span } from "../../syntax/ast.ts";
import { lineText, positionAt, type SourceFile } from "../source-file.ts";
import { displayLine, tame, widthOf } from "./display-width.ts";

/** One place to underline. */
export interface Mark {
  readonly span: Span;
  readonly message: string;
  readonly primary: boolean;
}

/** How the two kinds of mark are coloured. */
export interface MarkPaint {
  readonly primary: (text: string) => string;
  readonly related: (text: string) => string;
}

/** Lines longer than this are shown around the place only. */
const maxLineLength = 160;
const lengthBefore = 60;

/** A stretch of one line, with offsets into that line. */
interface Underline {
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly message: string;
  readonly primary: boolean;
}

/** The rows of the excerpt, without the gutter on their left: a number starts a source line. */
export interface Row {
  readonly line: number | undefined;
  readonly text: string;
}

/** Every marked line once, in order, with a row for each mark; `...` where lines are left out. */
export function drawExcerpt(source: SourceFile, marks: readonly Mark[], paint: MarkPaint): readonly Row[] {
  const underlines = marks.flatMap((mark) => splitMark(source, mark));
  const lines = [...new Set(underlines.map((underline) => underline.line))].toSorted((a, b) => a - b);
  const rows: Row[] = [];
  for (const [index, line] of lines.entries()) {
    const before = lines[index - 1];
    if (before !== undefined && before < line - 1) rows.push({ line: undefined, text: "..." });
    rows.push(
      ...drawLine(
        source,
        line,
        underlines.filter((underline) => underline.line === line),
        paint,
      ),
    );
  }
  return rows;
}

/** A place over several lines is underlined on its first and its last; what it says stands under the last. */
function splitMark(source: SourceFile, { span, message, primary }: Mark): readonly Underline[] {
  const first = positionAt(source, span.start);
  const last = positionAt(source, span.end);
  const start = first.column - 1;
  if (first.line === last.line) return [{ line: first.line, start, end: last.column - 1, message, primary }];
  const lastText = lineText(source, last.line);
  const indent = lastText.length - lastText.trimStart().length;
  return [
    { line: first.line, start, end: lineText(source, first.line).length, message: "", primary },
    { line: last.line, start: Math.min(indent, last.column - 1), end: last.column - 1, message, primary },
  ];
}

function drawLine(
  source: SourceFile,
  line: number,
  underlines: readonly Underline[],
  paint: MarkPaint,
): readonly Row[] {
  const full = lineText(source, line);
  const from = windowStart(full, underlines);
  const shown = displayLine(full.slice(from, from + maxLineLength));
  const before = from > 0 ? "…" : "";
  const after = full.length > from + maxLineLength ? "…" : "";
  const rows = underlines.toSorted((a, b) => Number(b.primary) - Number(a.primary) || b.start - a.start);
  return [
    { line, text: before + shown.text + after },
    ...rows.map((underline) => {
      const start = shown.columnOf(Math.max(0, underline.start - from));
      const end = shown.columnOf(Math.min(underline.end - from, maxLineLength));
      return { line: undefined, text: drawUnderline(start + widthOf(before), end - start, underline, paint) };
    }),
  ];
}

function windowStart(full: string, underlines: readonly Underline[]): number {
  if (full.length <= maxLineLength) return 0;
  const place = underlines.find((underline) => underline.primary) ?? underlines[0];
  return Math.max(0, (place?.start ?? 0) - lengthBefore);
}

/** An empty place, such as the end of the file, still gets one sign. */
function drawUnderline(column: number, width: number, { message, primary }: Underline, paint: MarkPaint): string {
  const signs = (primary ? "^" : "-").repeat(Math.max(1, width));
  const colour = primary ? paint.primary : paint.related;
  return " ".repeat(column) + colour(message === "" ? signs : `${signs} ${tame(message)}`);
}
