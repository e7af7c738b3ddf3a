/** Owns writing to the terminal: colours only where a terminal reads them and `NO_COLOR` is not set. */
import { styleText } from "node:util";

export type Paint = Parameters<typeof styleText>[0];

/** Styles text for the stream it goes to; plain for files and pipes, under `NO_COLOR`, and in dumb terminals. */
export function paint(style: Paint, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(style, text, { stream });
}

/** True where a stream shows colours; for what is painted elsewhere. */
export function usesColor(stream: NodeJS.WriteStream): boolean {
  return paint("red", "x", stream) !== "x";
}

export function stdout(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function stderr(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Columns to lay text out in; null where the reader is no terminal. */
export function terminalWidth(): number | null {
  return process.stdout.isTTY ? process.stdout.columns : null;
}
