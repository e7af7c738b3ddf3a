/**
 * Owns the folding of the write-ahead log into the main file (SQLite's checkpoint). Done by the writer it would hold up
 * everybody's commits for as long as 64 MB take to write; so the keeper folds most of it while commits go on, and the
 * writer folds only what came in meanwhile, which lets the log start over.
 *
 * F1 The log stays bounded: when the keeper does not keep up, or fails, the writer folds all of it itself.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Keeper } from "./keeper.ts";

/** What the writer may fold by itself between two groups, in pages; some milliseconds. */
const SMALL_REST = 1500;
/** How often the keeper goes over what came in while it worked. */
const PASSES = 5;
/** The log may grow to this many times the agreed size before the writer folds it itself. */
const OVERGROWN = 4;

export class Folding {
  readonly #keeper: Keeper;
  readonly #threshold: number;
  readonly #status: StatementSync;
  readonly #fold: StatementSync;
  #underWay = false;
  /** Pages that the last fold left: a reader of an old snapshot, such as an export, keeps them in the log until it ends. */
  #left = 0;

  constructor(db: DatabaseSync, keeper: Keeper, threshold: number) {
    this.#keeper = keeper;
    this.#threshold = threshold;
    // SQLite before 3.51 takes NOOP for PASSIVE: the log is then folded here, after every group.
    this.#status = db.prepare("PRAGMA wal_checkpoint(NOOP)");
    this.#fold = db.prepare("PRAGMA wal_checkpoint(PASSIVE)");
  }

  /** Called between groups. A failure to fold is nobody's failed commit: all of it is in the log, and durable. */
  afterGroup(): void {
    const unfolded = this.#unfolded();
    if (unfolded < this.#left) this.#left = 0;
    // What could not be folded just now is looked at again when as much has come in: each look goes over all of the log.
    if (unfolded < this.#threshold + this.#left) return;
    if (unfolded >= OVERGROWN * this.#threshold + this.#left) this.makeRoom();
    else if (!this.#underWay) void this.#foldBeside();
  }

  /** Folds what it can. On a full disk, too: pages folded into the file make room in the log, and most of them need none in the file. */
  makeRoom(): void {
    try {
      this.#fold.get();
    } catch {
      // No room for that either: the next commit finds out.
    }
    const left = this.#unfolded();
    this.#left = left < this.#threshold ? 0 : left;
  }

  async #foldBeside(): Promise<void> {
    this.#underWay = true;
    try {
      for (let pass = 0; pass < PASSES && this.#unfolded() > SMALL_REST; pass += 1) await this.#keeper.ask("fold");
    } catch {
      // Without the keeper the writer folds all of it below: slower for those who wait, the same for the file.
    } finally {
      this.#underWay = false;
      this.makeRoom();
    }
  }

  /** Pages of the log that are not in the main file yet. */
  #unfolded(): number {
    const row = this.#status.get();
    return Number(row?.["log"] ?? 0) - Number(row?.["checkpointed"] ?? 0);
  }
}
