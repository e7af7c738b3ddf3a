/** Owns the line that says how far a command is, on terminals only; it is gone when the command ends. */

/** Shorter work is over before anybody has read about it. */
const FEWEST = 20;

export class Progress {
  readonly #stream: NodeJS.WriteStream;
  #shown = "";
  #seen = 0;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
  }

  /** One more file; `what` says what happens to it. */
  step(what: string, file: string): void {
    this.#seen += 1;
    if (!this.#stream.isTTY || this.#seen < FEWEST) return;
    const line = `${what} ${this.#seen}: ${file}`.slice(0, Math.max(20, (this.#stream.columns ?? 80) - 1));
    this.#stream.write(`\r${line.padEnd(this.#shown.length)}`);
    this.#shown = line;
  }

  /** Takes the line away; the count begins anew. */
  clear(): void {
    if (this.#shown !== "") this.#stream.write(`\r${" ".repeat(this.#shown.length)}\r`);
    this.#shown = "";
    this.#seen = 0;
  }
}
