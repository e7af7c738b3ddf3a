/**
 * Owns what the attacked program writes to its two outputs while it is attacked: kept, within a bound, and not shown. A log
 * that writes past Node's streams, straight to the file descriptor, is caught too.
 */
import fs from "node:fs";

/** Characters kept; older ones are looked through before they go. */
const KEPT = 1_048_576;

export class OutputCapture {
  readonly #restore: (() => void)[] = [];
  readonly #seen = new Set<string>();
  #text = "";
  #marks: readonly string[] = [];

  /** Begins; what is attacked from here on writes nowhere. */
  start(): void {
    const keep = (chunk: unknown): void => this.#keep(typeof chunk === "string" ? chunk : textOf(chunk));
    for (const stream of [process.stdout, process.stderr]) {
      const write = stream.write;
      // Node's signature has three forms; all begin with the chunk and may end with a callback.
      stream.write = ((chunk: unknown, ...rest: unknown[]): boolean => {
        keep(chunk);
        const done = rest.at(-1);
        if (typeof done === "function") queueMicrotask(() => done());
        return true;
      }) as typeof write;
      this.#restore.push(() => {
        stream.write = write;
      });
    }
    const writeSync = fs.writeSync as (fd: number, chunk: unknown, ...rest: unknown[]) => number;
    fs.writeSync = ((fd: number, chunk: unknown, ...rest: unknown[]): number => {
      if (fd !== 1 && fd !== 2) return writeSync(fd, chunk, ...rest);
      keep(chunk);
      return typeof chunk === "string" ? Buffer.byteLength(chunk) : (chunk as Uint8Array).byteLength;
    }) as typeof fs.writeSync;
    this.#restore.push(() => {
      fs.writeSync = writeSync as typeof fs.writeSync;
    });
  }

  stop(): void {
    for (const restore of this.#restore.splice(0)) restore();
  }

  /** Texts to look for in whatever is written from now on. */
  lookFor(marks: readonly string[]): void {
    this.#marks = marks;
  }

  /** Those of the looked-for texts that were written. */
  get written(): ReadonlySet<string> {
    return this.#seen;
  }

  /** Lines written, the newest. */
  get lines(): readonly string[] {
    return this.#text.split("\n");
  }

  #keep(chunk: string): void {
    for (const mark of this.#marks) if (chunk.includes(mark)) this.#seen.add(mark);
    this.#text = (this.#text + chunk).slice(-KEPT);
  }
}

function textOf(chunk: unknown): string {
  return chunk instanceof Uint8Array ? Buffer.from(chunk).toString() : String(chunk);
}
