/** Owns the list of messages that were given up: looking at it, putting them back, and its bound (G12). */
import type { QueueRow } from "../../hosts/port.ts";
import type { MessageLog } from "./message-log.ts";
import type { QueueCore } from "./types.ts";

const PAGE = 100;

export class DeadLetters {
  readonly #core: QueueCore;
  readonly #log: MessageLog;
  #trimming: Promise<void> | null = null;

  constructor(core: QueueCore, log: MessageLog) {
    this.#core = core;
    this.#log = log;
  }

  /** In ascending id order; what is staged counts already. */
  async list(queue: string, limit: number, after: number): Promise<QueueRow[]> {
    const rows: QueueRow[] = [];
    for await (const row of this.#each(queue, after)) {
      rows.push(row);
      if (rows.length >= limit) break;
    }
    return rows;
  }

  /** Puts messages back while there is room for them. */
  async redrive(queue: string, ids: readonly number[] | null): Promise<number> {
    const wanted = ids === null ? null : new Set(ids);
    let count = 0;
    for await (const row of this.#each(queue, 0)) {
      if (this.#log.isFull || wanted?.size === 0) break;
      if (wanted !== null && !wanted.delete(row.id)) continue;
      this.#log.revive(row);
      count += 1;
    }
    return count;
  }

  /** Forgets the oldest ones past the limit. */
  trim(): void {
    if (this.#log.excessDead <= 0) return;
    this.#trimming ??= this.#trim()
      .catch((error: unknown) => this.#core.log.warn({ err: error }, "dead letters could not be trimmed"))
      .finally(() => {
        this.#trimming = null;
      });
  }

  async #trim(): Promise<void> {
    for await (const row of this.#each(null, 0)) {
      if (this.#log.excessDead <= 0 || this.#core.isStopping()) break;
      this.#log.bury(row);
      this.#core.log.warn(
        { queue: row.queue, message: row.id },
        "the oldest dead letter was dropped: there are too many",
      );
    }
    this.#core.outbox.settle();
  }

  async *#each(queue: string | null, after: number): AsyncGenerator<QueueRow> {
    const { store, ref } = this.#core;
    for (let afterId = after; ; ) {
      const staged = this.#staged(queue).filter((row) => row.id > afterId);
      const page = await store.readQueue(ref, { queue, status: "dead", afterId, limit: PAGE });
      const isLast = page.length < PAGE;
      const end = page.at(-1)?.id ?? afterId;
      const known = new Set(page.map((row) => row.id));
      const extra = staged.filter((row) => !known.has(row.id) && (isLast || row.id <= end));
      for (const row of [...page, ...extra].sort((a, b) => a.id - b.id)) {
        if (this.#isDeadStill(row)) yield row;
      }
      if (isLast) return;
      afterId = end;
    }
  }

  #staged(queue: string | null): QueueRow[] {
    const { outbox } = this.#core;
    if (!outbox.hasStaged) return [];
    const rows = [...outbox.staged.queuePut.values()];
    return rows.filter((row) => row.status === "dead" && (queue === null || row.queue === queue));
  }

  /** False when the next commit puts it back or forgets it. */
  #isDeadStill(row: QueueRow): boolean {
    const { outbox } = this.#core;
    if (!outbox.hasStaged) return true;
    if (outbox.staged.queueDelete.has(row.id)) return false;
    return (outbox.staged.queuePut.get(row.id)?.status ?? "dead") === "dead";
  }
}
