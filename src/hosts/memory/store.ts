/**
 * Owns the in-memory store: the whole of `ActorStore` without a disk, for tests and hosts that promise no durability.
 * A commit takes effect at once, whole or not at all; the promise answers later, as on a disk. Rows are copied on the
 * way in, so a caller that changes its objects afterwards changes nothing here.
 *
 * Holds what the durable stores hold: commits of one actor in order, and after a failed commit everything of that actor
 * handed over before the failure was known is refused with it.
 */
import { compareBytes, inRange, keyText } from "../kv-range.ts";
import {
  type ActorMeta,
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
} from "../port.ts";
import { assertWriteSet } from "../write-set.ts";
import {
  type ActorRows,
  countQueues,
  deleteMessage,
  emptyRows,
  type KvPair,
  messageKey,
  writeRows,
} from "./actor-rows.ts";

interface Named {
  readonly actor: ActorRef;
  readonly rows: ActorRows;
}

/** A store in memory; everything is gone with the object. */
export class MemoryStore implements ActorStore {
  readonly #actors = new Map<string, Named>();
  readonly #revocations = new Map<string, RevocationRow>();
  /** Actors with a failed commit whose caller has not been told yet. */
  readonly #failing = new Set<string>();
  #epoch = 0;
  #closed = false;

  load(actor: ActorRef): Snapshot | null {
    const rows = this.#rows(actor);
    if (rows === null) return null;
    return {
      meta: rows.meta,
      state: rows.state,
      schedules: [...rows.schedules.values()],
      connections: [...rows.connections.values()],
      queues: countQueues(rows.queue),
    };
  }

