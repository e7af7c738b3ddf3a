/**
 * Owns the rows of one actor in memory and what a write set does to them: all of it or, by a throw before anything
 * changed, nothing.
 */
import { keyText } from "../kv-range.ts";
import {
  type ActorMeta,
  type ConnectionRow,
  type KvKey,
  type QueueRow,
  type ReplayRow,
  type ScheduleRow,
  type Snapshot,
  StoreError,
  type WriteSet,
} from "../port.ts";
import { callerText } from "../write-set.ts";

export interface KvPair {
  readonly key: KvKey;
  readonly value: Uint8Array;
}

export interface ActorRows {
  meta: ActorMeta;
  state: string | null;
  wakeAt: number | null;
  /** By id, in ascending order of id. */
  queue: Map<number, QueueRow>;
  /** Idempotency ids in use, by queue and id. */
  readonly keys: Map<string, number>;
  lastQueueId: number;
  readonly schedules: Map<string, ScheduleRow>;
  readonly connections: Map<string, ConnectionRow>;
  readonly kv: Map<string, KvPair>;
  readonly replay: Map<string, ReplayRow>;
}

export function writeRows(rows: ActorRows, writes: WriteSet): void {
  assertKeysFree(rows, writes);
  const messages = writes.queuePut?.map(copyQueueRow) ?? [];
  if (writes.meta !== undefined) rows.meta = { ...writes.meta };
  if (writes.state !== undefined) rows.state = writes.state;
  if (writes.wakeAt !== undefined) rows.wakeAt = writes.wakeAt;
  for (const id of writes.queueDelete ?? []) deleteMessage(rows, id);
  for (const row of messages) putMessage(rows, row);
  for (const id of writes.scheduleDelete ?? []) rows.schedules.delete(id);
  for (const row of writes.schedulePut ?? []) rows.schedules.set(row.id, { ...row });
  for (const id of writes.connectionDelete ?? []) rows.connections.delete(id);
  for (const row of writes.connectionPut ?? []) rows.connections.set(row.id, { ...row });
  for (const key of writes.kvDelete ?? []) rows.kv.delete(keyText(key));
  for (const { key, value } of writes.kvPut ?? []) {
    rows.kv.set(keyText(key), { key: new Uint8Array(key), value: new Uint8Array(value) });
  }
  for (const id of writes.replayDelete ?? []) rows.replay.delete(id);
  for (const row of writes.replayPut ?? []) rows.replay.set(row.id, { ...row });
}

/**
 * An idempotency id stands at most once per queue; rows count in the order they are given. Checked before anything
 * changes: a refused set leaves no trace.
 */
function assertKeysFree(rows: ActorRows, writes: WriteSet): void {
  if (writes.queuePut?.some((row) => row.idempotencyKey !== null) !== true) return;
  /** Where this set changes who holds an id, and which id a message holds. */
  const holders = new Map<string, number | null>();
  const held = new Map<number, string | null>();
  const release = (id: number): void => {
    const key = held.has(id) ? held.get(id) : keyOf(rows.queue.get(id));
    if (key != null) holders.set(key, null);
    held.set(id, null);
  };
  for (const id of writes.queueDelete ?? []) release(id);
  for (const row of writes.queuePut) {
    release(row.id);
    const key = keyOf(row);
    if (key === null) continue;
    const holder = holders.has(key) ? holders.get(key) : rows.keys.get(key);
    if (holder != null) {
      throw new StoreError("conflict", `Queue ${row.queue} of ${nameOf(writes)} holds this idempotency id already`);
    }
    holders.set(key, row.id);
    held.set(row.id, key);
  }
}

function keyOf(row: QueueRow | undefined): string | null {
  return row == null || row.idempotencyKey === null ? null : messageKey(row.queue, row.idempotencyKey);
}

export function messageKey(queue: string, idempotencyKey: string): string {
  return JSON.stringify([queue, idempotencyKey]);
}

function putMessage(rows: ActorRows, row: QueueRow): void {
  const before = rows.queue.get(row.id);
  const [oldKey, newKey] = [keyOf(before), keyOf(row)];
  if (oldKey !== null) rows.keys.delete(oldKey);
  if (newKey !== null) rows.keys.set(newKey, row.id);
  const late = before === undefined && row.id < rows.lastQueueId;
  rows.queue.set(row.id, row);
  rows.lastQueueId = Math.max(rows.lastQueueId, row.id);
  if (late) rows.queue = new Map([...rows.queue].sort(([a], [b]) => a - b));
}

export function deleteMessage(rows: ActorRows, id: number): void {
  const key = keyOf(rows.queue.get(id));
  if (key !== null) rows.keys.delete(key);
  rows.queue.delete(id);
}

export function emptyRows(meta: ActorMeta): ActorRows {
  return {
    meta,
    state: null,
    wakeAt: null,
    queue: new Map(),
    keys: new Map(),
    lastQueueId: 0,
    schedules: new Map(),
    connections: new Map(),
    kv: new Map(),
    replay: new Map(),
  };
}

/** The caller is stored as JSON text on disks; what JSON drops is dropped here too. */
function copyQueueRow(row: QueueRow): QueueRow {
  const caller = callerText(row);
  return {
    ...row,
    caller: caller === null ? null : JSON.parse(caller),
    keepUntil: row.keepUntil ?? null,
    response: row.response ?? null,
    deadReason: row.deadReason ?? null,
  };
}

export function countQueues(queue: ReadonlyMap<number, QueueRow>): Snapshot["queues"] {
  const counts = new Map<string, { ready: number; dead: number }>();
  for (const row of queue.values()) {
    if (row.status === "done") continue;
    const count = counts.get(row.queue) ?? { ready: 0, dead: 0 };
    count[row.status] += 1;
    counts.set(row.queue, count);
  }
  return Object.fromEntries(counts);
}

function nameOf(writes: WriteSet): string {
  return `${writes.actor.name}/${writes.actor.key}`;
}
