/**
 * Owns what the writer remembers of the actors it wrote last: where their row lies and what it holds beside the state,
 * so that a commit needs no read. Bounded; a sleeping actor costs nothing. An entry may be dropped at any time.
 */
import type { ActorMeta } from "../../port.ts";
import { type Counts, parseCounts } from "./counts.ts";
import type { ActorRow } from "./rows.ts";

/** Mutable on purpose: it mirrors the row through the commits of a group. */
export interface ActorEntry {
  readonly ref: string;
  slot: number;
  readonly aid: number;
  readonly name: string;
  readonly key: string;
  readonly seed: number;
  seq: number;
  meta: ActorMeta;
  wakeAt: number | null;
  counts: Counts;
  countsText: string | null;
  /** Checksums of the row's parts. */
  sums: { facts: number; state: number };
  /** Bytes of the state. */
  size: number;
  /** Commits since the entry was made; see `placement.ts`. */
  writes: number;
}

export function entryOf(ref: string, row: ActorRow): ActorEntry {
  return {
    ref,
    slot: row.slot,
    aid: row.aid,
    name: row.name,
    key: row.key,
    seed: row.seed,
    seq: row.seq,
    meta: row.meta,
    wakeAt: row.wakeAt,
    counts: parseCounts(row.counts),
    countsText: row.counts,
    sums: { ...row.sums },
    size: row.state?.length ?? 0,
    writes: 0,
  };
}

/** Least recently written goes first. */
export class ActorEntries {
  readonly #entries = new Map<string, ActorEntry>();
  readonly #limit: number;
  readonly #dropped: (entry: ActorEntry) => void;

  /** `dropped` is told of every entry that goes. */
  constructor(limit: number, dropped: (entry: ActorEntry) => void) {
    this.#limit = limit;
    this.#dropped = dropped;
  }

  get(ref: string): ActorEntry | undefined {
    const entry = this.#entries.get(ref);
    // Moving on every hit would double the cost of a commit; a busy actor is refreshed often enough by every eighth.
    if (entry !== undefined && (entry.writes & 7) === 0) this.#touch(entry);
    return entry;
  }

  set(entry: ActorEntry): void {
    this.#entries.set(entry.ref, entry);
    if (this.#entries.size <= this.#limit) return;
    const oldest = this.#entries.keys().next();
    if (oldest.done !== true) this.drop(oldest.value);
  }

  drop(ref: string): void {
    const entry = this.#entries.get(ref);
    if (entry === undefined) return;
    this.#entries.delete(ref);
    this.#dropped(entry);
  }

  clear(): void {
    for (const ref of [...this.#entries.keys()]) this.drop(ref);
  }

  #touch(entry: ActorEntry): void {
    this.#entries.delete(entry.ref);
    this.#entries.set(entry.ref, entry);
  }
}
