/**
 * The measure the store is held against: the plainest durable group commit there is. One table, one upsert a commit, one
 * transaction for everything that waited, in a worker thread; no actors, no checksums, no reads, no failures.
 */
import { DatabaseSync } from "node:sqlite";
import { parentPort, Worker, workerData } from "node:worker_threads";

interface Batch {
  readonly keys: readonly string[];
  readonly values: readonly string[];
}

export const CHECKPOINT_PAGES = 16_000;

/** Main thread's side. */
export class BareLoop {
  readonly #worker: Worker;
  #keys: string[] = [];
  #values: string[] = [];
  #waiting: (() => void)[] = [];
  #inFlight: (() => void)[] | null = null;
  #scheduled = false;

  constructor(path: string) {
    this.#worker = new Worker(new URL(import.meta.url), { workerData: { bareLoop: path }, execArgv: [] });
    this.#worker.on("message", () => this.#settle());
  }

  commit(key: string, value: string): Promise<void> {
    return new Promise((resolve) => {
      this.#keys.push(key);
      this.#values.push(value);
      this.#waiting.push(resolve);
      this.#schedule();
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #schedule(): void {
    if (this.#scheduled || this.#inFlight !== null) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#keys.length === 0) return;
      this.#inFlight = this.#waiting;
      this.#worker.postMessage({ keys: this.#keys, values: this.#values } satisfies Batch);
      this.#keys = [];
      this.#values = [];
      this.#waiting = [];
    });
  }

  #settle(): void {
    const done = this.#inFlight ?? [];
    this.#inFlight = null;
    for (const resolve of done) resolve();
    if (this.#keys.length > 0) this.#schedule();
  }
}

const path = (workerData as { bareLoop?: string } | null)?.bareLoop;
if (path !== undefined && parentPort !== null) {
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;
    PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; CREATE TABLE IF NOT EXISTS t(k TEXT PRIMARY KEY, v BLOB)`);
  const upsert = db.prepare("INSERT INTO t(k, v) VALUES (?, ?) ON CONFLICT(k) DO UPDATE SET v = excluded.v");
  const port = parentPort;
  port.on("message", ({ keys, values }: Batch) => {
    db.exec("BEGIN");
    for (const [at, key] of keys.entries()) upsert.run(key, values[at] ?? "");
    db.exec("COMMIT");
    port.postMessage(null);
  });
}
