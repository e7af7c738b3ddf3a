/**
 * Owns what passes between the store and its worker threads. Writes travel as one flat array of primitives a batch:
 * cloning a nested object per commit cost several microseconds on each side, a flat array a fraction of one.
 *
 * A reply names the last write it settles; writes are settled in the order they were sent, so successes need no names.
 */
import type { MessagePort } from "node:worker_threads";
import type { ActorMeta, QueueRow, RevocationRow, StoreFailure, WriteSet } from "../../port.ts";
import { callerText } from "../../write-set.ts";
import type { Fault } from "./faults.ts";

/** Which thread a worker is. */
export type WorkerRole = "writer" | "reader" | "keeper";

export interface WorkerOptions {
  readonly role: WorkerRole;
  readonly directory: string;
  /** Pages of write-ahead log after which they are folded into the main file. */
  readonly checkpointPages: number;
  readonly faults: readonly Fault[];
}

/** A message with its caller as JSON text: an identity may hold what no thread can be sent. */
export interface QueueRecord extends Omit<QueueRow, "caller"> {
  readonly caller: string | null;
}

/** The parts of a write set that are not plain columns of the actor's row. */
export interface WriteParts
  extends Pick<
    WriteSet,
    | "queueDelete"
    | "schedulePut"
    | "scheduleDelete"
    | "connectionPut"
    | "connectionDelete"
    | "kvPut"
    | "kvDelete"
    | "replayPut"
    | "replayDelete"
  > {
  readonly queuePut?: readonly QueueRecord[];
}

export type Mode = WriteSet["mode"];

/** Writes beside those of one actor's commit. */
export type HostWrite =
  | { readonly kind: "prune"; readonly ref: string; readonly before: number }
  | { readonly kind: "revocation"; readonly row: RevocationRow }
  | { readonly kind: "epoch"; readonly epoch: number };

/** One commit as the writer sees it. */
export interface Write {
  readonly ref: string;
  readonly mode: Mode;
  /** How many failed writes the caller knew of when it handed this one over. */
  readonly seen: number;
  readonly relaxed: boolean;
  readonly state: string | null | undefined;
  readonly wakeAt: number | null | undefined;
  readonly meta: ActorMeta | undefined;
  readonly parts: WriteParts | undefined;
  readonly host: HostWrite | undefined;
}

/** A failed write: its position in the stream of writes, and why. */
export type Failure = readonly [sequence: number, code: StoreFailure, message: string];

export interface GroupReply {
  readonly kind: "group";
  /** Every write up to this position is settled. */
  readonly settled: number;
  readonly failed: readonly Failure[];
  /** How many writes have failed so far. */
  readonly failures: number;
}

export interface ReadReply {
  readonly kind: "read";
  readonly results: readonly ReadResult[];
}

export type ReadResult =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly code: StoreFailure; readonly message: string };

/** Sent once, when the worker can serve; `error` when it cannot. */
export interface ReadyReply {
  readonly kind: "ready";
  readonly error: { readonly code: string; readonly configuration: boolean; readonly message: string } | null;
  /** The previous owner of the directory did not close it. */
  readonly unclean: boolean;
}

export interface ClosedReply {
  readonly kind: "closed";
}

/** After an unclean stop, when the file was looked at. */
export interface CheckedReply {
  readonly kind: "checked";
  readonly report: CheckReport;
}

/** A client's port closed: everything it had handed over is settled, on disk or refused. */
export interface GoneReply {
  readonly kind: "gone";
  readonly client: number;
}

export type Reply = GroupReply | ReadReply | ReadyReply | ClosedReply | CheckedReply | GoneReply;

export type ReadCall = readonly [id: number, method: string, args: readonly unknown[]];

export type Request =
  | { readonly kind: "open" }
  | { readonly kind: "write"; readonly flat: readonly unknown[]; readonly count: number }
  | { readonly kind: "read"; readonly calls: readonly ReadCall[] }
  | { readonly kind: "faults"; readonly faults: readonly Fault[] }
  /** Another thread of the host, which hands its requests over by a port of its own. */
  | { readonly kind: "client"; readonly client: number; readonly port: MessagePort }
  | { readonly kind: "close" };

/** Between the writer and its keeper. */
export type KeeperRequest = "fold" | "check";

/** What a look at the file's structure found; `ran` is false where the file is too large for one at a start. */
export interface CheckReport {
  readonly ran: boolean;
  readonly problems: readonly string[];
}

export type KeeperReply = CheckReport;

/** An actor's address as one text; neither part contains NUL (`assertWriteSet`). */
export function refOf(name: string, key: string): string {
  return `${name}\0${key}`;
}

export function splitRef(ref: string): readonly [name: string, key: string] {
  const at = ref.indexOf("\0");
  return [ref.slice(0, at), ref.slice(at + 1)];
}

/** For messages to people. */
export function nameOf(ref: string): string {
  return ref.replace("\0", "/");
}

