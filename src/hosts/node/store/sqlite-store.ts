/**
 * Owns the durable store of the Node host: `ActorStore` over one SQLite file in a data directory. This is the main
 * thread's face; it touches no disk. A writer thread commits in groups, a reader thread answers reads.
 *
 * S1 `commit` resolves after the fsync of its group (relaxed updates: at once). S2 A read sees every write of the same
 * actor handed over before it. S3 One store per directory (`store.locked`). S4 When a thread dies, everything owed and
 * everything after is refused: nothing is acknowledged that might not be on disk.
 */
import {
  type ActorRef,
  type ActorStore,
  type DueActor,
  type KvKey,
  type KvRange,
  type QueueRow,
  type ReplayRow,
  type RevocationRow,
  type Snapshot,
  StoreError,
  type WriteSet,
} from "../../port.ts";
import { assertWriteSet } from "../../write-set.ts";
import type { Fault } from "./faults.ts";
import { type CheckReport, refOf, type WorkerOptions } from "./messages.ts";
import { ReadQueue } from "./read-queue.ts";
import type { QueueQuery, Reader } from "./reader.ts";
import { WorkerLink } from "./worker-link.ts";
import { WriteQueue } from "./write-queue.ts";

export interface SqliteStoreOptions {
  /** The data directory; created when absent (mode 0700). Not on a network file system. */
  readonly directory: string;
  /**
   * Pages of 4 KiB of write-ahead log after which it is folded into the main file; default 16000 (64 MB). Less costs
   * throughput, more costs time to start after a crash.
   */
  readonly checkpointPages?: number;
  /** Writes handed over and not answered; past it a commit is refused with `full`. Default 131,072. */
  readonly maxWaitingWrites?: number;
  /** About how many bytes those writes may hold; past it, likewise. Default 256 MiB; one write alone is never too large. */
  readonly maxWaitingBytes?: number;
  /** Reads without an answer; past it a read is refused with `full`. Default 65,536. */
  readonly maxWaitingReads?: number;
  /** Told when a relaxed update, which was answered at once, could not be written. */
  readonly onLost?: (actor: ActorRef, error: StoreError) => void;
  /** For tests: failures to inject. */
  readonly faults?: readonly Fault[];
}

const CHECKPOINT_PAGES = 16_000;
const MAX_WAITING_WRITES = 131_072;
const MAX_WAITING_BYTES = 256 * 1024 * 1024;
const MAX_WAITING_READS = 65_536;

/** The store of the Node host. Open it with {@link SqliteStore.open}. */
export class SqliteStore implements ActorStore {
  /** Whether the previous owner of the directory stopped without closing it. */
  readonly unclean: boolean;
  /**
   * After an unclean stop, what a look at the file found; it is read in the background while the store serves. Null after
   * a clean one. Damaged actors are refused by name in any case; the others serve on.
   */
  readonly checked: Promise<CheckReport | null>;
  readonly #writer: WorkerLink;
  readonly #reader: WorkerLink;
  readonly #writes: WriteQueue;
  readonly #reads: ReadQueue;
  /** Actors with a commit refused here, not by the writer, until their caller knows. */
  readonly #refused = new Set<string>();
  #closing: Promise<void> | null = null;

  private constructor(parts: { unclean: boolean; writer: Writing; reader: Reading }) {
    this.unclean = parts.unclean;
    this.checked = parts.unclean ? parts.writer.checked : Promise.resolve(null);
    this.#writer = parts.writer.link;
    this.#reader = parts.reader.link;
    this.#writes = parts.writer.queue;
    this.#reads = parts.reader.queue;
  }

  /**
   * Opens the directory: takes its lock, brings the file to the current format, starts the threads.
   * @throws ConfigurationError `store.locked`, `store.newer-format`, `store.not-byward`, `store.data-gone`
   * @throws StoreError `damaged`, `full` or `failed` when the file cannot be opened
   */
  static async open(options: SqliteStoreOptions): Promise<SqliteStore> {
    const shared = {
      directory: options.directory,
      checkpointPages: options.checkpointPages ?? CHECKPOINT_PAGES,
      faults: options.faults ?? [],
    };
    const reader = startReader({ ...shared, role: "reader" }, options.maxWaitingReads ?? MAX_WAITING_READS);
    const writer = startWriter({ ...shared, role: "writer" }, options);
    try {
      const { unclean } = await writer.link.ready;
      reader.link.post({ kind: "open" });
      await reader.link.ready;
      return new SqliteStore({ unclean, writer, reader });
    } catch (error) {
      await Promise.all([reader.link.close(), writer.link.close()]);
      throw error;
    }
  }

  async commit(writes: WriteSet): Promise<void> {
    const { name, key } = writes.actor;
    try {
      this.#assertOpen();
      if (this.#refused.size > 0 && this.#refused.has(refOf(name, key))) {
        throw new StoreError("failed", `Refused: an earlier commit of ${name}/${key} failed`);
      }
      assertWriteSet(writes);
      return this.#writes.commit(writes);
    } catch (error) {
      this.#refuse(refOf(name, key));
      throw error;
    }
  }

  load(actor: ActorRef): Promise<Snapshot | null> {
    return this.#readActor("load", actor);
  }

  readQueue(actor: ActorRef, query: QueueQuery): Promise<readonly QueueRow[]> {
    return this.#readActor("readQueue", actor, query);
  }

