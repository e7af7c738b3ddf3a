/**
 * Owns the main thread's side of writing: what is handed over in one turn of the event loop leaves as one message; a
 * promise settles when the writer says so, in the order of handing over.
 *
 * Q1 At most `POSTED_LIMIT` writes are with the writer; the rest wait here, and past `maxWrites` or `maxBytes` a commit
 * is refused (G12). Q2 A relaxed update resolves when it leaves for the writer, so a flood of them waits
 * too; if it fails later, `lost` is told.
 */
import { type ActorRef, StoreError, type WriteSet } from "../../port.ts";
import { type GroupReply, type HostWrite, packHost, packWrite, refOf, splitRef } from "./messages.ts";
import type { StoreLink } from "./worker-link.ts";

const POSTED_LIMIT = 4096;
/** Writes that make a group worth a sync of its own while more are being made. */
const BEGIN_WITH = 48;

interface Owed {
  readonly ref: string;
  readonly bytes: number;
  /** Null for a relaxed write, which is answered when it leaves. */
  readonly answer: { resolve(): void; reject(error: StoreError): void } | null;
}

interface Waiter {
  readonly sequence: number;
  resolve(): void;
}

export interface WriteQueueOptions {
  readonly maxWrites: number;
  readonly maxBytes: number;
  readonly lost: (actor: ActorRef, error: StoreError) => void;
}

export class WriteQueue {
  readonly #link: StoreLink;
  readonly #options: WriteQueueOptions;
  /** Writes without an answer from the writer, oldest first; the oldest has sequence `#settled + 1`. */
  #owed: Owed[] = [];
  #settled = 0;
  #posted = 0;
  #bytes = 0;
  #failuresSeen = 0;
  #flat: unknown[] = [];
  #flatCount = 0;
  #flushing = false;
  /** Answers of relaxed updates that have not left yet. */
  #early: (() => void)[] = [];
  #lastRelaxed = 0;
  /** The latest unsettled write of each actor. */
  readonly #latest = new Map<string, number>();
  #waiters: Waiter[] = [];
  #broken: StoreError | null = null;

  constructor(link: StoreLink, options: WriteQueueOptions) {
    this.#link = link;
    this.#options = options;
  }

