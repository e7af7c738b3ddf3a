/**
 * Owns remembered deliveries: which id may run now. A state machine over rows that somebody else stores; one ledger
 * per place where rows live (an actor, a service), which has one owner at a time.
 *
 *   begin(mark) → duplicate | in_progress | behind | overloaded
 *               → run: ticket.settle(…) → rows to commit → ticket.release(…)
 *
 * R1 An id is reserved before its row is read, so of two equal deliveries at most one runs.
 * R2 An id whose success is recorded does not run again while its row is kept (ruling 22).
 * R3 A failed delivery leaves no row: it may run again. So does one whose process died before its row was durable,
 *    unless the rows went into the commit of its effect.
 * R4 Rows are bounded: rows kept and reservations together never exceed the capacity; a full ledger refuses.
 * R5 Where an order is promised, nothing runs before its predecessor is recorded (`replay-order.ts`).
 */
import { andThen, isPromise, type MaybePromise } from "./maybe-promise.ts";
import { Sequences, type SequenceTurn } from "./replay-order.ts";
import type { ReplayClock, ReplayRecord, ReplayRows } from "./replay-rows.ts";
import type { ReplayMark } from "./scheme.ts";

export interface ReplayLimits {
  /** Most rows held and deliveries under way, together. */
  readonly capacity: number;
  /** Seconds a sender is told to wait: same delivery under way, gap in a sequence, or full. */
  readonly retryAfter: number;
  /** Most deliveries waiting for their turn in a sequence. */
  readonly waiting: number;
}

export const DEFAULT_REPLAY_LIMITS: ReplayLimits = Object.freeze({ capacity: 100_000, retryAfter: 5, waiting: 100 });

export type ReplayDecision =
  | { readonly kind: "run"; readonly ticket: ReplayTicket }
  /** Done already: 200, the handler does not run. */
  | { readonly kind: "duplicate" }
  /** The same delivery is under way, or an earlier one of its sequence is missing. */
  | { readonly kind: "in_progress"; readonly reason: "replay.running" | "replay.gap"; readonly retryAfter: number }
  /** Its sequence has passed it: `replayed`. */
  | { readonly kind: "behind" }
  | { readonly kind: "overloaded"; readonly retryAfter: number };

/** The right to run one delivery, once. */
export interface ReplayTicket {
  /**
   * The rows to store, best in the commit of the delivery's effects. `failed` gives none: the delivery may run again.
   */
  settle(result: "done" | "failed"): readonly ReplayRecord[];
  /** To be called when the rows are durable or their commit failed: only then may an equal delivery be judged. */
  release(durable: boolean): void;
}

/** A delivery's own id, its position, and the beginning of its stream. */
const ROWS_IN_SEQUENCE = 3;
const DUPLICATE: ReplayDecision = Object.freeze({ kind: "duplicate" });
const BEHIND: ReplayDecision = Object.freeze({ kind: "behind" });

/** Decides which deliveries may run. */
export class ReplayLedger {
  readonly #rows: ReplayRows;
  readonly #clock: ReplayClock;
  readonly #limits: ReplayLimits;
  readonly #sequences: Sequences;
  /** Ids of deliveries under way, with the rows each may add. */
  readonly #running = new Map<string, number>();
  #reserved = 0;
  /** At least as many rows as are held; null until they have been counted. */
  #held: number | null = null;
  /** Rows recorded through this ledger so far. */
  #recorded = 0;

  constructor(rows: ReplayRows, clock: ReplayClock, limits: ReplayLimits = DEFAULT_REPLAY_LIMITS) {
    this.#rows = rows;
    this.#clock = clock;
    this.#limits = limits;
    this.#sequences = new Sequences(rows, clock, limits.waiting);
  }

  /** Deliveries under way. */
  get running(): number {
    return this.#running.size;
  }

