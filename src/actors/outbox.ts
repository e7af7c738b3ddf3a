/**
 * Owns one actor's way to disk and out: staged writes become commits, and everything that leaves (replies, events,
 * receipts) waits here until the commit it rests on is durable, then leaves in order (G8, design §6 "output gate").
 *
 * One commit of an actor is under way at a time; what is staged meanwhile joins the next one. An invocation that staged
 * nothing waits only for commits it may have read. Of a relaxed actor, changes of state alone hold nothing back: they are
 * saved at most once per interval, and together with whatever else is written sooner.
 */
import { Refusal } from "../boundary/errors.ts";
import type { ActorMeta, ActorRef, ActorStore, Clock, Timer, WriteSet } from "../hosts/port.ts";
import { StagedWrites } from "./staged-writes.ts";

export interface OutboxSource {
  readonly actor: ActorRef;
  readonly store: ActorStore;
  readonly durability: "durable" | "relaxed";
  readonly clock: Clock;
  /** ms between two saves of a relaxed actor's state. */
  readonly saveInterval: number;
  /** Tagged-JSON text of the state now. Throws when the state cannot be encoded. */
  encodeState(): string | null;
  /** Earliest instant the actor must be woken, or null; asked at each commit. */
  wakeAt(): number | null;
  /** A commit failed: nothing staged in it happened. The instance goes back to what is durable. */
  commitFailed(error: unknown): void;
}

interface Waiting {
  readonly seq: number;
  readonly leave: () => void;
  readonly fail: (error: unknown) => void;
}

/** How soon changed state must be on disk. */
export interface SaveOptions {
  /** Now, and on disk when the promise resolves. */
  readonly immediate?: boolean;
  /** ms from now at the latest. */
  readonly maxWait?: number;
}

const END_OF_TURN = Promise.resolve();

export class Outbox {
  readonly #source: OutboxSource;
  #staged: StagedWrites | null = null;
  #mode: "create" | "update" = "update";
  #submitted = 0;
  #durable = 0;
  #inFlight = false;
  /** The commit under way, or the last one that was. */
  #flight = 0;
  #pumpQueued = false;
  #waiting: Waiting[] = [];
  #head = 0;
  #frozen = false;
  /** Why the commit failed that this memory is ahead of. */
  #failure: unknown;
  #held = false;
  /** Those who wait for state to be saved, which nobody else does. */
  #savers: Waiting[] = [];
  #saveTimer: Timer | null = null;
  #saveAt = Number.POSITIVE_INFINITY;
  #savedAt = Number.NEGATIVE_INFINITY;
  /** The next commit goes to disk before it is answered, whatever the actor's durability. */
  #isUrgent = false;
  /** True while something was answered that a crash may still lose. */
  #isAtRisk = false;

  constructor(source: OutboxSource) {
    this.#source = source;
  }

  /** The writes of the next commit, to be added to. Call {@link settle} when the invocation that adds them ends. */
  get staged(): StagedWrites {
    this.#staged ??= new StagedWrites();
    return this.#staged;
  }

  get hasStaged(): boolean {
    return this.#staged !== null;
  }

  /** True when nothing is staged, under way or waiting. */
  get idle(): boolean {
    return this.#staged === null && !this.#inFlight && this.#head === this.#waiting.length;
  }

  /** True when what leaves now waits for nothing: {@link release} would call `leave` at once. */
  get isClear(): boolean {
    return this.#staged === null && this.#durable >= this.#submitted && this.#head === this.#waiting.length;
  }

  /** The first commit creates the actor; nothing else of it reaches the disk before. */
  beginCreate(meta: ActorMeta): void {
    this.#mode = "create";
    this.staged.meta = meta;
    this.staged.stateDirty = true;
  }

  /** True between {@link hold} and {@link letGo}. */
  get isHeld(): boolean {
    return this.#held;
  }

