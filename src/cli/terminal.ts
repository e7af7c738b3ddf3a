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

/** A reader who leaves early (`byward … | head`) is no failure: what is written after that goes nowhere. */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
}

/** True until the reader of standard output has left. */
export function isRead(): boolean {
  return process.stdout.writable;
}

/** Resolves when everything has left this process, or nobody reads it any more. */
export async function flushOutputs(): Promise<void> {
  const outputs = [process.stdout, process.stderr].filter((stream) => stream.writable);
  await Promise.all(outputs.map((stream) => new Promise<void>((done) => stream.write("", () => done()))));
}

/** Columns to lay text out in; null where the reader is no terminal. */
export function terminalWidth(): number | null {
  return process.stdout.isTTY ? process.stdout.columns : null;
}
