/**
 * Owns the writing of everything of an actor that is not its own row: messages, schedules, connections, keys, replay
 * ids. Runs inside a savepoint of the group's transaction; keeps the actor's tally in step.
 */
import type { ConnectionRow, KvKey, ReplayRow, ScheduleRow } from "../../port.ts";
import type { ActorEntry } from "./actor-entries.ts";
import { connectionSum, kvSum, queueSum, replaySum, scheduleSum } from "./checksum.ts";
import { countMessage } from "./counts.ts";
import type { QueueRecord, WriteParts } from "./messages.ts";
import { QUEUE_STATUS } from "./rows.ts";
import type { Statements } from "./statements.ts";

/** Deletes first, then puts; `assertWriteSet` made sure the two do not meet. */
export function applyParts(statements: Statements, entry: ActorEntry, parts: WriteParts): void {
  for (const id of parts.queueDelete ?? []) deleteMessage(statements, entry, id);
  for (const row of parts.queuePut ?? []) putMessage(statements, entry, row);
  for (const id of parts.scheduleDelete ?? []) entry.counts.schedules -= remove(statements, "schedule", entry.aid, id);
  for (const row of parts.schedulePut ?? []) putSchedule(statements, entry, row);
  for (const id of parts.connectionDelete ?? []) {
    entry.counts.connections -= remove(statements, "connection", entry.aid, id);
  }
  for (const row of parts.connectionPut ?? []) putConnection(statements, entry, row);
  for (const id of parts.replayDelete ?? []) entry.counts.replay -= remove(statements, "replay", entry.aid, id);
  for (const row of parts.replayPut ?? []) putReplay(statements, entry, row);
  for (const key of parts.kvDelete ?? [])
    statements.get("DELETE FROM kv WHERE aid = ? AND key = ?").run(entry.aid, key);
  for (const { key, value } of parts.kvPut ?? []) putPair(statements, entry, key, value);
}

const FIND_MESSAGE = "SELECT queue, status FROM queue WHERE aid = ? AND id = ?";
const INSERT_MESSAGE = `INSERT INTO queue(queue, status, created, available, attempt, idempotency, keep_until, caller,
  response, dead_reason, sum, body, aid, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const UPDATE_MESSAGE = `UPDATE queue SET queue = ?, status = ?, created = ?, available = ?, attempt = ?, idempotency = ?,
  keep_until = ?, caller = ?, response = ?, dead_reason = ?, sum = ?, body = ? WHERE aid = ? AND id = ?`;

function putMessage(statements: Statements, entry: ActorEntry, row: QueueRecord): void {
  const known = uncount(statements, entry, row.id);
  const sum = queueSum(entry.seed, row, row.caller);
  statements
    .get(known ? UPDATE_MESSAGE : INSERT_MESSAGE)
    .run(
      row.queue,
      QUEUE_STATUS.indexOf(row.status),
      row.createdAt,
      row.availableAt,
      row.attempt,
      row.idempotencyKey,
      row.keepUntil ?? null,
      row.caller,
      row.response ?? null,
      row.deadReason ?? null,
      sum,
      row.body,
      entry.aid,
      row.id,
    );
  countMessage(entry.counts, row.queue, row.status, 1);
}

function deleteMessage(statements: Statements, entry: ActorEntry, id: number): void {
  if (uncount(statements, entry, id)) statements.get("DELETE FROM queue WHERE aid = ? AND id = ?").run(entry.aid, id);
}

/** Takes a stored message out of the tally; false when there is none. */
function uncount(statements: Statements, entry: ActorEntry, id: number): boolean {
  const old = statements.get(FIND_MESSAGE).get(entry.aid, id);
  if (old === undefined) return false;
  countMessage(entry.counts, old["queue"] as string, QUEUE_STATUS[old["status"] as number] ?? "dead", -1);
  return true;
}

function putSchedule(statements: Statements, entry: ActorEntry, row: ScheduleRow): void {
  const { id, dueAt, action, args, cron, createdAt } = row;
  const values = [dueAt, action, args, cron, createdAt, scheduleSum(entry.seed, row), entry.aid, id] as const;
  const update = statements.get(
    "UPDATE schedule SET due = ?, action = ?, args = ?, cron = ?, created = ?, sum = ? WHERE aid = ? AND id = ?",
  );
  if (update.run(...values).changes !== 0) return;
  statements
    .get("INSERT INTO schedule(due, action, args, cron, created, sum, aid, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
    .run(...values);
  entry.counts.schedules += 1;
}

function putConnection(statements: Statements, entry: ActorEntry, row: ConnectionRow): void {
  const values = [row.data, connectionSum(entry.seed, row), entry.aid, row.id] as const;
  const update = statements.get("UPDATE connection SET data = ?, sum = ? WHERE aid = ? AND id = ?");
  if (update.run(...values).changes !== 0) return;
  statements.get("INSERT INTO connection(data, sum, aid, id) VALUES (?, ?, ?, ?)").run(...values);
  entry.counts.connections += 1;
}

function putReplay(statements: Statements, entry: ActorEntry, row: ReplayRow): void {
  const values = [row.status, row.keepUntil, replaySum(entry.seed, row), entry.aid, row.id] as const;
  const update = statements.get("UPDATE replay SET status = ?, keep_until = ?, sum = ? WHERE aid = ? AND id = ?");
  if (update.run(...values).changes !== 0) return;
  statements.get("INSERT INTO replay(status, keep_until, sum, aid, id) VALUES (?, ?, ?, ?, ?)").run(...values);
  entry.counts.replay += 1;
}

/** Not `INSERT OR REPLACE`, which would write the entry of the second index anew. */
const PUT_PAIR = `INSERT INTO kv(aid, key, value, sum) VALUES (?, ?, ?, ?)
  ON CONFLICT(aid, key) DO UPDATE SET value = excluded.value, sum = excluded.sum`;

function putPair(statements: Statements, entry: ActorEntry, key: KvKey, value: Uint8Array): void {
  statements.get(PUT_PAIR).run(entry.aid, key, value, kvSum(entry.seed, key, value));
}

const DELETES = {
  schedule: "DELETE FROM schedule WHERE aid = ? AND id = ?",
  connection: "DELETE FROM connection WHERE aid = ? AND id = ?",
  replay: "DELETE FROM replay WHERE aid = ? AND id = ?",
} as const;

/** How many rows went: 1 or 0. */
function remove(statements: Statements, table: keyof typeof DELETES, aid: number, id: string): number {
  return Number(statements.get(DELETES[table]).run(aid, id).changes);
}