  /** Judges a verified delivery. Rejects only when the rows cannot be read; then nothing is reserved. */
  begin(mark: ReplayMark): MaybePromise<ReplayDecision> {
    if (this.#running.has(mark.id)) {
      return { kind: "in_progress", reason: "replay.running", retryAfter: this.#limits.retryAfter };
    }
    this.#running.set(mark.id, 0);
    const conclude = (decision: ReplayDecision): ReplayDecision => {
      if (decision.kind !== "run") this.#free(mark);
      return decision;
    };
    const giveUp = (error: unknown): never => {
      this.#free(mark);
      throw error;
    };
    try {
      const decision = this.#decide(mark);
      return isPromise(decision) ? decision.then(conclude, giveUp) : conclude(decision);
    } catch (error) {
      return giveUp(error);
    }
  }

  #record(mark: ReplayMark): void {
    const rows = this.#running.get(mark.id) ?? 0;
    this.#recorded += rows;
    if (this.#held !== null) this.#held += rows;
  }

  #free(mark: ReplayMark): void {
    this.#reserved -= this.#running.get(mark.id) ?? 0;
    this.#running.delete(mark.id);
  }

  #decide(mark: ReplayMark): MaybePromise<ReplayDecision> {
    return andThen(this.#rows.get(mark.id), (row) => {
      if (row !== null && row.status === "done" && row.keepUntil > this.#clock.now()) return DUPLICATE;
      return andThen(this.#takeRoom(mark), (room) => {
        if (!room) return { kind: "overloaded", retryAfter: this.#limits.retryAfter };
        if (mark.sequence == null) return this.#run(mark, null);
        return andThen(this.#sequences.turnOf(mark.sequence), (turn) => this.#runInTurn(mark, turn));
      });
    });
  }

  #runInTurn(mark: ReplayMark, turn: SequenceTurn | "gap" | "behind"): ReplayDecision {
    if (turn === "behind") return BEHIND;
    if (turn === "gap") return { kind: "in_progress", reason: "replay.gap", retryAfter: this.#limits.retryAfter };
    return this.#run(mark, turn);
  }

  /** Room for its rows, taken at once; rows no longer kept are forgotten before a delivery is refused for them. */
  #takeRoom(mark: ReplayMark): MaybePromise<boolean> {
    const needed = mark.sequence == null ? 1 : ROWS_IN_SEQUENCE;
    const take = (held: number): boolean => {
      if (held + this.#reserved + needed > this.#limits.capacity) return false;
      this.#running.set(mark.id, needed);
      this.#reserved += needed;
      return true;
    };
    const held = this.#held === null ? this.#count() : this.#held;
    return andThen(held, (count) => take(count) || andThen(this.#pruneAndCount(), take));
  }

  #pruneAndCount(): MaybePromise<number> {
    return andThen(this.#rows.prune(this.#clock.now()), () => this.#count());
  }

  #count(): MaybePromise<number> {
    const before = this.#recorded;
    return andThen(this.#rows.count(), (count) => {
      // What was recorded while the rows were being counted may be missing in the count.
      this.#held = count + this.#recorded - before;
      return this.#held;
    });
  }

  #run(mark: ReplayMark, turn: SequenceTurn | null): ReplayDecision {
    let settled: "done" | "failed" = "failed";
    let released = false;
    const ticket: ReplayTicket = {
      settle: (result) => {
        settled = result;
        return result === "done" ? doneRows(mark, turn) : [];
      },
      release: (durable) => {
        if (released) return;
        released = true;
        if (durable && settled === "done") this.#record(mark);
        turn?.finish(durable && settled === "done");
        this.#free(mark);
      },
    };
    return { kind: "run", ticket };
  }
}

function doneRows(mark: ReplayMark, turn: SequenceTurn | null): readonly ReplayRecord[] {
  const own: ReplayRecord = { id: mark.id, status: "done", keepUntil: mark.keepUntil };
  if (turn === null) return [own];
  const order = turn.rows(mark.keepUntil);
  return order.some(({ id }) => id === own.id) ? order : [own, ...order];
}
