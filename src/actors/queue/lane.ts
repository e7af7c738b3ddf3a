/**
 * Owns one queue's deliverable messages in memory: a window of the stored rows, read in pages, in ascending id order.
 *
 * Invariants: every ready row of the queue is in the window, delayed, held by a receiver, or has an id above `#cursor`
 * and is read from the store when the window runs dry. The window is bounded by rows and by bytes (G12), so that a
 * million messages cost no more memory than a few hundred. Rests on the port: a read sees every write handed over.
 */
import { isPromise, type MaybePromise } from "../../boundary/maybe-promise.ts";
import type { QueueRow } from "../../hosts/port.ts";
import { Heap } from "./heap.ts";

/** Rows of one queue in memory. */
export const WINDOW = 256;
/** Rows read before anything is known of their size. */
const FIRST_PAGE = 16;
/** Characters of message bodies of one queue in memory; one message is always taken. */
const WINDOW_CHARACTERS = 4 * 1024 * 1024;

export interface LaneSource {
  /** Stored rows with status `ready` of this queue, in ascending id order. */
  read(queue: string, afterId: number, limit: number): MaybePromise<readonly QueueRow[]>;
  /** Rows of this queue that are staged but not handed over yet, with status `ready`. */
  staged(queue: string): readonly QueueRow[];
  now(): number;
}

/** A message that may not be delivered yet; without its row when many wait. */
interface Delayed {
  readonly at: number;
  readonly id: number;
  readonly row: QueueRow | null;
}

export class Lane {
  readonly name: string;
  /** Rows with status `ready`, held ones included. */
  ready: number;
  dead: number;
  readonly #source: LaneSource;
  readonly #window = new Heap<QueueRow>((a, b) => a.id < b.id);
  #characters = 0;
  readonly #delayed = new Heap<Delayed>((a, b) => a.at < b.at || (a.at === b.at && a.id < b.id));
  #delayedRows = 0;
  /** Messages that fell due without their row. */
  #due: number[] = [];
  /** Rows up to this id are known here. */
  #cursor = 0;
  #isComplete: boolean;
  #loading: Promise<void> | null = null;
  #isReading = false;
  /** Rows that came in while a page was being read. */
  #late: QueueRow[] = [];
  #pageSize = FIRST_PAGE;

  constructor(name: string, counts: { readonly ready: number; readonly dead: number }, source: LaneSource) {
    this.name = name;
    this.ready = counts.ready;
    this.dead = counts.dead;
    this.#source = source;
    this.#isComplete = counts.ready === 0;
  }

  /** The next deliverable message; undefined also when it has to be read first (`needsLoad`). */
  peek(): QueueRow | undefined {
    this.promote();
    return this.#due.length > 0 ? undefined : this.#window.peek();
  }

  /** True when the store has to be asked before anything can be said. */
  get needsLoad(): boolean {
    this.promote();
    return this.#due.length > 0 || (this.#window.size === 0 && !this.#isComplete);
  }

  take(): QueueRow | undefined {
    const row = this.#window.pop();
    if (row !== undefined) this.#characters -= row.body.length;
    return row;
  }

  /** When the earliest delayed message may be delivered; null when none is delayed. */
  get earliest(): number | null {
    return this.#delayed.peek()?.at ?? null;
  }

  /** True if messages wait that no delay holds back, delivered or not. */
  get hasDeliverable(): boolean {
    const first = this.#delayed.peek();
    return this.ready > this.#delayed.size || (first !== undefined && first.at <= this.#source.now());
  }

  /** A new message, or one put back. */
  offer(row: QueueRow): void {
    if (row.id <= this.#cursor) this.#admit(row);
    else if (this.#isReading) this.#late.push(row);
    else if (this.#isComplete && this.#hasRoom) {
      this.#cursor = row.id;
      this.#admit(row);
    } else {
      this.#isComplete = false;
    }
  }

  /** Reads what is missing. Calls while one is under way share it. */
  load(): Promise<void> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  get #hasRoom(): boolean {
    return this.#window.size < WINDOW && this.#characters < WINDOW_CHARACTERS;
  }

  #admit(row: QueueRow): void {
    if (row.availableAt > this.#source.now()) {
      const keep = this.#delayedRows < WINDOW;
      if (keep) this.#delayedRows += 1;
      this.#delayed.push({ at: row.availableAt, id: row.id, row: keep ? row : null });
      return;
    }
    this.#window.push(row);
    this.#characters += row.body.length;
  }

  /** Makes deliverable what has fallen due. Only where receivers are served after it: they learn of it no other way. */
  promote(): void {
    const now = this.#source.now();
    for (let first = this.#delayed.peek(); first !== undefined && first.at <= now; first = this.#delayed.peek()) {
      this.#delayed.pop();
      if (first.row === null) {
        this.#due.push(first.id);
        continue;
      }
      this.#delayedRows -= 1;
      this.#window.push(first.row);
      this.#characters += first.row.body.length;
    }
  }

  async #load(): Promise<void> {
    while (this.#due.length > 0) await this.#loadDue();
    while (this.#window.size === 0 && !this.#isComplete) await this.#loadPage();
  }

  async #loadDue(): Promise<void> {
    const id = this.#due[0]!;
    const staged = this.#source.staged(this.name).find((row) => row.id === id);
    const row = staged ?? (await this.#read(id - 1, 1))[0];
    this.#due.shift();
    if (row?.id === id) this.#admit(row);
  }

  async #loadPage(): Promise<void> {
    const before = this.#source.staged(this.name);
    this.#isReading = true;
    let page: readonly QueueRow[];
    try {
      page = await this.#read(this.#cursor, this.#pageSize);
    } finally {
      this.#isReading = false;
    }
    const isLast = page.length < this.#pageSize;
    const end = page.at(-1)?.id ?? this.#cursor;
    const extra = [...before, ...this.#late].filter((row) => row.id > this.#cursor && (isLast || row.id <= end));
    this.#late = [];
    this.#isComplete = isLast;
    this.#adjustPageSize(page);
    this.#fill(merged(page, extra));
  }

  #fill(rows: readonly QueueRow[]): void {
    for (const row of rows) {
      if (!this.#hasRoom) {
        this.#isComplete = false;
        return;
      }
      this.#cursor = row.id;
      this.#admit(row);
    }
  }

  /** Pages are as long as the memory for them allows, by the bodies seen last. */
  #adjustPageSize(page: readonly QueueRow[]): void {
    if (page.length === 0) return;
    const characters = page.reduce((sum, row) => sum + row.body.length, 0);
    const fitting = Math.floor(WINDOW_CHARACTERS / (1 + characters / page.length));
    this.#pageSize = Math.min(WINDOW, Math.max(FIRST_PAGE, fitting));
  }

  async #read(afterId: number, limit: number): Promise<readonly QueueRow[]> {
    const page = this.#source.read(this.name, afterId, limit);
    return isPromise(page) ? await page : page;
  }
}

/** By ascending id, one row an id; a staged row is newer than the stored one. */
function merged(page: readonly QueueRow[], extra: readonly QueueRow[]): readonly QueueRow[] {
  if (extra.length === 0) return page;
  const rows = new Map<number, QueueRow>();
  for (const row of page) rows.set(row.id, row);
  for (const row of extra) rows.set(row.id, row);
  return [...rows.values()].sort((a, b) => a.id - b.id);
}
