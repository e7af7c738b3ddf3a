/**
 * Owns the store of one object: the whole of `ActorStore` on the object's own SQLite. One `commit` is one `transactionSync`;
 * it takes effect at once, and the platform's output gate holds back everything sent after it until it is durable, so
 * nothing here waits (G8). A write the platform cannot make durable resets the object, and what would have left is dropped.
 *
 * Holds what the durable stores hold: commits of one actor in order, and after a failed commit everything of that actor
 * handed over before the failure was known is refused with it.
 */
import { afterPrefix } from "../kv-range.ts";
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
} from "../port.ts";
import { assertWriteSet } from "../write-set.ts";
import { deleteText, getText, putText } from "./long-text.ts";
import {
  type ActorRow,
  deleteMessageTexts,
  MESSAGE_COLUMNS,
  metaOf,
  putMessage,
  putReplay,
  putSchedule,
  readMessages,
  readSchedules,
} from "./rows.ts";
import { ACTOR_TABLES, hasSchema, openSchema } from "./schema.ts";
import type { Binding, Sql } from "./sql.ts";

/** An actor whose rows stand, and what of them is known without asking. */
interface Known {
  readonly ref: number;
  running: boolean;
  wakeAt: number | null;
  /** Parts of its state text. */
  stateParts: number;
  /** True once a message was long: rows elsewhere may have to go with it. */
  hasLongMessages: boolean;
}

export interface ObjectStoreOptions {
  /** Told within each transaction that changed when the actor must be woken; `running` asks for it too. */
  readonly onWake?: (wakeAt: number | null, running: boolean) => void;
  /** Told when a transaction was undone, and with it whatever `onWake` did. */
  readonly onRollback?: () => void;
}

export class ObjectStore implements ActorStore {
  readonly #sql: Sql;
  readonly #options: ObjectStoreOptions;
  readonly #known = new Map<string, Known>();
  /** Actors with a failed commit whose caller has not been told yet. */
  readonly #failing = new Set<string>();
  #isOpen = false;
  /** Why nothing here can be read: each use says so. Making the store does not, or the object would lose its alarm with it. */
  #unreadable: unknown = null;
  #closed = false;

  constructor(sql: Sql, options: ObjectStoreOptions = {}) {
    this.#sql = sql;
    this.#options = options;
    try {
      this.#isOpen = hasSchema(sql);
    } catch (error) {
      this.#unreadable = error;
    }
  }

