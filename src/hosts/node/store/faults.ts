/**
 * Owns fault injection: tests tell the writer to fail at a step of a group, as a disk or a crash would. Plain data, since
 * it crosses a thread. Nothing here runs unless faults were given.
 */

/** Where in a group the fault strikes. */
export type FaultStep =
  /** Before the transaction begins. */
  | "begin"
  /** After the rows of one commit were written, before the next one. */
  | "write"
  /** In place of the COMMIT. */
  | "commit"
  /** After the COMMIT is durable, before the store is told. */
  | "reply";

export interface Fault {
  readonly step: FaultStep;
  /**
   * `full`: as a full disk. `io`: as a disk that fails. `kill`: the whole process dies by SIGKILL at this very step.
   * `thread`: the worker thread dies. At `reply` only `kill` and `thread` have a meaning.
   */
  readonly kind: "full" | "io" | "kill" | "thread";
  /** How many times the step passes unharmed first; default 0. */
  readonly skip?: number;
  /** How many times it strikes; default 1, `Infinity` for ever. */
  readonly times?: number;
  /** Only commits of this actor (`name/key`), at step `write`. */
  readonly actor?: string;
}

/** An error shaped like those of `node:sqlite`, so that the same code classifies it. */
class InjectedError extends Error {
  readonly code = "ERR_SQLITE_ERROR";
  readonly errcode: number;
  constructor(errcode: number, text: string) {
    super(text);
    this.errcode = errcode;
  }
}

const SQLITE_FULL = 13;
const SQLITE_IOERR_FSYNC = 1034;

/** Counts down the faults of one worker. */
export class Faults {
  #armed: { readonly fault: Fault; skip: number; times: number }[] = [];

  arm(faults: readonly Fault[]): void {
    this.#armed = faults.map((fault) => ({ fault, skip: fault.skip ?? 0, times: fault.times ?? 1 }));
  }

  get armed(): boolean {
    return this.#armed.length > 0;
  }

  /** Throws, or ends the process, when a fault is due at this step. */
  pass(step: FaultStep, actor?: string): void {
    for (const armed of this.#armed) {
      if (armed.fault.step !== step || (armed.fault.actor !== undefined && armed.fault.actor !== actor)) continue;
      if (armed.skip > 0) {
        armed.skip -= 1;
        continue;
      }
      if (armed.times <= 0) continue;
      armed.times -= 1;
      strike(armed.fault);
    }
  }
}

/** A thread killed by a fault; never caught by the writer's own recovery. */
export class ThreadDeath extends Error {}

function strike(fault: Fault): void {
  if (fault.kind === "kill") process.kill(process.pid, "SIGKILL");
  if (fault.kind === "thread") throw new ThreadDeath("the worker thread dies here, as asked");
  if (fault.kind === "full") throw new InjectedError(SQLITE_FULL, "database or disk is full");
  throw new InjectedError(SQLITE_IOERR_FSYNC, "disk I/O error");
}
