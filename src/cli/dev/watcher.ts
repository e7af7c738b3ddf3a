/** Owns noticing that one of a set of files changed. Watches their folders: editors replace a file rather than write to it. */
import { type FSWatcher, watch } from "node:fs";
import { dirname, extname, join } from "node:path";

/** One save is often several events. */
const SETTLE_MS = 80;
const SOURCE = new Set([".ts", ".mts", ".cts", ".js", ".mjs", ".cjs", ".json"]);

export class Watcher {
  readonly #files = new Set<string>();
  readonly #folders = new Map<string, FSWatcher>();
  readonly #onChange: (file: string) => void;
  #settling: NodeJS.Timeout | null = null;
  /** True after a failed start: then any source in the folders may be what was missing. */
  anySource = false;

  constructor(onChange: (file: string) => void) {
    this.#onChange = onChange;
  }

  add(files: readonly string[]): void {
    for (const file of files) {
      this.#files.add(file);
      const folder = dirname(file);
      if (!this.#folders.has(folder)) this.#watch(folder);
    }
  }

  #watch(folder: string): void {
    try {
      const watcher = watch(folder, (_event, name) => this.#noticed(join(folder, name ?? "")));
      watcher.on("error", () => this.#folders.delete(folder));
      this.#folders.set(folder, watcher);
    } catch {
      // A folder that is gone, or one too many for the system: changes there go unnoticed, the rest works.
    }
  }

  #noticed(file: string): void {
    if (!this.#files.has(file) && !(this.anySource && SOURCE.has(extname(file)))) return;
    if (this.#settling !== null) clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      this.#settling = null;
      this.#onChange(file);
    }, SETTLE_MS);
  }

  close(): void {
    if (this.#settling !== null) clearTimeout(this.#settling);
    for (const watcher of this.#folders.values()) watcher.close();
    this.#folders.clear();
  }
}
