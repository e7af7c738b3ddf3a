/**
 * Owns the rows of an actor's queues: every change of a message is staged here, so that it is part of the actor's next
 * commit. Deliveries are counted durably, so that a message that kills its handler's process is given up in the end.
 */
import type { CallerRecord } from "../../boundary/scheme.ts";
import type { QueueRow } from "../../hosts/port.ts";
import { Lane } from "./lane.ts";
import type { QueueCore } from "./types.ts";

/** Deliveries before a message is dead-lettered, where its queue does not say. */
export const DEFAULT_MAX_ATTEMPTS = 10;
/** ms a message stays with a handler that ended without completing it, where its queue does not say. */
export const DEFAULT_VISIBILITY_TIMEOUT = 30_000;
/** First and longest pause before a message is delivered again, ms; doubled in between. */
export const RETRY_FIRST = 1000;
export const RETRY_MAX = 60_000;
/** ms the idempotency id of a completed message is remembered. */
export const ID_RETENTION = 24 * 60 * 60 * 1000;
/** Completed ids remembered at once in one life of an actor; past it the oldest is forgotten. */
export const MAX_REMEMBERED_IDS = 10_000;
/** ms between two rounds of forgetting what is past its time. */
const PRUNE_INTERVAL = 60 * 60 * 1000;

export interface NewMessage {
  readonly name: string;
  /** Tagged-JSON text. */
  readonly body: string;
  readonly caller: CallerRecord | null;
  readonly key: string | null;
}

export class MessageLog {
  readonly #core: QueueCore;
  readonly #lanes = new Map<string, Lane>();
  #total = 0;
  #dead = 0;
  /** Ids of `done` marks written in this life, oldest first. */
  #marks: number[] = [];
  #firstMark = 0;
  #prunedAt: number;

  constructor(core: QueueCore) {
    this.#core = core;
    this.#prunedAt = core.clock.now();
    for (const [name, counts] of Object.entries(core.counts)) {
      this.#lanes.set(name, this.#createLane(name, counts));
      this.#total += counts.ready;
      this.#dead += counts.dead;
    }
  }

  /** Messages that wait or are being handled, of all queues. */
  get total(): number {
    return this.#total;
  }

  /** Messages that are dead-lettered, of all queues. */
  get dead(): number {
    return this.#dead;
  }

  get isFull(): boolean {
    return this.#total >= this.#core.limits.maxQueueSize;
  }

