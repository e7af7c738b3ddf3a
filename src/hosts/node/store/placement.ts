/**
 * Owns where in the file an actor's row lies. A commit writes whole pages: 200 bytes of state on a page of its own cost
 * 4 KiB of log, and with many writers those pages, not the syncs, are the limit. So the rows of actors that are written
 * again and again are moved, once, to the end of the table, where they stand side by side and share pages.
 *
 * Moving costs about three pages (the old place, the new one, the index), so it is for rows written often, small enough
 * to share a page, and lying away from the end. Measured in docs/decisions: `bench/store.ts`.
 */
import type { ActorEntry } from "./actor-entries.ts";
import { isCorruption } from "./failure.ts";
import type { Statements } from "./statements.ts";

/** Commits after which an actor counts as written often. */
const OFTEN = 8;
/** Longest state, in bytes, that is worth moving: at least a few rows must share a page of 4 KiB. */
const SMALL = 1024;
/** Moves a group may carry, so that none becomes long. */
const MOVES_PER_GROUP = 64;
/** The end of the table is at least this many slots. */
const SMALLEST_END = 512;
/** More slots than a file can hold, and still an exact number. */
const BEYOND_ALL = 2 ** 50;

export class Placement {
  readonly #statements: Statements;
  #nextSlot: number;
  /** Moves since the table's end was last made wide; with it the end grows to what is really busy. */
  #busy = 0;
  #movesLeft = MOVES_PER_GROUP;
  #isEndDamaged: boolean;

  constructor(statements: Statements) {
    this.#statements = statements;
    this.#nextSlot = firstFreeSlot(statements);
    this.#isEndDamaged = this.#nextSlot === BEYOND_ALL;
  }

  /** A slot nobody ever had: it also names a new actor's rows for good. */
  take(): number {
    const slot = this.#nextSlot;
    this.#nextSlot += 1;
    return slot;
  }

  startGroup(): void {
    this.#movesLeft = MOVES_PER_GROUP;
  }

  /** Notes that an actor is, or is no longer, written often. */
  countBusy(by: 1 | -1): void {
    this.#busy += by;
  }

  /** Called before an actor's row is written: moves it when that pays. Safe to be rolled back or half done. */
  settle(entry: ActorEntry): void {
    if (entry.writes < OFTEN || entry.size > SMALL || this.#movesLeft <= 0 || this.#isEndDamaged) return;
    if (entry.slot >= this.#nextSlot - Math.max(SMALLEST_END, 4 * this.#busy)) return;
    this.#movesLeft -= 1;
    const slot = this.take();
    try {
      this.#statements.get("UPDATE actor SET slot = ? WHERE slot = ?").run(slot, entry.slot);
    } catch (error) {
      // It takes the whole transaction with it; each of its commits is tried again alone, and rows stay where they are.
      if (isCorruption(error)) this.#isEndDamaged = true;
      throw error;
    }
    entry.slot = slot;
  }
}

/** True once, when the actor's count of commits makes it one written often. */
export function becomesBusy(entry: ActorEntry): boolean {
  return entry.writes === OFTEN;
}

export function isBusy(entry: ActorEntry): boolean {
  return entry.writes >= OFTEN;
}

/** Slots only grow: `aid`s are slots of the past, so this also keeps them unique. */
function firstFreeSlot(statements: Statements): number {
  try {
    const actors = statements.get("SELECT max(slot) AS top FROM actor").get();
    const trash = statements.get("SELECT max(aid) AS top FROM trash").get();
    return Math.max(Number(actors?.["top"] ?? 0), Number(trash?.["top"] ?? 0)) + 1;
  } catch (error) {
    // The end of the table is damaged: the actors before it are served, and new ones fail by themselves.
    if (isCorruption(error)) return BEYOND_ALL;
    throw error;
  }
}
