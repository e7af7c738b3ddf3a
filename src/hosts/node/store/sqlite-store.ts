/**
 * Owns the durable store of the Node host: `ActorStore` over one SQLite file in a data directory. This is the main
 * thread's face; it touches no disk. A writer thread commits in groups, a reader thread answers reads.
 *
 * S1 `commit` resolves after the fsync of its group (relaxed updates: at once). S2 A read sees every write of the same
 * actor handed over before it. S3 One store per directory (`store.locked`). S4 When a thread dies, everything owed and
 * everything after is refused: nothing is acknowledged that might not be on disk.
 * S5 Other threads of the host may share it, each with actors of its own; what a thread had handed over before it ended is
 * settled before it is reported gone.
 */
import { MessageChannel, type MessagePort } from "node:worker_threads";
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
import { type CheckReport, refOf } from "./messages.ts";
import { PortLink } from "./port-link.ts";
import { ReadQueue } from "./read-queue.ts";
import type { QueueQuery, Reader } from "./reader.ts";
import { type LinkHandlers, type StoreLink, WorkerLink } from "./worker-link.ts";
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

/** What another thread of the host reaches the store by. The ports are transferred to it. */
export interface StoreShare {
  readonly writer: MessagePort;
  readonly reader: MessagePort;
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
  readonly #writer: StoreLink;
  readonly #reader: StoreLink;
  readonly #writes: WriteQueue;
  readonly #reads: ReadQueue;
  /** Actors with a commit refused here, not by the writer, until their caller knows. */
  readonly #refused = new Set<string>();
  #closing: Promise<void> | null = null;
  readonly #leaving: Map<number, () => void>;
  #lastClient = 0;

  private constructor(parts: { unclean: boolean; writer: Writing; reader: Reading }) {
    this.unclean = parts.unclean;
    this.checked = parts.unclean ? parts.writer.checked : Promise.resolve(null);
    this.#writer = parts.writer.link;
    this.#reader = parts.reader.link;
    this.#writes = parts.writer.queue;
    this.#reads = parts.reader.queue;
    this.#leaving = parts.writer.leaving;
  }

  /**
   * Opens the directory: takes its lock, brings the file to the current format, starts the threads.
   * @throws ConfigurationError `store.locked`, `store.lock-damaged`, `store.newer-format`, `store.not-byward`,
   * `store.data-gone`
   * @throws StoreError `damaged`, `full` or `failed` when the file cannot be opened
   */
  static async open(options: SqliteStoreOptions): Promise<SqliteStore> {
    const shared = {
      directory: options.directory,
      checkpointPages: options.checkpointPages ?? CHECKPOINT_PAGES,
      faults: options.faults ?? [],
    };
    const reader = startReader(
      (handlers) => new WorkerLink({ ...shared, role: "reader" }, handlers),
      options.maxWaitingReads ?? MAX_WAITING_READS,
    );
    const writer = startWriter((handlers) => new WorkerLink({ ...shared, role: "writer" }, handlers), options);
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

  /** The store of a thread beside the main one, over what the main one shared. Closing it leaves the store open. */
  static attach(share: StoreShare, options: Pick<SqliteStoreOptions, "onLost"> = {}): SqliteStore {
    const writer = startWriter((handlers) => new PortLink(share.writer, handlers), options);
    const reader = startReader((handlers) => new PortLink(share.reader, handlers), MAX_WAITING_READS);
    return new SqliteStore({ unclean: false, writer, reader });
  }

  /**
   * Ports for another thread, and a promise of its end: settled when the thread has let go of them, by closing or by dying,
   * and nothing it handed over is still on its way to the disk.
   */
  share(): { readonly share: StoreShare; readonly gone: Promise<void> } {
    const writer = new MessageChannel();
    const reader = new MessageChannel();
    const client = ++this.#lastClient;
    const gone = new Promise<void>((resolve) => this.#leaving.set(client, resolve));
    this.#writer.post({ kind: "client", client, port: writer.port1 }, [writer.port1]);
    this.#reader.post({ kind: "client", client, port: reader.port1 }, [reader.port1]);
    return { share: { writer: writer.port2, reader: reader.port2 }, gone };
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

interface Writing<Link extends StoreLink = StoreLink> {
  readonly checked: Promise<CheckReport | null>;
  readonly link: Link;
  readonly queue: WriteQueue;
  /** Who waits for a thread to be gone, by its number. */
  readonly leaving: Map<number, () => void>;
}

interface Reading<Link extends StoreLink = StoreLink> {
  readonly link: Link;
  readonly queue: ReadQueue;
}

function startWriter<Link extends StoreLink>(
  connect: (handlers: LinkHandlers) => Link,
  options: Omit<SqliteStoreOptions, "directory">,
): Writing<Link> {
  const checked = Promise.withResolvers<CheckReport | null>();
  const leaving = new Map<number, () => void>();
  const left = (client: number): void => {
    leaving.get(client)?.();
    leaving.delete(client);
  };
  const link = connect({
    reply: (reply) => {
      if (reply.kind === "group") queue.settle(reply);
      else if (reply.kind === "checked") checked.resolve(reply.report);
      else if (reply.kind === "gone") left(reply.client);
    },
    end: (error) => {
      checked.resolve(null);
      queue.break(error);
      for (const client of [...leaving.keys()]) left(client);
    },
  });
  const queue = new WriteQueue(link, {
    maxWrites: options.maxWaitingWrites ?? MAX_WAITING_WRITES,
    maxBytes: options.maxWaitingBytes ?? MAX_WAITING_BYTES,
    lost: options.onLost ?? (() => {}),
  });
  return { link, queue, checked: checked.promise, leaving };
}

function startReader<Link extends StoreLink>(connect: (handlers: LinkHandlers) => Link, limit: number): Reading<Link> {
  const link = connect({
    reply: (reply) => {
      if (reply.kind === "read") queue.settle(reply);
    },
    end: (error) => queue.break(error),
  });
  const queue = new ReadQueue(link, limit);
  return { link, queue };
}
