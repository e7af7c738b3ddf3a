/** Source maps, version 3 (ECMA-426): from emitted lines to the lines of the sources. */
import { positionAt, type SourceFile } from "../diagnostics/source-file.ts";

/** A place in a source. */
export interface Origin {
  readonly source: SourceFile;
  /** A UTF-16 offset. */
  readonly offset: number;
}

/** One emitted line: the column at which its text begins, and what it was made from. */
export interface MappedLine {
  readonly column: number;
  readonly origin: Origin | undefined;
}

export interface MapOptions {
  /** The emitted file's name, without its folder. */
  readonly file: string;
  /** A source's path as seen from the emitted file. */
  readonly pathOf: (source: SourceFile) => string;
}

/** The text of a `.map` file. */
export function renderSourceMap(lines: readonly MappedLine[], options: MapOptions): string {
  const sources = [...new Set(lines.flatMap(({ origin }) => (origin === undefined ? [] : [origin.source])))];
  return `${JSON.stringify({
    version: 3,
    file: options.file,
    sources: sources.map(options.pathOf),
    sourcesContent: sources.map(({ text }) => text),
    names: [],
    mappings: encodeLines(lines, sources),
  })}\n`;
}

/** Each segment holds differences to the one before; a line without a segment is an empty group. */
function encodeLines(lines: readonly MappedLine[], sources: readonly SourceFile[]): string {
  let [lastSource, lastLine, lastColumn] = [0, 0, 0];
  const groups = lines.map(({ column, origin }) => {
    if (origin === undefined) return "";
    const source = sources.indexOf(origin.source);
    const place = positionAt(origin.source, origin.offset);
    const [line, at] = [place.line - 1, place.column - 1];
    const segment = [column, source - lastSource, line - lastLine, at - lastColumn].map(encodeVlq).join("");
    [lastSource, lastLine, lastColumn] = [source, line, at];
    return segment;
  });
  return groups.join(";");
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Base64 VLQ: the sign in the lowest bit, five bits a digit, the sixth says that more follow. */
function encodeVlq(value: number): string {
  let rest = value < 0 ? (-value << 1) | 1 : value << 1;
  let text = "";
  do {
    const digit = rest & 31;
    rest >>>= 5;
    text += DIGITS[rest > 0 ? digit | 32 : digit];
  } while (rest > 0);
  return text;
}