  lane(name: string): Lane {
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = this.#createLane(name, { ready: 0, dead: 0 });
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  /** The queues of the given names; all that hold anything when none is given. */
  lanes(names: readonly string[] | null): Lane[] {
    if (names === null) return [...this.#lanes.values()].filter((lane) => lane.ready > 0);
    return names.flatMap((name) => this.#lanes.get(name) ?? []);
  }

  add(message: NewMessage): QueueRow {
    const now = this.#core.clock.now();
    const row: QueueRow = {
      id: this.#core.nextId(),
      queue: message.name,
      body: message.body,
      caller: message.caller,
      createdAt: now,
      availableAt: now,
      attempt: 0,
      idempotencyKey: message.key,
      status: "ready",
    };
    const lane = this.lane(message.name);
    lane.ready += 1;
    this.#total += 1;
    this.#put(row);
    lane.offer(row);
    return row;
  }

  /** Counts a delivery. */
  deliver(row: QueueRow): QueueRow {
    const delivered = { ...row, attempt: row.attempt + 1 };
    this.#put(delivered);
    return delivered;
  }

  /** The message is done: gone, or kept as the mark of its idempotency id. */
  acknowledge(row: QueueRow, response: string | null): void {
    this.#leave(this.lane(row.queue));
    if (row.idempotencyKey === null) {
      this.#delete(row.id);
      return;
    }
    const keepUntil = this.#core.clock.now() + ID_RETENTION;
    this.#put({ ...row, status: "done", body: "null", caller: null, response, keepUntil });
    this.#remember(row.id);
  }

  /** The message was not handled: it is delivered again after a pause, or given up. False when it was given up. */
  putBack(row: QueueRow, pause: boolean): boolean {
    if (row.attempt >= this.maxAttempts(row.queue)) {
      this.giveUp(row, `not handled after ${row.attempt} deliveries`);
      return false;
    }
    const now = this.#core.clock.now();
    const waiting = pause ? Math.min(RETRY_MAX, RETRY_FIRST * 2 ** (row.attempt - 1)) : 0;
    const again = { ...row, availableAt: now + waiting };
    this.#put(again);
    this.lane(row.queue).offer(again);
    return true;
  }

  /** Dead-letters a message. */
  giveUp(row: QueueRow, reason: string): void {
    const lane = this.lane(row.queue);
    this.#put({ ...row, status: "dead", deadReason: reason });
    lane.dead += 1;
    this.#dead += 1;
    this.#leave(lane);
    this.#core.log.warn({ queue: row.queue, message: row.id, attempt: row.attempt, reason }, "message dead-lettered");
  }

  /** A dead-lettered message is delivered again, with attempts counted anew. */
  revive(row: QueueRow): void {
    const lane = this.lane(row.queue);
    const again: QueueRow = {
      ...row,
      status: "ready",
      attempt: 0,
      availableAt: this.#core.clock.now(),
      deadReason: null,
    };
    this.#put(again);
    lane.dead -= 1;
    this.#dead -= 1;
    lane.ready += 1;
    this.#total += 1;
    lane.offer(again);
  }

  /** Forgets a dead-lettered message. */
  bury(row: QueueRow): void {
    this.#delete(row.id);
    this.lane(row.queue).dead -= 1;
    this.#dead -= 1;
  }

  /** Dead letters past the limit, which is that of waiting messages. */
  get excessDead(): number {
    return this.#dead - this.#core.limits.maxQueueSize;
  }

  maxAttempts(queue: string): number {
    return this.#core.declared?.get(queue)?.token.maxAttempts ?? DEFAULT_MAX_ATTEMPTS;
  }

  visibilityTimeout(queue: string): number {
    return this.#core.declared?.get(queue)?.token.visibilityTimeout ?? DEFAULT_VISIBILITY_TIMEOUT;
  }

  /** Rows of a queue that are staged and not handed over yet. */
  staged(queue: string, status: QueueRow["status"]): QueueRow[] {
    const { outbox } = this.#core;
    if (!outbox.hasStaged) return [];
    return [...outbox.staged.queuePut.values()].filter((row) => row.queue === queue && row.status === status);
  }

  /** True if the next commit changes or deletes this row: what the store says of it is old. */
  isStaged(id: number): boolean {
    const { outbox } = this.#core;
    return outbox.hasStaged && (outbox.staged.queuePut.has(id) || outbox.staged.queueDelete.has(id));
  }

  #createLane(name: string, counts: { readonly ready: number; readonly dead: number }): Lane {
    const { ref, store, clock } = this.#core;
    return new Lane(name, counts, {
      read: (queue, afterId, limit) => store.readQueue(ref, { queue, status: "ready", afterId, limit }),
      staged: (queue) => this.staged(queue, "ready"),
      now: () => clock.now(),
    });
  }

  #leave(lane: Lane): void {
    lane.ready -= 1;
    this.#total -= 1;
    if (lane.ready === 0 && lane.dead === 0) this.#lanes.delete(lane.name);
  }

  #put(row: QueueRow): void {
    const { staged } = this.#core.outbox;
    staged.queueDelete.delete(row.id);
    staged.queuePut.set(row.id, row);
  }

  #delete(id: number): void {
    const { staged } = this.#core.outbox;
    staged.queuePut.delete(id);
    staged.queueDelete.add(id);
  }

  #remember(id: number): void {
    this.#marks.push(id);
    if (this.#marks.length - this.#firstMark > MAX_REMEMBERED_IDS) this.#delete(this.#marks[this.#firstMark++]!);
    if (this.#firstMark > MAX_REMEMBERED_IDS) {
      this.#marks = this.#marks.slice(this.#firstMark);
      this.#firstMark = 0;
    }
    this.#pruneNowAndThen();
  }

  #pruneNowAndThen(): void {
    const { clock, store, ref, log } = this.#core;
    const now = clock.now();
    if (now - this.#prunedAt < PRUNE_INTERVAL) return;
    this.#prunedAt = now;
    store.replayPrune(ref, now).catch((error: unknown) => log.warn({ err: error }, "old ids could not be forgotten"));
  }
}