const MODES: readonly Mode[] = ["update", "create", "destroy"];
const MODE_MASK = 3;
const HAS_STATE = 4;
const HAS_WAKE = 8;
const HAS_META = 16;
const HAS_PARTS = 32;
const RELAXED = 64;
const IS_HOST = 128;

/** Appends one commit to a batch. */
export function packWrite(flat: unknown[], ref: string, writes: WriteSet, seen: number): void {
  const parts = partsOf(writes);
  const { state, wakeAt, meta } = writes;
  let bits = MODES.indexOf(writes.mode);
  if (state !== undefined) bits |= HAS_STATE;
  if (wakeAt !== undefined) bits |= HAS_WAKE;
  if (meta !== undefined) bits |= HAS_META;
  if (parts !== undefined) bits |= HAS_PARTS;
  if (writes.durability === "relaxed") bits |= RELAXED;
  flat.push(ref, bits, seen);
  if (state !== undefined) flat.push(state);
  if (wakeAt !== undefined) flat.push(wakeAt);
  if (meta !== undefined) flat.push(meta.id, meta.createdAt, meta.version, meta.nextQueueId, meta.running);
  if (parts !== undefined) flat.push(parts);
}

/** Appends a host-wide write to a batch. */
export function packHost(flat: unknown[], write: HostWrite, seen: number): void {
  flat.push("", IS_HOST, seen, write);
}

/** The commits of a batch, in order. */
export function* unpackWrites(flat: readonly unknown[]): Generator<Write> {
  let at = 0;
  // The casts hold because only `packWrite` and `packHost` above build these arrays, in this order.
  const next = <T>(): T => flat[at++] as T;
  while (at < flat.length) {
    const ref = next<string>();
    const bits = next<number>();
    const seen = next<number>();
    const host = (bits & IS_HOST) !== 0 ? next<HostWrite>() : undefined;
    const state = (bits & HAS_STATE) !== 0 ? next<string | null>() : undefined;
    const wakeAt = (bits & HAS_WAKE) !== 0 ? next<number | null>() : undefined;
    const meta =
      (bits & HAS_META) !== 0
        ? {
            id: next<string>(),
            createdAt: next<number>(),
            version: next<number>(),
            nextQueueId: next<number>(),
            running: next<boolean>(),
          }
        : undefined;
    const parts = (bits & HAS_PARTS) !== 0 ? next<WriteParts>() : undefined;
    const mode = MODES[bits & MODE_MASK] ?? "update";
    yield { ref, mode, seen, relaxed: (bits & RELAXED) !== 0, state, wakeAt, meta, parts, host };
  }
}

/**
 * The parts that hold anything, copied: the batch leaves later, and by then the caller may use its arrays and bytes for
 * something else. Bytes get a buffer of their own; a view would be sent with all of the buffer behind it.
 */
function partsOf(writes: WriteSet): WriteParts | undefined {
  if (writes.mode === "destroy" || !hasParts(writes)) return undefined;
  return {
    ...(isEmpty(writes.queuePut) ? {} : { queuePut: writes.queuePut.map(recordOf) }),
    ...(isEmpty(writes.queueDelete) ? {} : { queueDelete: [...writes.queueDelete] }),
    ...(isEmpty(writes.schedulePut) ? {} : { schedulePut: [...writes.schedulePut] }),
    ...(isEmpty(writes.scheduleDelete) ? {} : { scheduleDelete: [...writes.scheduleDelete] }),
    ...(isEmpty(writes.connectionPut) ? {} : { connectionPut: [...writes.connectionPut] }),
    ...(isEmpty(writes.connectionDelete) ? {} : { connectionDelete: [...writes.connectionDelete] }),
    ...(isEmpty(writes.kvPut) ? {} : { kvPut: writes.kvPut.map(copyPair) }),
    ...(isEmpty(writes.kvDelete) ? {} : { kvDelete: writes.kvDelete.map((key) => new Uint8Array(key)) }),
    ...(isEmpty(writes.replayPut) ? {} : { replayPut: [...writes.replayPut] }),
    ...(isEmpty(writes.replayDelete) ? {} : { replayDelete: [...writes.replayDelete] }),
  };
}

function hasParts(writes: WriteSet): boolean {
  for (const key of PART_KEYS) if (!isEmpty(writes[key])) return true;
  return false;
}

function isEmpty(rows: readonly unknown[] | undefined): rows is undefined {
  return rows === undefined || rows.length === 0;
}

function recordOf(row: QueueRow): QueueRecord {
  return { ...row, caller: callerText(row) };
}

function copyPair({ key, value }: { key: Uint8Array; value: Uint8Array }): { key: Uint8Array; value: Uint8Array } {
  return { key: new Uint8Array(key), value: new Uint8Array(value) };
}

const PART_KEYS = [
  "queuePut",
  "queueDelete",
  "schedulePut",
  "scheduleDelete",
  "connectionPut",
  "connectionDelete",
  "kvPut",
  "kvDelete",
  "replayPut",
  "replayDelete",
] as const satisfies readonly (keyof WriteParts)[];
