/** Emitted text, line by line, each with the place in the source that it came from. */
import type { MappedLine, Origin } from "./source-map.ts";

interface Line {
  readonly indent: number;
  readonly text: string;
  readonly origin: Origin | undefined;
}

export class Writer {
  #lines: Line[] = [];
  #indent = 0;
  #effects = 0;

  /** True while nothing has been written that does something; a declaration alone may stand anywhere before its use. */
  get isIdle(): boolean {
    return this.#effects === 0;
  }

  /** The one line this holds; undefined for none or several. */
  get onlyLine(): string | undefined {
    return this.#lines.length === 1 ? this.#lines[0]?.text : undefined;
  }

  /** The first line; undefined for none. */
  get firstText(): string | undefined {
    return this.#lines[0]?.text;
  }

  /** Something is declared at the outermost level of what was written. */
  get hasConstants(): boolean {
    return this.#lines.some(({ indent, text }) => indent === 0 && /^(const|let) /.test(text));
  }

  declare(text: string): void {
    this.#lines.push({ indent: this.#indent, text, origin: undefined });
  }

  line(text: string, origin?: Origin): void {
    this.#effects += 1;
    this.#lines.push({ indent: text === "" ? 0 : this.#indent, text, origin });
  }

  lines(texts: readonly string[]): void {
    for (const text of texts) this.line(text);
  }

  /** An empty line, unless there is one or nothing yet. */
  gap(): void {
    const last = this.#lines.at(-1);
    if (last !== undefined && last.text !== "") this.line("");
  }

  indented(write: () => void): void {
    this.#indent += 1;
    write();
    this.#indent -= 1;
  }

  /** `open`, what `write` writes one step further in, `close`. */
  block(open: string, write: () => void, close = "}", origin?: Origin): void {
    this.line(open, origin);
    this.indented(write);
    this.line(close);
  }

  /** Takes over what another writer holds, at this writer's indentation. */
  append(other: Writer): void {
    this.#effects += other.#effects;
    for (const line of other.#lines) {
      this.#lines.push(line.text === "" ? line : { ...line, indent: line.indent + this.#indent });
    }
  }

  /** The same with `head` in front of the first line. */
  appendGlued(head: string, other: Writer): void {
    const glued = new Writer();
    glued.#effects = other.#effects;
    glued.#lines = other.#lines.map((line, index) => (index === 0 ? { ...line, text: head + line.text } : line));
    this.append(glued);
  }

  toText(): string {
    return `${this.#lines.map(({ indent, text }) => "  ".repeat(indent) + text).join("\n")}\n`;
  }

  toMappedLines(): readonly MappedLine[] {
    return this.#lines.map(({ indent, origin }) => ({ column: indent * 2, origin }));
  }
}
