/**
 * Source text as a terminal shows it. What could steer the terminal, such as an escape sequence in a string, becomes a
 * visible replacement; a tab becomes blanks to the next stop.
 */

const tabStop = 4;

/** A line made ready for a terminal, and the column at which each of its offsets appears. */
export interface DisplayLine {
  readonly text: string;
  /** The column (from 0) of the UTF-16 offset `offset` of the source line; past its end, one column per offset. */
  readonly columnOf: (offset: number) => number;
}

export function displayLine(line: string): DisplayLine {
  const columns: number[] = [];
  let text = "";
  let column = 0;
  for (const cluster of clustersOf(line)) {
    for (let unit = 0; unit < cluster.length; unit++) columns.push(column);
    const shown = cluster === "\t" ? " ".repeat(tabStop - (column % tabStop)) : tame(cluster);
    text += shown;
    column += widthOf(shown);
  }
  return { text, columnOf: (offset) => columns[offset] ?? column + Math.max(0, offset - columns.length) };
}

/** How many columns a text takes. Controls take none; East Asian wide characters and emoji take two. */
export function widthOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  let width = 0;
  for (const cluster of clustersOf(text)) width += clusterWidth(cluster);
  return width;
}

/** The text with everything that could steer a terminal replaced. */
export function tame(text: string): string {
  return text.replace(steering, "\ufffd");
}

/** Controls, format characters that reorder text, and lone surrogates. */
const steering = /[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\p{Cs}]/gu;

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

function clustersOf(text: string): readonly string[] {
  if (/^[\t -~]*$/.test(text)) return [...text];
  return Array.from(segmenter.segment(text), (part) => part.segment);
}

function clusterWidth(cluster: string): number {
  if (/^[\p{M}\u200d]+$/u.test(cluster)) return 0;
  return wide.test(cluster) ? 2 : [...cluster.replace(/[\p{M}\u200d]/gu, "")].length;
}
