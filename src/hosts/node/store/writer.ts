/**
 * Owns the group commit: everything handed over while the previous group was being synced becomes one transaction.
 *
 * W1 A write is reported done only after the COMMIT of its group returned with `synchronous=FULL` (relaxed-only groups:
 * NORMAL). W2 A failing write takes nobody with it: what can be undone alone is (savepoint); when the transaction is lost
 * as a whole, each write is tried again alone. W3 After a failed write, those of the same actor that were handed over
 * before its caller knew fail too: they were computed on top of it. Each caller knows of its own failures only.
 */
import type { DatabaseSync } from "node:sqlite";
import { StoreError } from "../../port.ts";
import { Applier } from "./apply.ts";
import { toStoreError } from "./failure.ts";
import { Faults, ThreadDeath } from "./faults.ts";
import { type Failure, nameOf, type Write } from "./messages.ts";
import { Statements } from "./statements.ts";
import { sweepTrash } from "./trash.ts";

/** What became of a group: by position in it, the writes that failed. */
type Failed = Map<number, StoreError>;

/** A write and the caller it came from. */
export interface HandedWrite {
  readonly write: Write;
  readonly caller: WriteCaller;
}

/** One thread that hands over writes, and which of its writes failed. An actor's writes come from one thread at a time. */
export class WriteCaller {
  /** Actors with a failed write, and its number among all failures of this caller. */
  readonly #failing = new Map<string, number>();
  #failures = 0;
  #seen = 0;

  /** How many writes of this caller have failed. */
  get failures(): number {
    return this.#failures;
  }

  fail(write: Write): void {
    this.#failures += 1;
    if (write.host === undefined) this.#failing.set(write.ref, this.#failures);
  }

  isFailing(write: Write): boolean {
    if (this.#failing.size === 0) return false;
    if (write.seen > this.#seen) {
      this.#seen = write.seen;
      for (const [ref, failure] of this.#failing) if (failure <= write.seen) this.#failing.delete(ref);
    }
    return this.#failing.has(write.ref);
  }
}

export class Writer {
  readonly faults = new Faults();
  readonly #db: DatabaseSync;
  readonly #statements: Statements;
  readonly #applier: Applier;
  #relaxed = false;
  /** Destroyed actors whose rows are damaged. */
  readonly #passedOver = new Set<number>();

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#statements = new Statements(db);
    this.#applier = new Applier(this.#statements);
  }

  /** Writes a group; failures are named by position in it. Throws only on thread death. */
  run(writes: readonly HandedWrite[]): readonly Failure[] {
    const whole = this.#attempt(writes);
    if (!(whole instanceof StoreError)) return record(writes, 0, whole);
    if (writes.length === 1) return record(writes, 0, new Map([[0, whole]]));
    return writes.flatMap((handed, at) => {
      const alone = this.#attempt([handed]);
      return record([handed], at, alone instanceof StoreError ? new Map([[0, alone]]) : alone);
    });
  }

  /** True while a prune has rows left; `sweep` takes them. */
  get isPruning(): boolean {
    return this.#applier.isPruning;
  }

  /** One slice of housekeeping; true while more is left. */
  sweep(): boolean {
    try {
      if (!this.#applier.isPruning) return sweepTrash(this.#statements, this.#passedOver);
      this.#applier.pruneSlice();
      return true;
    } catch {
      // The trash is out of reach of every read, and what was not pruned is pruned some other time; a disk that takes no write now is tried again after later groups.
      return false;
    }
  }

  /** One transaction. Gives the writes that failed in it, or the error that undid all of it. */
  #attempt(writes: readonly HandedWrite[]): Failed | StoreError {
    const failed: Failed = new Map();
    try {
      this.faults.pass("begin");
      this.#setSync(writes);
      this.#applier.startGroup();
      this.#statements.get("BEGIN IMMEDIATE").run();
      this.#applyAll(writes, failed);
      this.faults.pass("commit");
      this.#statements.get("COMMIT").run();
    } catch (error) {
      if (error instanceof ThreadDeath) throw error;
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      this.#applier.entries.clear();
      return toStoreError(error, writes.length === 1 ? actorOf(writes[0]!.write) : null);
    }
    this.faults.pass("reply");
    return failed;
  }

  /** Throws when the transaction is gone; what fails alone goes into `failed`. */
  #applyAll(writes: readonly HandedWrite[], failed: Failed): void {
    const refs = new Set<string>();
    for (const [at, { write, caller }] of writes.entries()) {
      try {
        if (refs.has(write.ref) || caller.isFailing(write)) throw afterFailure(write);
        if (this.faults.armed) this.#applyFaulty(write);
        else this.#applier.apply(write);
      } catch (error) {
        if (error instanceof ThreadDeath || !this.#db.isTransaction) throw error;
        this.#applier.entries.drop(refOfWrite(write));
        failed.set(at, toStoreError(error, actorOf(write)));
        if (write.host === undefined) refs.add(write.ref);
      }
    }
  }

  /** A fault strikes when the rows of the commit are written: they must go with it, so all of it is in a savepoint. */
  #applyFaulty(write: Write): void {
    this.#db.exec("SAVEPOINT faulty");
    try {
      this.#applier.apply(write);
      this.faults.pass("write", nameOf(write.ref));
      this.#db.exec("RELEASE faulty");
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK TO faulty; RELEASE faulty");
      throw error;
    }
  }

  /** Only between transactions may this change. */
  #setSync(writes: readonly HandedWrite[]): void {
    const relaxed = writes.every(({ write }) => write.relaxed);
    if (relaxed === this.#relaxed) return;
    this.#db.exec(`PRAGMA synchronous = ${relaxed ? "NORMAL" : "FULL"}`);
    this.#relaxed = relaxed;
  }
}

function record(writes: readonly HandedWrite[], first: number, failed: Failed): readonly Failure[] {
  return [...failed].map(([at, error]): Failure => {
    const { write, caller } = writes[at]!;
    caller.fail(write);
    return [first + at, error.code, error.message];
  });
}

/** The actor whose row a write touches, or the empty text. */
function refOfWrite(write: Write): string {
  return write.host?.kind === "prune" ? write.host.ref : write.ref;
}

function afterFailure(write: Write): StoreError {
  return new StoreError("failed", `Refused: an earlier commit of ${actorOf(write)} failed`);
}

function actorOf(write: Write): string {
  const ref = refOfWrite(write);
  return ref === "" ? "the host" : nameOf(ref);
}
