/** Owns the way from a row of `c.db` to the port's row. */
import type { ActorMeta, ConnectionRow, QueueRow, ReplayRow, ScheduleRow } from "../port.ts";
import { QUEUE_STATUS } from "./statements.ts";

export type Columns = Readonly<Record<string, unknown>>;

const maybe = <T>(columns: Columns, name: string): T | null => (columns[name] ?? null) as T | null;
const number = (columns: Columns, name: string): number => Number(columns[name]);

export function metaOf(columns: Columns): ActorMeta {
  return {
    id: String(columns["id"]),
    createdAt: number(columns, "created"),
    version: number(columns, "version"),
    nextQueueId: number(columns, "next_queue"),
    running: number(columns, "running") === 1,
  };
}

export function queueRowOf(columns: Columns): QueueRow {
  const caller = maybe<string>(columns, "caller");
  return {
    id: number(columns, "id"),
    queue: String(columns["queue"]),
    body: String(columns["body"]),
    caller: caller === null ? null : JSON.parse(caller),
    createdAt: number(columns, "created"),
    availableAt: number(columns, "available"),
    attempt: number(columns, "attempt"),
    idempotencyKey: maybe<string>(columns, "idempotency"),
    status: QUEUE_STATUS[number(columns, "status")] ?? "dead",
    keepUntil: maybe<number>(columns, "keep_until"),
    response: maybe<string>(columns, "response"),
    deadReason: maybe<string>(columns, "dead_reason"),
  };
}

export function scheduleOf(columns: Columns): ScheduleRow {
  return {
    id: String(columns["id"]),
    dueAt: number(columns, "due"),
    action: String(columns["action"]),
    args: String(columns["args"]),
    cron: maybe<string>(columns, "cron"),
    createdAt: number(columns, "created"),
  };
}

export function connectionOf(columns: Columns): ConnectionRow {
  return { id: String(columns["id"]), data: String(columns["data"]) };
}

export function replayOf(columns: Columns): ReplayRow {
  const status = String(columns["status"]);
  return {
    id: String(columns["id"]),
    status: status === "done" || status === "failed" ? status : "in_progress",
    keepUntil: number(columns, "keep_until"),
  };
}

/** Bytes of our own: what a platform hands out may be a view of memory it uses again. */
export function bytesOf(value: unknown): Uint8Array {
  return value instanceof ArrayBuffer ? new Uint8Array(value.slice(0)) : new Uint8Array(value as Uint8Array);
}
