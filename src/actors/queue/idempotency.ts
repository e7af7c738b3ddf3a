/**
 * Owns that an idempotency id given twice is one message, also when both sends are under way at once: sends with the
 * same id go one after the other, and each looks at what is staged and at what is stored before it adds a row.
 */
import type { QueueRow } from "../../hosts/port.ts";
import type { StagedWrites } from "../staged-writes.ts";
import type { QueueCore } from "./types.ts";

export class Idempotency {
  readonly #core: QueueCore;
  /** The last send under way with each id. */
  readonly #underWay = new Map<string, Promise<unknown>>();
  /** Ids in the writes staged now; the store does not know them yet. */
  #stagedIn: StagedWrites | null = null;
  #staged = new Map<string, number>();

  constructor(core: QueueCore) {
    this.#core = core;
  }

  /** Runs one send after those with the same id; `found` is the message that carries the id already. */
  async send<T>(queue: string, id: string, run: (found: QueueRow | null) => T): Promise<Awaited<T>> {
    const key = keyOf(queue, id);
    const before = this.#underWay.get(key);
    const mine = (before ?? Promise.resolve()).then(async () => run(await this.#find(queue, id, key)));
    const settled = mine.catch(() => {});
    this.#underWay.set(key, settled);
    try {
      return await mine;
    } finally {
      if (this.#underWay.get(key) === settled) this.#underWay.delete(key);
    }
  }

  /** A row with an id was staged. */
  added(row: QueueRow): void {
    if (row.idempotencyKey === null) return;
    this.#refresh();
    this.#staged.set(keyOf(row.queue, row.idempotencyKey), row.id);
  }

  async #find(queue: string, id: string, key: string): Promise<QueueRow | null> {
    const staged = this.#findStaged(key);
    if (staged !== null) return staged;
    const stored = await this.#core.store.findQueueKey(this.#core.ref, queue, id);
    // While the store was asked, the message may have been completed or given up: the staged row is the newer one.
    return this.#findStaged(key) ?? this.#newest(stored);
  }

  #findStaged(key: string): QueueRow | null {
    this.#refresh();
    const id = this.#staged.get(key);
    return id === undefined ? null : (this.#core.outbox.staged.queuePut.get(id) ?? null);
  }

  #newest(row: QueueRow | null): QueueRow | null {
    const { outbox } = this.#core;
    if (row === null || !outbox.hasStaged) return row;
    if (outbox.staged.queueDelete.has(row.id)) return null;
    return outbox.staged.queuePut.get(row.id) ?? row;
  }

  #refresh(): void {
    const { outbox } = this.#core;
    const now = outbox.hasStaged ? outbox.staged : null;
    if (now === this.#stagedIn) return;
    this.#stagedIn = now;
    this.#staged = new Map();
  }
}

const keyOf = (queue: string, id: string): string => `${id.length}:${id}${queue}`;
