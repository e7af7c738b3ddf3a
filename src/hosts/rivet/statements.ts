/**
 * Owns what a write set is in SQL: a list of statements for one transaction, made at the moment it is handed over, so that
 * what the caller changes afterwards changes nothing here. Knows no database.
 */
import { type QueueRow, StoreError, type WriteSet } from "../port.ts";
import { assertWriteSet, callerText } from "../write-set.ts";
import { ACTOR_TABLES } from "./tables.ts";

export interface Statement {
  readonly sql: string;
  readonly args: readonly unknown[];
}

export const QUEUE_STATUS = ["ready", "dead", "done"] as const;

/** Rows of one statement at most; SQLite takes 32 766 parameters. */
const ROWS = 64;

/** Bytes of all values of one commit at most: it crosses to the engine whole. */
export const MAX_COMMIT = 16 * 1024 * 1024;

/** @throws StoreError `failed` for what no store can carry out, and for more than {@link MAX_COMMIT} */
export function statementsOf(writes: WriteSet): readonly Statement[] {
  assertWriteSet(writes);
  if (writes.mode === "destroy") return ACTOR_TABLES.map((table) => ({ sql: `DELETE FROM ${table}`, args: [] }));
  const all = [...actorStatements(writes), ...partStatements(writes)];
  assertSize(writes, all);
  return all;
}

function actorStatements(writes: WriteSet): readonly Statement[] {
  const { meta, actor, wakeAt, state } = writes;
  const list: Statement[] = [];
  if (writes.mode === "create" && meta !== undefined) {
    list.push({
      sql: `INSERT INTO bw_actor(one, name, key, id, created, version, next_queue, running, wake_at)
        VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)`,
      args: [
        ...[actor.name, actor.key, meta.id, meta.createdAt, meta.version, meta.nextQueueId],
        ...[meta.running ? 1 : 0, wakeAt ?? null],
      ],
    });
  } else if (meta !== undefined) {
    list.push({
      sql: "UPDATE bw_actor SET id = ?, created = ?, version = ?, next_queue = ?, running = ?",
      args: [meta.id, meta.createdAt, meta.version, meta.nextQueueId, meta.running ? 1 : 0],
    });
  }
  if (writes.mode === "update" && wakeAt !== undefined) {
    list.push({ sql: "UPDATE bw_actor SET wake_at = ? WHERE wake_at IS NOT ?", args: [wakeAt, wakeAt] });
  }
  if (state !== undefined || writes.mode === "create") {
    list.push({ sql: "INSERT OR REPLACE INTO bw_state(one, state) VALUES (?, ?)", args: [1, state ?? null] });
  }
  return list;
}

/** Deletes first, then puts; `assertWriteSet` made sure the two do not meet. */
function partStatements(writes: WriteSet): readonly Statement[] {
  return [
    ...deletes("bw_queue", "id", writes.queueDelete),
    ...puts(QUEUE, writes.queuePut?.map(queueValues)),
    ...deletes("bw_schedule", "id", writes.scheduleDelete),
    ...puts(
      "INSERT OR REPLACE INTO bw_schedule(id, due, action, args, cron, created)",
      writes.schedulePut?.map((row) => [row.id, row.dueAt, row.action, row.args, row.cron, row.createdAt]),
    ),
    ...deletes("bw_connection", "id", writes.connectionDelete),
    ...puts(
      "INSERT OR REPLACE INTO bw_connection(id, data)",
      writes.connectionPut?.map((row) => [row.id, row.data]),
    ),
    ...deletes("bw_replay", "id", writes.replayDelete),
    ...puts(
      "INSERT OR REPLACE INTO bw_replay(id, status, keep_until)",
      writes.replayPut?.map((row) => [row.id, row.status, row.keepUntil]),
    ),
    ...deletes(
      "bw_kv",
      "key",
      writes.kvDelete?.map((key) => new Uint8Array(key)),
    ),
    ...puts(
      "INSERT OR REPLACE INTO bw_kv(key, value)",
      writes.kvPut?.map(({ key, value }) => [new Uint8Array(key), new Uint8Array(value)]),
    ),
  ];
}

/** Not `OR REPLACE`: that would drop another message that holds the same idempotency id. */
const QUEUE = `INSERT INTO bw_queue(id, queue, status, created, available, attempt, idempotency, keep_until, caller,
  response, dead_reason, body)`;
const QUEUE_UPDATE = ` ON CONFLICT(id) DO UPDATE SET queue = excluded.queue, status = excluded.status,
  created = excluded.created, available = excluded.available, attempt = excluded.attempt,
  idempotency = excluded.idempotency, keep_until = excluded.keep_until, caller = excluded.caller,
  response = excluded.response, dead_reason = excluded.dead_reason, body = excluded.body`;

function queueValues(row: QueueRow): readonly unknown[] {
  return [
    ...[row.id, row.queue, QUEUE_STATUS.indexOf(row.status), row.createdAt, row.availableAt, row.attempt],
    ...[row.idempotencyKey, row.keepUntil ?? null, callerText(row), row.response ?? null, row.deadReason ?? null],
    row.body,
  ];
}

function deletes(table: string, column: string, ids: readonly unknown[] | undefined): readonly Statement[] {
  return inChunks(ids).map((chunk) => ({
    sql: `DELETE FROM ${table} WHERE ${column} IN (${chunk.map(() => "?").join(", ")})`,
    args: chunk,
  }));
}

function puts(insert: string, rows: readonly (readonly unknown[])[] | undefined): readonly Statement[] {
  return inChunks(rows).map((chunk) => {
    const values = chunk.map((row) => `(${row.map(() => "?").join(", ")})`).join(", ");
    return { sql: `${insert} VALUES ${values}${insert === QUEUE ? QUEUE_UPDATE : ""}`, args: chunk.flat() };
  });
}

function inChunks<T>(items: readonly T[] | undefined): readonly (readonly T[])[] {
  const chunks: (readonly T[])[] = [];
  for (let at = 0; at < (items?.length ?? 0); at += ROWS) chunks.push(items!.slice(at, at + ROWS));
  return chunks;
}

function assertSize(writes: WriteSet, statements: readonly Statement[]): void {
  let size = 0;
  for (const { args } of statements) {
    for (const value of args) if (typeof value === "string" || value instanceof Uint8Array) size += value.length;
  }
  if (size <= MAX_COMMIT) return;
  const { name, key } = writes.actor;
  throw new StoreError(
    "failed",
    `A commit of ${name}/${key} has ${size} bytes; at most ${MAX_COMMIT} go to the engine at once`,
  );
}