  /** The one actor of this object, where one stands. */
  resident(): ActorRef | null {
    if (!this.#isOpen) return null;
    return this.#sql.first<{ name: string; key: string }>("SELECT name, key FROM actor LIMIT 1");
  }

  /** When the actors of this object must be woken, and whether one was interrupted. */
  wake(): { readonly wakeAt: number | null; readonly running: boolean } {
    if (!this.#isOpen) return { wakeAt: null, running: false };
    const row = this.#sql.first<{ at: number | null; running: number | null }>(
      "SELECT MIN(wake_at) AS at, MAX(running) AS running FROM actor",
    );
    return { wakeAt: row?.at ?? null, running: row?.running === 1 };
  }

  load(actor: ActorRef): Snapshot | null {
    const row = this.#actorRow(actor);
    if (row === null) return null;
    const { ref } = row;
    const state = getText(this.#sql, ref, "state");
    this.#remember(actor, row, state?.parts ?? 0);
    return {
      meta: metaOf(row),
      state: state?.text ?? null,
      schedules: readSchedules(this.#sql, ref),
      connections: this.#sql
        .all<{ id: string }>("SELECT id FROM connection WHERE ref = ?", ref)
        .map(({ id }) => ({ id, data: getText(this.#sql, ref, `c:${id}`)?.text ?? "null" })),
      queues: this.#countQueues(ref),
    };
  }

  async commit(writes: WriteSet): Promise<void> {
    const address = addressOf(writes.actor);
    try {
      this.#assertUsable();
      if (this.#failing.has(address)) throw new StoreError("failed", `An earlier commit of ${nameOf(writes)} failed`);
      assertWriteSet(writes);
      if (!this.#isOpen) {
        openSchema(this.#sql);
        this.#isOpen = true;
      }
      this.#sql.transaction(() => this.#apply(address, writes));
    } catch (error) {
      this.#known.delete(address);
      this.#options.onRollback?.();
      this.#failing.add(address);
      // The caller learns of the failure in the microtask after this one; what it handed over before that is refused.
      queueMicrotask(() => this.#failing.delete(address));
      throw storeErrorOf(error, writes);
    }
  }

  readQueue(
    actor: ActorRef,
    query: { queue: string | null; status: "ready" | "dead"; afterId: number; limit: number },
  ): readonly QueueRow[] {
    const known = this.#find(actor);
    if (known === null) return [];
    const { queue, status, afterId, limit } = query;
    const of = queue === null ? "" : "AND queue = ?";
    return readMessages(
      this.#sql,
      known.ref,
      `SELECT ${MESSAGE_COLUMNS} FROM message WHERE ref = ? AND status = ? ${of} AND id > ? ORDER BY id LIMIT ?`,
      ...[known.ref, status, ...(queue === null ? [] : [queue]), afterId, limit],
    );
  }

  findQueueKey(actor: ActorRef, queue: string, idempotencyKey: string): QueueRow | null {
    const known = this.#find(actor);
    if (known === null) return null;
    const [row] = readMessages(
      this.#sql,
      known.ref,
      `SELECT ${MESSAGE_COLUMNS} FROM message WHERE ref = ? AND queue = ? AND idempotency_key = ?`,
      ...[known.ref, queue, idempotencyKey],
    );
    return row ?? null;
  }

  kvGet(actor: ActorRef, keys: readonly KvKey[]): readonly (Uint8Array | null)[] {
    const known = this.#find(actor);
    return keys.map((key) => {
      if (known === null) return null;
      const row = this.#sql.first<{ value: ArrayBuffer }>(
        "SELECT value FROM pair WHERE ref = ? AND key = ?",
        known.ref,
        exactly(key),
      );
      return row === null ? null : new Uint8Array(row.value);
    });
  }

  kvList(actor: ActorRef, range: KvRange): readonly { readonly key: KvKey; readonly value: Uint8Array }[] {
    const known = this.#find(actor);
    if (known === null) return [];
    const where = ["ref = ?"];
    const bindings: Binding[] = [known.ref];
    const bound = (condition: string, key: KvKey | null | undefined): void => {
      if (key == null) return;
      where.push(condition);
      bindings.push(exactly(key));
    };
    bound("key >= ?", range.start);
    bound("key < ?", range.end);
    bound("key >= ?", range.prefix);
    bound("key < ?", range.prefix === undefined ? null : afterPrefix(range.prefix));
    const order = range.reverse === true ? "DESC" : "ASC";
    return this.#sql
      .all<{ key: ArrayBuffer; value: ArrayBuffer }>(
        `SELECT key, value FROM pair WHERE ${where.join(" AND ")} ORDER BY key ${order} LIMIT ?`,
        ...bindings,
        range.limit ?? -1,
      )
      .map(({ key, value }) => ({ key: new Uint8Array(key), value: new Uint8Array(value) }));
  }

  replayGet(actor: ActorRef, id: string): ReplayRow | null {
    const known = this.#find(actor);
    if (known === null) return null;
    return this.#sql.first<ReplayRow>(
      "SELECT id, status, keep_until AS keepUntil FROM replay WHERE ref = ? AND id = ?",
      known.ref,
      id,
    );
  }

  replayCount(actor: ActorRef): number {
    const known = this.#find(actor);
    if (known === null) return 0;
    return this.#sql.first<{ count: number }>("SELECT COUNT(*) AS count FROM replay WHERE ref = ?", known.ref)!.count;
  }

  async replayPrune(actor: ActorRef, before: number): Promise<void> {
    const known = this.#find(actor);
    if (known === null) return;
    const { ref } = known;
    this.#sql.transaction(() => {
      this.#sql.run("DELETE FROM replay WHERE ref = ? AND keep_until < ?", ref, before);
      const done = "ref = ? AND status = 'done' AND keep_until < ?";
      if (known.hasLongMessages) {
        const rows = this.#sql.all<{ id: number }>(`SELECT id FROM message WHERE ${done} AND long = 1`, ref, before);
        for (const { id } of rows) deleteMessageTexts(this.#sql, ref, id);
      }
      this.#sql.run(`DELETE FROM message WHERE ${done}`, ref, before);
    });
  }

  list(name: string, after: string | null, limit: number): readonly ActorRef[] {
    if (!this.#readable()) return [];
    return this.#sql.all<{ name: string; key: string }>(
      "SELECT name, key FROM actor WHERE name = ? AND key > ? ORDER BY key LIMIT ?",
      name,
      after ?? "",
      limit,
    );
  }

  findById(id: string): ActorRef | null {
    if (!this.#readable()) return null;
    return this.#sql.first<{ name: string; key: string }>("SELECT name, key FROM actor WHERE id = ?", id);
  }

  due(before: number, limit: number, after?: DueActor): readonly DueActor[] {
    if (!this.#readable()) return [];
    const { actor, wakeAt } = after ?? { actor: { name: "", key: "" }, wakeAt: -1 };
    return this.#sql
      .all<{ name: string; key: string; at: number }>(
        `SELECT name, key, at FROM (SELECT name, key, CASE running WHEN 1 THEN 0 ELSE wake_at END AS at FROM actor)
         WHERE at IS NOT NULL AND at <= ? AND (at, name, key) > (?, ?, ?) ORDER BY at, name, key LIMIT ?`,
        before,
        wakeAt,
        actor.name,
        actor.key,
        limit,
      )
      .map(({ name, key, at }) => ({ actor: { name, key }, wakeAt: at }));
  }

  nextDue(after: number): number | null {
    if (!this.#readable()) return null;
    return this.#sql.first<{ at: number | null }>("SELECT MIN(wake_at) AS at FROM actor WHERE wake_at > ?", after)!.at;
  }

  async putRevocation(row: RevocationRow): Promise<void> {
    this.#assertUsable();
    openSchema(this.#sql);
    this.#isOpen = true;
    this.#sql.transaction(() => {
      this.#sql.run("DELETE FROM revocation WHERE keep_until < ?", row.revokedAt);
      this.#sql.run(
        "INSERT OR IGNORE INTO revocation (id, row, keep_until) VALUES (?, ?, ?)",
        row.id,
        JSON.stringify(row),
        row.keepUntil,
      );
    });
  }

  listRevocations(now: number): readonly RevocationRow[] {
    if (!this.#readable()) return [];
    return this.#sql
      .all<{ row: string }>("SELECT row FROM revocation WHERE keep_until >= ? ORDER BY version", now)
      .map(({ row }) => JSON.parse(row) as RevocationRow);
  }

  async putEpoch(epoch: number): Promise<void> {
    this.#assertUsable();
    openSchema(this.#sql);
    this.#isOpen = true;
    this.#sql.run("INSERT OR REPLACE INTO setting (name, value) VALUES ('epoch', ?)", epoch);
  }

  getEpoch(): number {
    if (!this.#readable()) return 0;
    return this.#sql.first<{ value: number }>("SELECT value FROM setting WHERE name = 'epoch'")?.value ?? 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #assertUsable(): void {
    if (this.#closed) throw new StoreError("closed", "The store is closed");
    if (this.#unreadable !== null) throw this.#unreadable;
  }

  #readable(): boolean {
    this.#assertUsable();
    return this.#isOpen;
  }

  #actorRow(actor: ActorRef): ActorRow | null {
    if (!this.#readable()) return null;
    return this.#sql.first<ActorRow>(
      "SELECT ref, id, created_at, version, next_queue_id, running, wake_at FROM actor WHERE name = ? AND key = ?",
      actor.name,
      actor.key,
    );
  }

  #find(actor: ActorRef): Known | null {
    this.#assertUsable();
    const known = this.#known.get(addressOf(actor));
    if (known !== undefined) return known;
    const row = this.#actorRow(actor);
    return row === null ? null : this.#remember(actor, row, null);
  }

  #remember(actor: ActorRef, row: ActorRow, stateParts: number | null): Known {
    const { ref } = row;
    const parts =
      stateParts ??
      this.#sql.first<{ count: number }>("SELECT COUNT(*) AS count FROM text WHERE ref = ? AND owner = 'state'", ref)!
        .count;
    const known: Known = {
      ref,
      running: row.running === 1,
      wakeAt: row.wake_at,
      stateParts: parts,
      hasLongMessages: this.#sql.first("SELECT 1 FROM message WHERE ref = ? AND long = 1 LIMIT 1", ref) !== null,
    };
    this.#known.set(addressOf(actor), known);
    return known;
  }

  #countQueues(ref: number): Snapshot["queues"] {
    // Names are the peers': by one of them, `__proto__`, a plain object would be led to the prototype of all.
    const counts = new Map<string, { ready: number; dead: number }>();
    const rows = this.#sql.all<{ queue: string; status: "ready" | "dead"; count: number }>(
      "SELECT queue, status, COUNT(*) AS count FROM message WHERE ref = ? AND status <> 'done' GROUP BY queue, status",
      ref,
    );
    for (const { queue, status, count } of rows) {
      const tally = counts.get(queue) ?? { ready: 0, dead: 0 };
      tally[status] = count;
      counts.set(queue, tally);
    }
    return Object.fromEntries(counts);
  }

  #apply(address: string, writes: WriteSet): void {
    let known = this.#find(writes.actor);
    if (writes.mode === "create") {
      if (known !== null) throw new StoreError("conflict", `${nameOf(writes)} already exists`);
      known = this.#insert(writes);
    } else {
      if (known === null) throw new StoreError("missing", `${nameOf(writes)} does not exist`);
      if (writes.mode === "destroy") {
        for (const table of ACTOR_TABLES) this.#sql.run(`DELETE FROM ${table} WHERE ref = ?`, known.ref);
        this.#known.delete(address);
        this.#options.onWake?.(null, false);
        return;
      }
      this.#updateMeta(known, writes);
    }
    this.#writeParts(known, writes);
  }

  #insert({ actor, meta, wakeAt = null }: WriteSet): Known {
    // `assertWriteSet` refuses a create without meta.
    const { id, createdAt, version, nextQueueId, running } = meta!;
    this.#sql.run(
      `INSERT INTO actor (name, key, id, created_at, version, next_queue_id, running, wake_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[actor.name, actor.key, id, createdAt, version, nextQueueId, running ? 1 : 0, wakeAt],
    );
    const known = this.#remember(actor, this.#actorRow(actor)!, 0);
    this.#options.onWake?.(wakeAt, running);
    return known;
  }

  #updateMeta(known: Known, { meta, wakeAt }: WriteSet): void {
    const at = wakeAt === undefined ? known.wakeAt : wakeAt;
    const running = meta?.running ?? known.running;
    if (meta !== undefined) {
      this.#sql.run(
        "UPDATE actor SET id = ?, created_at = ?, version = ?, next_queue_id = ?, running = ?, wake_at = ? WHERE ref = ?",
        ...[meta.id, meta.createdAt, meta.version, meta.nextQueueId, running ? 1 : 0, at, known.ref],
      );
    } else if (at !== known.wakeAt) {
      this.#sql.run("UPDATE actor SET wake_at = ? WHERE ref = ?", at, known.ref);
    }
    known.running = running;
    known.wakeAt = at;
    if (at !== null || running) this.#options.onWake?.(at, running);
  }

  #writeParts(known: Known, writes: WriteSet): void {
    const sql = this.#sql;
    const { ref } = known;
    if (writes.state !== undefined) this.#writeState(known, writes.state);
    for (const id of writes.queueDelete ?? []) {
      if (known.hasLongMessages) deleteMessageTexts(sql, ref, id);
      sql.run("DELETE FROM message WHERE ref = ? AND id = ?", ref, id);
    }
    for (const row of writes.queuePut ?? []) {
      if (putMessage(sql, ref, row, known.hasLongMessages)) known.hasLongMessages = true;
    }
    for (const id of writes.scheduleDelete ?? []) sql.run("DELETE FROM schedule WHERE ref = ? AND id = ?", ref, id);
    for (const row of writes.schedulePut ?? []) putSchedule(sql, ref, row);
    for (const id of writes.connectionDelete ?? []) {
      sql.run("DELETE FROM connection WHERE ref = ? AND id = ?", ref, id);
      deleteText(sql, ref, `c:${id}`);
    }
    for (const { id, data } of writes.connectionPut ?? []) {
      sql.run("INSERT OR IGNORE INTO connection (ref, id) VALUES (?, ?)", ref, id);
      deleteText(sql, ref, `c:${id}`);
      putText(sql, ref, `c:${id}`, data, 0);
    }
    for (const key of writes.kvDelete ?? []) sql.run("DELETE FROM pair WHERE ref = ? AND key = ?", ref, exactly(key));
    for (const { key, value } of writes.kvPut ?? []) {
      sql.run("INSERT OR REPLACE INTO pair (ref, key, value) VALUES (?, ?, ?)", ref, exactly(key), exactly(value));
    }
    for (const id of writes.replayDelete ?? []) sql.run("DELETE FROM replay WHERE ref = ? AND id = ?", ref, id);
    for (const row of writes.replayPut ?? []) putReplay(sql, ref, row);
  }

  #writeState(known: Known, state: string | null): void {
    if (state === null) {
      if (known.stateParts > 0) deleteText(this.#sql, known.ref, "state");
      known.stateParts = 0;
      return;
    }
    known.stateParts = putText(this.#sql, known.ref, "state", state, known.stateParts);
  }
}

/** The platform binds the whole buffer under a view of some engines: hand over these bytes and no others. */
function exactly(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}

function storeErrorOf(error: unknown, writes: WriteSet): StoreError {
  if (error instanceof StoreError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (/UNIQUE constraint failed: message/.test(message)) {
    return new StoreError("conflict", `${nameOf(writes)}: an idempotency id is in use`, { cause: error });
  }
  if (/disk is full|SQLITE_FULL/.test(message)) {
    return new StoreError("full", `${nameOf(writes)}: no room is left`, { cause: error });
  }
  return new StoreError("failed", `${nameOf(writes)} could not be written: ${message}`, { cause: error });
}

function addressOf(actor: ActorRef): string {
  return `${actor.name}\0${actor.key}`;
}

function nameOf({ actor }: WriteSet): string {
  return `${actor.name}/${actor.key}`;
}
