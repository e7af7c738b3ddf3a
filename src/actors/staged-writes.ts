/**
 * Owns what an actor's next commit will carry. Rows are keyed, so that the last write of a row wins. Each collection is made
 * when something is first put into it: most commits carry the state and nothing else.
 */
import type { ActorMeta, ConnectionRow, QueueRow, ReplayRow, ScheduleRow, WriteSet } from "../hosts/port.ts";

/** A pair of the actor's store to be written; null deletes. */
export interface StagedPair {
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
}

type Rows = Omit<WriteSet, "actor" | "mode" | "durability" | "meta" | "state" | "wakeAt">;

export class StagedWrites {
  meta: ActorMeta | undefined = undefined;
  /** Set when the state must be encoded into the commit. */
  stateDirty = false;
  #hasRows = false;
  #queuePut: Map<number, QueueRow> | null = null;
  #queueDelete: Set<number> | null = null;
  #schedulePut: Map<string, ScheduleRow> | null = null;
  #scheduleDelete: Set<string> | null = null;
  #connectionPut: Map<string, ConnectionRow> | null = null;
  #connectionDelete: Set<string> | null = null;
  #kv: Map<string, StagedPair> | null = null;
  #replayPut: Map<string, ReplayRow> | null = null;
  #replayDelete: Set<string> | null = null;

  get queuePut(): Map<number, QueueRow> {
    this.#queuePut ??= this.#made(new Map());
    return this.#queuePut;
  }
  get queueDelete(): Set<number> {
    this.#queueDelete ??= this.#made(new Set());
    return this.#queueDelete;
  }
  get schedulePut(): Map<string, ScheduleRow> {
    this.#schedulePut ??= this.#made(new Map());
    return this.#schedulePut;
  }
  get scheduleDelete(): Set<string> {
    this.#scheduleDelete ??= this.#made(new Set());
    return this.#scheduleDelete;
  }
  get connectionPut(): Map<string, ConnectionRow> {
    this.#connectionPut ??= this.#made(new Map());
    return this.#connectionPut;
  }
  get connectionDelete(): Set<string> {
    this.#connectionDelete ??= this.#made(new Set());
    return this.#connectionDelete;
  }
  /** By hex of the key. */
  get kv(): Map<string, StagedPair> {
    this.#kv ??= this.#made(new Map());
    return this.#kv;
  }
  get replayPut(): Map<string, ReplayRow> {
    this.#replayPut ??= this.#made(new Map());
    return this.#replayPut;
  }
  get replayDelete(): Set<string> {
    this.#replayDelete ??= this.#made(new Set());
    return this.#replayDelete;
  }

  /** False where {@link rows} has nothing to give. */
  get hasRows(): boolean {
    return this.#hasRows;
  }

  #made<T>(rows: T): T {
    this.#hasRows = true;
    return rows;
  }

  /** True when there is nothing but the state. */
  get isStateAlone(): boolean {
    return this.meta === undefined && (!this.#hasRows || isEmpty(this.rows()));
  }

  /** The rows of the commit; absent where there are none. */
  rows(): Rows {
    const pairs = [...(this.#kv?.values() ?? [])];
    return {
      queuePut: list(this.#queuePut?.values()),
      queueDelete: list(this.#queueDelete),
      schedulePut: list(this.#schedulePut?.values()),
      scheduleDelete: list(this.#scheduleDelete),
      connectionPut: list(this.#connectionPut?.values()),
      connectionDelete: list(this.#connectionDelete),
      kvPut: list(pairs.filter((pair) => pair.value !== null) as { key: Uint8Array; value: Uint8Array }[]),
      kvDelete: list(pairs.filter(({ value }) => value === null).map(({ key }) => key)),
      replayPut: list(this.#replayPut?.values()),
      replayDelete: list(this.#replayDelete),
    };
  }
}

function list<T>(rows: Iterable<T> | null | undefined): readonly T[] | undefined {
  const all = [...(rows ?? [])];
  return all.length === 0 ? undefined : all;
}

function isEmpty(rows: Rows): boolean {
  return Object.values(rows).every((value) => value === undefined);
}