  commit(writes: WriteSet): Promise<void> {
    const ref = refOf(writes.actor.name, writes.actor.key);
    const relaxed = writes.durability === "relaxed" && writes.mode === "update";
    const bytes = sizeOf(writes);
    this.#assertRoom(bytes);
    packWrite(this.#flat, ref, writes, this.#failuresSeen);
    if (!relaxed) return new Promise((resolve, reject) => this.#push({ ref, bytes, answer: { resolve, reject } }));
    this.#push({ ref, bytes, answer: null });
    this.#lastRelaxed = this.#settled + this.#owed.length;
    return new Promise((resolve) => this.#early.push(resolve));
  }

  host(write: HostWrite): Promise<void> {
    this.#assertRoom(0);
    packHost(this.#flat, write, this.#failuresSeen);
    const ref = write.kind === "prune" ? write.ref : "";
    return new Promise((resolve, reject) => this.#push({ ref, bytes: 0, answer: { resolve, reject } }));
  }

  /** Resolves when every write of the actor handed over so far is settled; null when there is none. */
  afterWritesOf(actor: ActorRef): Promise<void> | null {
    const sequence = this.#latest.get(refOf(actor.name, actor.key));
    return sequence === undefined ? null : this.#after(sequence);
  }

  /** Resolves when every write answered before its turn (relaxed) is settled; null when there is none. */
  afterRelaxed(): Promise<void> | null {
    return this.#lastRelaxed <= this.#settled ? null : this.#after(this.#lastRelaxed);
  }

  /** Resolves when nothing is owed. */
  async drained(): Promise<void> {
    if (this.#owed.length > 0) await this.#after(this.#settled + this.#owed.length);
  }

  settle(reply: GroupReply): void {
    this.#failuresSeen = reply.failures;
    const failed = new Map(reply.failed.map(([at, code, message]) => [at, new StoreError(code, message)]));
    const count = reply.settled - this.#settled;
    const done = this.#owed.splice(0, count);
    const first = this.#settled + 1;
    this.#settled = reply.settled;
    this.#posted -= count;
    for (const [at, owed] of done.entries()) this.#answer(owed, first + at, failed.get(first + at));
    this.#wakeWaiters();
    if (this.#flatCount > 0) this.#scheduleFlush();
    if (this.#owed.length === 0) this.#link.paid();
  }

  /** The writer is gone: nothing owed will be answered by it. */
  break(error: StoreError): void {
    this.#broken = error;
    const owed = this.#owed;
    this.#settled += owed.length;
    this.#owed = [];
    this.#latest.clear();
    for (const { ref, answer } of owed) {
      if (answer === null) this.#options.lost(actorOf(ref), error);
      else answer.reject(error);
    }
    for (const resolve of this.#early.splice(0)) resolve();
    this.#wakeWaiters();
  }

  #push(owed: Owed): void {
    this.#owed.push(owed);
    this.#flatCount += 1;
    this.#bytes += owed.bytes;
    if (owed.ref !== "") this.#latest.set(owed.ref, this.#settled + this.#owed.length);
    if (this.#owed.length === 1) this.#link.owe();
    // A writer that has nothing to do begins while this turn goes on.
    if (this.#posted === 0 && this.#flatCount >= BEGIN_WITH) this.#flush();
    else this.#scheduleFlush();
  }

  #assertRoom(bytes: number): void {
    if (this.#broken !== null) throw this.#broken;
    const { maxWrites, maxBytes } = this.#options;
    if (this.#owed.length === 0) return;
    if (this.#owed.length < maxWrites && this.#bytes + bytes <= maxBytes) return;
    throw new StoreError("full", "Too many writes are waiting for the disk; try again when some are done");
  }

  #scheduleFlush(): void {
    if (this.#flushing || this.#posted >= POSTED_LIMIT) return;
    this.#flushing = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    if (this.#flatCount === 0) return;
    const early = this.#early;
    this.#early = [];
    for (const resolve of early) resolve();
    this.#link.post({ kind: "write", flat: this.#flat, count: this.#flatCount });
    this.#posted += this.#flatCount;
    this.#flat = [];
    this.#flatCount = 0;
  }

  #answer(owed: Owed, sequence: number, error: StoreError | undefined): void {
    this.#bytes -= owed.bytes;
    if (this.#latest.get(owed.ref) === sequence) this.#latest.delete(owed.ref);
    if (error === undefined) owed.answer?.resolve();
    else if (owed.answer !== null) owed.answer.reject(error);
    else this.#options.lost(actorOf(owed.ref), error);
  }

  #after(sequence: number): Promise<void> {
    return new Promise((resolve) => this.#waiters.push({ sequence, resolve }));
  }

  #wakeWaiters(): void {
    if (this.#waiters.length === 0) return;
    const waiting = this.#waiters;
    this.#waiters = waiting.filter((waiter) => waiter.sequence > this.#settled);
    for (const waiter of waiting) if (waiter.sequence <= this.#settled) waiter.resolve();
  }
}

function actorOf(ref: string): ActorRef {
  const [name, key] = splitRef(ref);
  return { name, key };
}

/** About how much memory a write holds while it waits. */
function sizeOf(writes: WriteSet): number {
  const state = writes.state?.length ?? 0;
  return writes.queuePut === undefined && writes.kvPut === undefined && writes.connectionPut === undefined
    ? state
    : state + sizeOfParts(writes);
}

function sizeOfParts(parts: WriteSet): number {
  let size = 0;
  for (const row of parts.queuePut ?? []) size += row.body.length + (row.response?.length ?? 0);
  for (const { key, value } of parts.kvPut ?? []) size += key.length + value.length;
  for (const row of parts.connectionPut ?? []) size += row.data.length;
  return size;
}
