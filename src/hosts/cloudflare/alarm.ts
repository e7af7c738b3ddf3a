/**
 * Owns the one alarm of an object: the earliest of what its actor must be woken for and of what the far clock holds.
 *
 * Invariants: `fire` never throws, since the platform gives up an alarm that failed six times; what could not be done is
 * tried again with a growing pause, for ever. An alarm may come too early, never too late: it is moved forwards only, and set
 * anew when it fired. An actor whose `run` was interrupted is looked after within {@link RUN_CHECK}.
 */
import type { Clock, Logger } from "../port.ts";
import type { FarClock } from "./clock.ts";
import type { ObjectStorage } from "./platform.ts";

/** A live actor sees to what is due by itself; the alarm is for when it cannot, ms. */
const GRACE = 1000;
/** How long after an alarm what is still due in a live actor is looked at again, ms. */
const LIVE_AGAIN = 5000;
/** How often an actor with a `run` under way is looked at, so that one that died is started again, ms. */
export const RUN_CHECK = 60_000;
/** First and longest pause after a failure, ms. */
const RETRY_FIRST = 1000;
const RETRY_MAX = 60_000;

export interface AlarmSource {
  readonly storage: Pick<ObjectStorage, "setAlarm">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly far: () => FarClock;
  /** What the tables say. */
  wake(): { readonly wakeAt: number | null; readonly running: boolean };
  /** True while the actor is in memory. */
  isLive(): boolean;
  /** Does what is due; starts what must be there for it. */
  work(): Promise<void>;
}

export class ObjectAlarm {
  readonly #source: AlarmSource;
  /** What is set, as far as this life of the object knows. */
  #armed: number | null = null;
  #failures = 0;

  constructor(source: AlarmSource) {
    this.#source = source;
  }

  /** A commit of a live actor changed when it must be woken. Within the commit's transaction. */
  committed(wakeAt: number | null, running: boolean): void {
    const now = this.#source.clock.now();
    if (wakeAt !== null) this.arm(Math.max(wakeAt, now + GRACE));
    if (running) this.arm(now + RUN_CHECK);
  }

  /** Sees to it that there is an alarm at `at`, or before. */
  arm(at: number): void {
    const { clock, storage, log } = this.#source;
    const now = clock.now();
    // One that is due is on its way: a later one in its place would keep what it is for waiting.
    const isComing = this.#armed !== null && this.#armed + GRACE > now;
    if (isComing && this.#armed! <= at) return;
    // What this life of the object does not know of must not be moved back: what waits says when it is wanted at the latest.
    const first = isComing ? at : Math.min(at, this.#wanted(now));
    this.#armed = Math.max(first, now);
    storage.setAlarm(this.#armed).catch((error: unknown) => {
      this.#armed = null;
      log.error({ err: error }, "the alarm could not be set");
    });
  }

  /** A transaction was undone: what was set in it is not. */
  forget(): void {
    this.#armed = null;
  }

  #wanted(now: number): number {
    const { far, wake } = this.#source;
    const { wakeAt, running } = wake();
    const due = Math.min(
      wakeAt === null ? Number.POSITIVE_INFINITY : Math.max(wakeAt, now + GRACE),
      far().earliest ?? Number.POSITIVE_INFINITY,
    );
    return running ? Math.min(due, now + RUN_CHECK) : due;
  }

  /** The platform's alarm went off. */
  async fire(): Promise<void> {
    const { log } = this.#source;
    this.#armed = null;
    try {
      this.#source.far().fire();
      await this.#source.work();
      this.#rearm();
    } catch (error) {
      log.error({ err: error }, "the work of an alarm failed; trying again");
      this.#retry();
    }
  }

  #rearm(): void {
    const { clock, far, wake, isLive } = this.#source;
    const now = clock.now();
    const earliest = far().earliest;
    if (earliest !== null) this.arm(earliest);
    const { wakeAt, running } = wake();
    const isDue = running || (wakeAt !== null && wakeAt <= now);
    if (isDue && !isLive()) {
      this.#retry();
      return;
    }
    this.#failures = 0;
    if (running) this.arm(now + RUN_CHECK);
    if (wakeAt !== null) this.arm(isLive() ? Math.max(wakeAt, now + LIVE_AGAIN) : wakeAt);
  }

  #retry(): void {
    const pause = Math.min(RETRY_MAX, RETRY_FIRST * 2 ** this.#failures);
    this.#failures += 1;
    this.arm(this.#source.clock.now() + pause);
  }
}
