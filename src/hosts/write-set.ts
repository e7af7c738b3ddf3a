/**
 * Owns the checks every store makes on a write set before anything of it is written, so that all hosts refuse the same
 * things. Pure; knows no platform.
 */
import { keyText } from "./kv-range.ts";
import { type QueueRow, StoreError, type WriteSet } from "./port.ts";

/** The most columns of text an actor's address may take; far beyond what a path segment can carry. */
const MAX_ADDRESS = 4096;

/** Refuses write sets no store can carry out as meant. @throws StoreError `failed` */
export function assertWriteSet(writes: WriteSet): void {
  assertAddress(writes);
  if (writes.mode === "create" && writes.meta === undefined) {
    throw refused(writes, "a `create` must carry `meta`");
  }
  if (writes.mode === "destroy") return;
  assertDisjoint(writes, "message", writes.queuePut, writes.queueDelete, (row) => row.id);
  assertDisjoint(writes, "schedule", writes.schedulePut, writes.scheduleDelete, (row) => row.id);
  assertDisjoint(writes, "connection", writes.connectionPut, writes.connectionDelete, (row) => row.id);
  assertDisjoint(writes, "replay id", writes.replayPut, writes.replayDelete, (row) => row.id);
  assertDisjoint(
    writes,
    "key",
    writes.kvPut?.map((pair) => keyText(pair.key)),
    writes.kvDelete?.map(keyText),
    (key) => key,
  );
}

function assertAddress(writes: WriteSet): void {
  const { name, key } = writes.actor;
  if (name.length === 0 || name.length + key.length > MAX_ADDRESS || name.includes("\0") || key.includes("\0")) {
    throw refused(writes, `the address must have a name, no NUL and at most ${MAX_ADDRESS} characters`);
  }
}

/** One row both written and deleted in one set has no meaning: the order inside a set is not defined. */
function assertDisjoint<Row, Id>(
  writes: WriteSet,
  what: string,
  put: readonly Row[] | undefined,
  deleted: readonly Id[] | undefined,
  idOf: (row: Row) => Id,
): void {
  if (put === undefined || deleted === undefined || put.length === 0 || deleted.length === 0) return;
  const gone = new Set(deleted);
  for (const row of put) {
    if (gone.has(idOf(row))) throw refused(writes, `${what} ${String(idOf(row))} is both written and deleted`);
  }
}

/** The caller of a message as it is stored: what JSON makes of it. @throws StoreError `failed` where it makes nothing */
export function callerText(row: QueueRow): string | null {
  try {
    return row.caller === null ? null : JSON.stringify(row.caller);
  } catch (error) {
    throw new StoreError("failed", `Message ${row.id} refused: its caller has no JSON form`, { cause: error });
  }
}

function refused(writes: WriteSet, why: string): StoreError {
  return new StoreError("failed", `Write set of ${writes.actor.name}/${writes.actor.key} refused: ${why}`);
}