  async commit(writes: WriteSet): Promise<void> {
    const ref = refOf(writes.actor);
    try {
      this.#assertOpen();
      if (this.#failing.has(ref)) throw new StoreError("failed", `An earlier commit of ${nameOf(writes)} failed`);
      assertWriteSet(writes);
      this.#apply(ref, writes);
    } catch (error) {
      this.#failing.add(ref);
      // The caller learns of the failure in the microtask after this one; what it handed over before that is refused.
      queueMicrotask(() => this.#failing.delete(ref));
      throw error;
    }
  }

  readQueue(
    actor: ActorRef,
    query: { queue: string | null; status: "ready" | "dead"; afterId: number; limit: number },
  ): readonly QueueRow[] {
    const rows = this.#rows(actor);
    if (rows === null) return [];
    const page: QueueRow[] = [];
    for (const row of rows.queue.values()) {
      if (page.length >= query.limit) break;
      if (row.id <= query.afterId || row.status !== query.status) continue;
      if (query.queue === null || row.queue === query.queue) page.push(row);
    }
    return page;
  }

  findQueueKey(actor: ActorRef, queue: string, idempotencyKey: string): QueueRow | null {
    const rows = this.#rows(actor);
    const id = rows?.keys.get(messageKey(queue, idempotencyKey));
    return id === undefined ? null : (rows?.queue.get(id) ?? null);
  }

  kvGet(actor: ActorRef, keys: readonly KvKey[]): readonly (Uint8Array | null)[] {
    const rows = this.#rows(actor);
    return keys.map((key) => rows?.kv.get(keyText(key))?.value.slice() ?? null);
  }

  kvList(actor: ActorRef, range: KvRange): readonly KvPair[] {
    const rows = this.#rows(actor);
    if (rows === null) return [];
    const found = [...rows.kv.values()]
      .filter((pair) => inRange(pair.key, range))
      .sort((a, b) => compareBytes(a.key, b.key));
    if (range.reverse === true) found.reverse();
    return found
      .slice(0, range.limit ?? found.length)
      .map(({ key, value }) => ({ key: new Uint8Array(key), value: new Uint8Array(value) }));
  }

  replayGet(actor: ActorRef, id: string): ReplayRow | null {
    return this.#rows(actor)?.replay.get(id) ?? null;
  }

  replayCount(actor: ActorRef): number {
    return this.#rows(actor)?.replay.size ?? 0;
  }

  async replayPrune(actor: ActorRef, before: number): Promise<void> {
    const rows = this.#rows(actor);
    if (rows === null) return;
    for (const row of rows.replay.values()) {
      if (row.keepUntil < before) rows.replay.delete(row.id);
    }
    for (const row of rows.queue.values()) {
      if (row.status === "done" && row.keepUntil != null && row.keepUntil < before) deleteMessage(rows, row.id);
    }
  }

  list(name: string, after: string | null, limit: number): readonly ActorRef[] {
    this.#assertOpen();
    return [...this.#actors.values()]
      .map(({ actor }) => actor)
      .filter((actor) => actor.name === name && (after === null || actor.key > after))
      .sort((a, b) => compareText(a.key, b.key))
      .slice(0, limit);
  }

  findById(id: string): ActorRef | null {
    this.#assertOpen();
    for (const { actor, rows } of this.#actors.values()) if (rows.meta.id === id) return actor;
    return null;
  }

  due(before: number, limit: number, after?: DueActor): readonly DueActor[] {
    this.#assertOpen();
    return [...this.#actors.values()]
      .map(({ actor, rows }) => ({ actor, wakeAt: rows.meta.running ? 0 : rows.wakeAt }))
      .filter((entry): entry is DueActor => entry.wakeAt !== null && entry.wakeAt <= before)
      .filter((entry) => after === undefined || compareDue(entry, after) > 0)
      .sort(compareDue)
      .slice(0, limit);
  }

  nextDue(after: number): number | null {
    this.#assertOpen();
    let next: number | null = null;
    for (const { rows } of this.#actors.values()) {
      if (rows.wakeAt !== null && rows.wakeAt > after && (next === null || rows.wakeAt < next)) next = rows.wakeAt;
    }
    return next;
  }

  async putRevocation(row: RevocationRow): Promise<void> {
    this.#assertOpen();
    for (const old of this.#revocations.values()) {
      if (old.keepUntil < row.revokedAt) this.#revocations.delete(old.id);
    }
    this.#revocations.set(row.id, { ...row });
  }

  listRevocations(now: number): readonly RevocationRow[] {
    this.#assertOpen();
    return [...this.#revocations.values()].filter((row) => row.keepUntil >= now);
  }

  async putEpoch(epoch: number): Promise<void> {
    this.#assertOpen();
    this.#epoch = epoch;
  }

  getEpoch(): number {
    this.#assertOpen();
    return this.#epoch;
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #assertOpen(): void {
    if (this.#closed) throw new StoreError("closed", "The store is closed");
  }

  #rows(actor: ActorRef): ActorRows | null {
    this.#assertOpen();
    return this.#actors.get(refOf(actor))?.rows ?? null;
  }

  #apply(ref: string, writes: WriteSet): void {
    const existing = this.#actors.get(ref);
    if (writes.mode === "create") {
      if (existing !== undefined) throw new StoreError("conflict", `${nameOf(writes)} already exists`);
      const rows = emptyRows(writes.meta as ActorMeta); // `assertWriteSet` refuses a create without meta.
      writeRows(rows, writes);
      this.#actors.set(ref, { actor: { name: writes.actor.name, key: writes.actor.key }, rows });
      return;
    }
    if (existing === undefined) throw new StoreError("missing", `${nameOf(writes)} does not exist`);
    if (writes.mode === "destroy") this.#actors.delete(ref);
    else writeRows(existing.rows, writes);
  }
}

function compareDue(a: DueActor, b: DueActor): number {
  return a.wakeAt - b.wakeAt || compareText(a.actor.name, b.actor.name) || compareText(a.actor.key, b.actor.key);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function refOf(actor: ActorRef): string {
  return `${actor.name}\0${actor.key}`;
}

function nameOf(writes: WriteSet): string {
  return `${writes.actor.name}/${writes.actor.key}`;
}
