/** Owns the columns of an object's tables as the port's rows, both ways. Long texts stay outside, in parts. */
import type { ActorMeta, QueueRow, ReplayRow, ScheduleRow } from "../port.ts";
import { callerText } from "../write-set.ts";
import { deleteText, getText, MAX_PART, putText } from "./long-text.ts";
import type { Sql } from "./sql.ts";

export interface ActorRow {
  readonly ref: number;
  readonly id: string;
  readonly created_at: number;
  readonly version: number;
  readonly next_queue_id: number;
  readonly running: number;
  readonly wake_at: number | null;
}

interface MessageRow {
  readonly id: number;
  readonly queue: string;
  readonly status: QueueRow["status"];
  readonly caller: string | null;
  readonly created_at: number;
  readonly available_at: number;
  readonly attempt: number;
  readonly idempotency_key: string | null;
  readonly keep_until: number | null;
  readonly dead_reason: string | null;
  readonly body: string | null;
  readonly response: string | null;
  readonly long: number;
}

export function metaOf(row: ActorRow): ActorMeta {
  return {
    id: row.id,
    createdAt: row.created_at,
    version: row.version,
    nextQueueId: row.next_queue_id,
    running: row.running === 1,
  };
}

/** Writes a message; `replaced` is false where no earlier text of it can stand. */
export function putMessage(sql: Sql, ref: number, row: QueueRow, replaced: boolean): boolean {
  const caller = callerText(row);
  const response = row.response ?? null;
  const isLong = row.body.length + (response?.length ?? 0) + (caller?.length ?? 0) > MAX_PART;
  if (replaced) deleteMessageTexts(sql, ref, row.id);
  sql.run(
    `INSERT INTO message (ref, id, queue, status, caller, created_at, available_at, attempt, idempotency_key, keep_until,
       dead_reason, body, response, long) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (ref, id) DO UPDATE SET queue = excluded.queue, status = excluded.status, caller = excluded.caller,
       created_at = excluded.created_at, available_at = excluded.available_at, attempt = excluded.attempt,
       idempotency_key = excluded.idempotency_key, keep_until = excluded.keep_until, dead_reason = excluded.dead_reason,
       body = excluded.body, response = excluded.response, long = excluded.long`,
    ref,
    row.id,
    row.queue,
    row.status,
    caller,
    row.createdAt,
    row.availableAt,
    row.attempt,
    row.idempotencyKey,
    row.keepUntil ?? null,
    row.deadReason ?? null,
    isLong ? null : row.body,
    isLong ? null : response,
    isLong ? 1 : 0,
  );
  if (!isLong) return false;
  putText(sql, ref, `m:${row.id}:body`, row.body, 0);
  if (response !== null) putText(sql, ref, `m:${row.id}:response`, response, 0);
  return true;
}

export function deleteMessageTexts(sql: Sql, ref: number, id: number): void {
  deleteText(sql, ref, `m:${id}:body`);
  deleteText(sql, ref, `m:${id}:response`);
}

export const MESSAGE_COLUMNS =
  "id, queue, status, caller, created_at, available_at, attempt, idempotency_key, keep_until, dead_reason, body, response, long";

/** Messages of a query over {@link MESSAGE_COLUMNS}. */
export function readMessages(sql: Sql, ref: number, query: string, ...bindings: (string | number)[]): QueueRow[] {
  return sql.all<MessageRow>(query, ...bindings).map((row) => ({
    id: row.id,
    queue: row.queue,
    body: row.long === 1 ? (getText(sql, ref, `m:${row.id}:body`)?.text ?? "null") : row.body!,
    caller: row.caller === null ? null : (JSON.parse(row.caller) as QueueRow["caller"]),
    createdAt: row.created_at,
    availableAt: row.available_at,
    attempt: row.attempt,
    idempotencyKey: row.idempotency_key,
    status: row.status,
    keepUntil: row.keep_until,
    response: row.long === 1 ? (getText(sql, ref, `m:${row.id}:response`)?.text ?? null) : row.response,
    deadReason: row.dead_reason,
  }));
}

export function putSchedule(sql: Sql, ref: number, row: ScheduleRow): void {
  sql.run(
    "INSERT OR REPLACE INTO schedule (ref, id, due_at, action, args, cron, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
    ref,
    row.id,
    row.dueAt,
    row.action,
    row.args,
    row.cron,
    row.createdAt,
  );
}

export function readSchedules(sql: Sql, ref: number): ScheduleRow[] {
  return sql
    .all<{ id: string; due_at: number; action: string; args: string; cron: string | null; created_at: number }>(
      "SELECT id, due_at, action, args, cron, created_at FROM schedule WHERE ref = ?",
      ref,
    )
    .map(({ id, due_at, action, args, cron, created_at }) => ({
      id,
      dueAt: due_at,
      action,
      args,
      cron,
      createdAt: created_at,
    }));
}

export function putReplay(sql: Sql, ref: number, row: ReplayRow): void {
  sql.run(
    "INSERT OR REPLACE INTO replay (ref, id, status, keep_until) VALUES (?, ?, ?, ?)",
    ref,
    row.id,
    row.status,
    row.keepUntil,
  );
}
