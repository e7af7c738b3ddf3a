/**
 * Owns the way from a stored row to the port's row: every row that leaves the file passes its checksum here, and a row
 * that does not is `damaged`, by the name of its actor.
 */
import type { SQLOutputValue } from "node:sqlite";
import {
  type ActorMeta,
  type ConnectionRow,
  type QueueRow,
  type ReplayRow,
  type RevocationRow,
  type ScheduleRow,
  StoreError,
} from "../../port.ts";
import {
  actorSeed,
  actorSum,
  connectionSum,
  factsSum,
  hostSum,
  kvSum,
  queueSum,
  replaySum,
  scheduleSum,
  stateSum,
} from "./checksum.ts";
import { damaged } from "./failure.ts";
import type { Statements } from "./statements.ts";

/** A row as `node:sqlite` gives it. */
export type Columns = Record<string, SQLOutputValue>;

/** An actor's row, verified. */
export interface ActorRow {
  readonly slot: number;
  readonly aid: number;
  readonly name: string;
  readonly key: string;
  readonly seed: number;
  readonly seq: number;
  readonly meta: ActorMeta;
  readonly wakeAt: number | null;
  readonly counts: string | null;
  /** Checksums of the row's parts, from which a later commit makes that of the row. */
  readonly sums: { readonly facts: number; readonly state: number };
  /** UTF-8. */
  readonly state: Uint8Array | null;
}

/** Who owns a row, for its checksum and for the message when it fails. */
export interface Owner {
  readonly seed: number;
  readonly actor: string;
}

export const QUEUE_STATUS = ["ready", "dead", "done"] as const;

const number = (columns: Columns, name: string): number => columns[name] as number;
const text = (columns: Columns, name: string): string => columns[name] as string;
const maybe = <T>(columns: Columns, name: string): T | null => (columns[name] ?? null) as T | null;

/** @throws StoreError `damaged` */
export function readActor(columns: Columns): ActorRow {
  const name = text(columns, "name");
  const key = text(columns, "key");
  const aid = number(columns, "aid");
  const seed = actorSeed(name, key, aid);
  const state = maybe<Uint8Array>(columns, "state");
  const meta: ActorMeta = {
    id: text(columns, "id"),
    createdAt: number(columns, "created"),
    version: number(columns, "version"),
    nextQueueId: number(columns, "next_queue"),
    running: number(columns, "running") === 1,
  };
  const wakeAt = maybe<number>(columns, "wake_at");
  const counts = maybe<string>(columns, "counts");
  const seq = number(columns, "seq");
  const sums = { facts: factsSum(seed, meta, wakeAt, counts), state: stateSum(seed, state) };
  if (!isBytes(state ?? EMPTY) || actorSum(sums.facts, sums.state, seq) !== number(columns, "sum")) {
    throw damaged(`${name}/${key}`, "the actor's row fails its checksum");
  }
  return {
    slot: number(columns, "slot"),
    aid,
    name,
    key,
    seed,
    seq,
    meta,
    wakeAt,
    counts,
    sums,
    state,
  };
}

export function readQueueRow(columns: Columns, owner: Owner): QueueRow {
  const caller = maybe<string>(columns, "caller");
  const bare: QueueRow = {
    id: number(columns, "id"),
    queue: text(columns, "queue"),
    body: text(columns, "body"),
    caller: null,
    createdAt: number(columns, "created"),
    availableAt: number(columns, "available"),
    attempt: number(columns, "attempt"),
    idempotencyKey: maybe<string>(columns, "idempotency"),
    status: QUEUE_STATUS[number(columns, "status")] ?? "dead",
    keepUntil: maybe<number>(columns, "keep_until"),
    response: maybe<string>(columns, "response"),
    deadReason: maybe<string>(columns, "dead_reason"),
  };
  check(owner, `message ${bare.id}`, queueSum(owner.seed, bare, caller), columns, isText(bare.body));
  return caller === null ? bare : { ...bare, caller: JSON.parse(caller) };
}

export function readSchedule(columns: Columns, owner: Owner): ScheduleRow {
  const row: ScheduleRow = {
    id: text(columns, "id"),
    dueAt: number(columns, "due"),
    action: text(columns, "action"),
    args: text(columns, "args"),
    cron: maybe<string>(columns, "cron"),
    createdAt: number(columns, "created"),
  };
  check(owner, `schedule ${row.id}`, scheduleSum(owner.seed, row), columns);
  return row;
}

export function readConnection(columns: Columns, owner: Owner): ConnectionRow {
  const row: ConnectionRow = { id: text(columns, "id"), data: text(columns, "data") };
  check(owner, `connection ${row.id}`, connectionSum(owner.seed, row), columns, isText(row.data));
  return row;
}

export function readReplay(columns: Columns, owner: Owner): ReplayRow {
  const status = text(columns, "status");
  const row: ReplayRow = {
    id: text(columns, "id"),
    status: status === "done" || status === "failed" ? status : "in_progress",
    keepUntil: number(columns, "keep_until"),
  };
  check(owner, "a replay id", replaySum(owner.seed, row), columns);
  return row;
}

export function readPair(columns: Columns, owner: Owner): { key: Uint8Array; value: Uint8Array } {
  const key = columns["key"] as Uint8Array;
  const value = columns["value"] as Uint8Array;
  check(owner, "a key-value pair", kvSum(owner.seed, key, value), columns, isBytes(key) && isBytes(value));
  return { key, value };
}

export function readRevocation(columns: Columns): RevocationRow {
  const data = text(columns, "data");
  if (!isText(data) || hostSum("revocation", data) !== number(columns, "sum")) {
    throw damaged("the revocations", "a row fails its checksum");
  }
  return JSON.parse(data);
}

const READERS: Readonly<Record<string, (columns: Columns, owner: Owner) => unknown>> = {
  queue: readQueueRow,
  schedule: readSchedule,
  connection: readConnection,
  kv: readPair,
  replay: readReplay,
};

/** True when some row that is filed under the number passes its checksum as the actor's. */
export function isOwnerOf(statements: Statements, aid: number, owner: Owner): boolean {
  return Object.entries(READERS).some(([table, read]) => {
    try {
      const columns = statements.get(`SELECT * FROM ${table} WHERE aid = ? LIMIT 1`).get(aid);
      if (columns === undefined) return false;
      read(columns, owner);
      return true;
    } catch (error) {
      if (error instanceof StoreError) return false;
      throw error;
    }
  });
}

/** A checksum is the same of a text and of its bytes: what is summed raw shows its kind here alone. */
const isText = (value: unknown): boolean => typeof value === "string";
const isBytes = (value: unknown): boolean => value instanceof Uint8Array;
const EMPTY = new Uint8Array(0);

function check(owner: Owner, what: string, sum: number, columns: Columns, isOfKind = true): void {
  if (sum !== columns["sum"] || !isOfKind) throw damaged(owner.actor, `${what} fails its checksum`);
}
