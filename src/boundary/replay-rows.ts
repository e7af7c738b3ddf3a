/** Owns what the replay machinery needs from outside: rows, as somebody stores them, and a clock to wait by. */
import type { MaybePromise } from "./maybe-promise.ts";

/** A remembered id, as stored. */
export interface ReplayRecord {
  readonly id: string;
  readonly status: "in_progress" | "done" | "failed";
  /** Epoch ms after which it may be forgotten. */
  readonly keepUntil: number;
}

/** Where the rows of one ledger are. */
export interface ReplayRows {
  get(id: string): MaybePromise<ReplayRecord | null>;
  /** Rows held. */
  count(): MaybePromise<number>;
  /** Forgets rows with `keepUntil` before this instant. */
  prune(before: number): MaybePromise<void>;
}

/** The part of a clock that waiting needs. */
export interface ReplayClock {
  now(): number;
  after(delay: number, task: () => void): { cancel(): void };
}