  /** Nothing is handed over for now: what creation hooks change is one commit, or none. */
  hold(): void {
    this.#held = true;
  }

  letGo(): void {
    this.#held = false;
  }

  /** Hands staged writes over at the end of the current turn, so that invocations of one turn share a commit. */
  settle(): void {
    if (this.#staged === null || this.#pumpQueued || this.#inFlight || this.#frozen || this.#held) return;
    if (this.#mayWait()) {
      this.#saveBy(this.#savedAt + this.#source.saveInterval);
      return;
    }
    this.#pumpQueued = true;
    // As a reaction, not by `queueMicrotask`: that one makes Node track an asynchronous resource for each commit.
    END_OF_TURN.then(this.#pumpSoon);
  }

  readonly #pumpSoon = (): void => {
    this.#pumpQueued = false;
    this.#pump();
  };

  /**
   * Runs `leave` once everything staged or under way now is durable, in order; at once when nothing is. `fail` runs
   * instead when the commit it rests on failed.
   */
  release(leave: () => void, fail: (error: unknown) => void): void {
    if (this.#frozen && this.#staged !== null) {
      // It stays: whoever else is answered from this memory saw, or made, what is on no disk.
      fail(this.#failure ?? new Refusal("unavailable", { reason: "actor.stopped", group: "actor", code: "aborted" }));
      return;
    }
    const seq = this.#staged === null || this.#mayWait() ? this.#submitted : this.#submitted + 1;
    if (this.#durable >= seq && this.#head === this.#waiting.length) {
      leave();
      return;
    }
    this.#waiting.push({ seq, leave, fail });
    this.settle();
  }

  /** Resolves when everything staged so far is durable. */
  durable(): Promise<void> {
    return new Promise((resolve, reject) => this.release(resolve, reject));
  }

  /** Resolves when the state is saved: at once where it always is, else with the next save, which `options` may hasten. */
  save({ immediate = false, maxWait = Number.POSITIVE_INFINITY }: SaveOptions = {}): Promise<void> {
    if (this.#source.durability === "durable" || this.#frozen) return this.durable();
    if (immediate && (this.#staged !== null || this.#inFlight || this.#isAtRisk)) {
      this.#isUrgent = true;
      // Without changes of its own it takes those before it to disk.
      this.staged;
      return this.durable();
    }
    if (!this.#mayWait()) return this.durable();
    const { clock, saveInterval } = this.#source;
    return new Promise((resolve, reject) => {
      this.#savers.push({ seq: this.#submitted + 1, leave: resolve, fail: reject });
      this.#saveBy(Math.min(this.#savedAt + saveInterval, clock.now() + Math.max(0, maxWait)));
    });
  }

  /** True when what is staged is a relaxed actor's state and nothing else. */
  #mayWait(): boolean {
    const staged = this.#staged;
    if (this.#source.durability === "durable" || staged === null || this.#isUrgent || this.#mode === "create")
      return false;
    return staged.isStateAlone;
  }

  #saveBy(at: number): void {
    if (at >= this.#saveAt) return;
    this.#saveTimer?.cancel();
    this.#saveAt = at;
    const { clock } = this.#source;
    this.#saveTimer = clock.after(Math.max(0, at - clock.now()), () => {
      this.#saveTimer = null;
      this.#saveAt = Number.NEGATIVE_INFINITY;
      this.#pump();
    });
  }

  /** Drops what is staged and not handed over (an atomic invocation failed, or the actor goes back to disk). */
  dropStaged(): void {
    this.#staged = null;
    // Waiters on a commit that will never be handed over wait for the last real one instead.
    for (let index = this.#head; index < this.#waiting.length; index++) {
      const waiting = this.#waiting[index]!;
      if (waiting.seq > this.#submitted) this.#waiting[index] = { ...waiting, seq: this.#submitted };
    }
    this.#flush();
  }

  /** True when the actor has stopped: it writes nothing any more. */
  get isClosed(): boolean {
    return this.#frozen;
  }

  /**
   * The actor has stopped, and another instance may be it by now: what a handler that went on still changes is dropped,
   * and who waits for it is refused.
   */
  close(): void {
    this.#frozen = true;
    this.#saveTimer?.cancel();
    this.#failSavers(new Refusal("unavailable", { reason: "actor.stopped", group: "actor", code: "aborted" }));
  }

  #failSavers(error: unknown): void {
    const savers = this.#savers;
    this.#savers = [];
    for (const saver of savers) saver.fail(error);
  }

  /** Wipes the actor in one last commit; later writes are dropped. */
  async destroy(): Promise<void> {
    this.close();
    this.#staged = null;
    await this.#source.store.commit({ actor: this.#source.actor, mode: "destroy" });
    this.#durable = ++this.#submitted;
    this.#flush();
  }

  #pump(): void {
    if (this.#inFlight || this.#staged === null || this.#frozen) return;
    if (this.#mayWait() && this.#saveAt !== Number.NEGATIVE_INFINITY) {
      this.settle();
      return;
    }
    const staged = this.#staged;
    this.#staged = null;
    if (staged.stateDirty) this.#saves();
    const seq = ++this.#submitted;
    let committed: Promise<void>;
    try {
      committed = this.#source.store.commit(this.#writeSet(staged));
      this.#isUrgent = false;
    } catch (error) {
      this.#failed(seq, error);
      return;
    }
    this.#inFlight = true;
    this.#flight = seq;
    committed.then(this.#succeeds, this.#fails);
  }

  // One commit is under way at a time: what settles it is made once, not for each.
  readonly #succeeds = (): void => this.#committed(this.#flight);
  readonly #fails = (error: unknown): void => {
    this.#inFlight = false;
    this.#failed(this.#flight, error);
  };

  /** The state leaves for the store: the interval begins anew. */
  #saves(): void {
    this.#saveTimer?.cancel();
    this.#saveTimer = null;
    this.#saveAt = Number.POSITIVE_INFINITY;
    if (this.#source.durability === "relaxed") this.#savedAt = this.#source.clock.now();
  }

  #writeSet(staged: StagedWrites): WriteSet {
    const { actor } = this.#source;
    const durability = this.#isUrgent ? "durable" : this.#source.durability;
    this.#isAtRisk = durability === "relaxed";
    const writes: WriteSet = {
      actor,
      mode: this.#mode,
      durability,
      meta: staged.meta,
      state: staged.stateDirty ? this.#source.encodeState() : undefined,
      wakeAt: this.#source.wakeAt(),
    };
    return staged.hasRows ? { ...writes, ...staged.rows() } : writes;
  }

  #committed(seq: number): void {
    this.#inFlight = false;
    this.#mode = "update";
    this.#durable = seq;
    this.#flush();
    this.#pump();
  }

  #failed(seq: number, error: unknown): void {
    // Everything waiting read state that is not on disk and never will be: all of it fails, none of it leaves.
    const failed = this.#waiting.slice(this.#head);
    this.#waiting = [];
    this.#head = 0;
    this.#durable = seq;
    this.#failure = error;
    this.#source.commitFailed(error);
    // Handlers still at work changed or read it too: closed with something staged, nothing is answered any more.
    this.#staged = this.#frozen ? new StagedWrites() : null;
    for (const waiting of failed) waiting.fail(error);
    this.#failSavers(error);
  }

  #flush(): void {
    while (this.#savers.length > 0 && this.#savers[0]!.seq <= this.#durable) this.#savers.shift()!.leave();
    while (this.#head < this.#waiting.length && this.#waiting[this.#head]!.seq <= this.#durable) {
      const waiting = this.#waiting[this.#head]!;
      this.#head += 1;
      waiting.leave();
    }
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
    } else if (this.#head > 1024) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
  }
}