  findQueueKey(actor: ActorRef, queue: string, idempotencyKey: string): Promise<QueueRow | null> {
    return this.#readActor("findQueueKey", actor, queue, idempotencyKey);
  }

  kvGet(actor: ActorRef, keys: readonly KvKey[]): Promise<readonly (Uint8Array | null)[]> {
    return this.#readActor(
      "kvGet",
      actor,
      keys.map((key) => new Uint8Array(key)),
    );
  }

  kvList(actor: ActorRef, range: KvRange): Promise<readonly { key: KvKey; value: Uint8Array }[]> {
    const own: { -readonly [Key in keyof KvRange]: KvRange[Key] } = { ...range };
    if (range.start !== undefined) own.start = new Uint8Array(range.start);
    if (range.end !== undefined) own.end = new Uint8Array(range.end);
    if (range.prefix !== undefined) own.prefix = new Uint8Array(range.prefix);
    return this.#readActor("kvList", actor, own);
  }

  replayGet(actor: ActorRef, id: string): Promise<ReplayRow | null> {
    return this.#readActor("replayGet", actor, id);
  }

  replayCount(actor: ActorRef): Promise<number> {
    return this.#readActor("replayCount", actor);
  }

  async replayPrune(actor: ActorRef, before: number): Promise<void> {
    this.#assertOpen();
    return this.#writes.host({ kind: "prune", ref: refOf(actor.name, actor.key), before });
  }

  list(name: string, after: string | null, limit: number): Promise<readonly ActorRef[]> {
    return this.#readHost("list", name, after, limit);
  }

  findById(id: string): Promise<ActorRef | null> {
    return this.#readHost("findById", id);
  }

  due(before: number, limit: number, after?: DueActor): Promise<readonly DueActor[]> {
    return this.#readHost("due", before, limit, after);
  }

  nextDue(after: number): Promise<number | null> {
    return this.#readHost("nextDue", after);
  }

  async putRevocation(row: RevocationRow): Promise<void> {
    this.#assertOpen();
    return this.#writes.host({ kind: "revocation", row });
  }

  listRevocations(now: number): Promise<readonly RevocationRow[]> {
    return this.#readHost("listRevocations", now);
  }

  async putEpoch(epoch: number): Promise<void> {
    this.#assertOpen();
    return this.#writes.host({ kind: "epoch", epoch });
  }

  getEpoch(): Promise<number> {
    return this.#readHost("getEpoch");
  }

  /** Finishes what was handed over, closes the file cleanly and ends the threads. Later calls wait for the same end. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** For tests: replaces the injected failures, from the next group on. */
  setFaults(faults: readonly Fault[]): void {
    this.#writer.post({ kind: "faults", faults });
  }

  /** What was built on the refused commit and is handed over in the same breath must not be written either. */
  #refuse(ref: string): void {
    this.#refused.add(ref);
    queueMicrotask(() => this.#refused.delete(ref));
  }

  async #close(): Promise<void> {
    await this.#writes.drained();
    await this.#reader.close();
    await this.#writer.close();
  }

  #assertOpen(): void {
    if (this.#closing !== null) throw new StoreError("closed", "The store is closed");
  }

  async #readActor<Method extends keyof Reader>(
    method: Method,
    actor: ActorRef,
    ...rest: readonly unknown[]
  ): Promise<ReturnType<Reader[Method]>> {
    this.#assertOpen();
    const writes = this.#writes.afterWritesOf(actor);
    if (writes !== null) await writes;
    return this.#read(method, [{ name: actor.name, key: actor.key }, ...rest]);
  }

  async #readHost<Method extends keyof Reader>(
    method: Method,
    ...args: readonly unknown[]
  ): Promise<ReturnType<Reader[Method]>> {
    this.#assertOpen();
    const writes = this.#writes.afterRelaxed();
    if (writes !== null) await writes;
    return this.#read(method, args);
  }

  #read<Method extends keyof Reader>(method: Method, args: readonly unknown[]): Promise<ReturnType<Reader[Method]>> {
    // The cast holds because the reader thread calls this very method of `Reader`.
    return this.#reads.call(method, args) as Promise<ReturnType<Reader[Method]>>;
  }
}

interface Writing {
  readonly checked: Promise<CheckReport | null>;
  readonly link: WorkerLink;
  readonly queue: WriteQueue;
}

interface Reading {
  readonly link: WorkerLink;
  readonly queue: ReadQueue;
}

function startWriter(worker: WorkerOptions, options: SqliteStoreOptions): Writing {
  const checked = Promise.withResolvers<CheckReport | null>();
  const link = new WorkerLink(worker, {
    reply: (reply) => {
      if (reply.kind === "group") queue.settle(reply);
      else if (reply.kind === "checked") checked.resolve(reply.report);
    },
    end: (error) => {
      checked.resolve(null);
      queue.break(error);
    },
  });
  const queue = new WriteQueue(link, {
    maxWrites: options.maxWaitingWrites ?? MAX_WAITING_WRITES,
    maxBytes: options.maxWaitingBytes ?? MAX_WAITING_BYTES,
    lost: options.onLost ?? (() => {}),
  });
  return { link, queue, checked: checked.promise };
}

function startReader(worker: WorkerOptions, limit: number): Reading {
  const link = new WorkerLink(worker, {
    reply: (reply) => {
      if (reply.kind === "read") queue.settle(reply);
    },
    end: (error) => queue.break(error),
  });
  const queue = new ReadQueue(link, limit);
  return { link, queue };
}
