/**
 * Owns the schedule of one actor: what is to run when, as durable rows; running it is the actor's (`fireDue`).
 *
 * Invariants:
 * - A row stays until its action has succeeded: it fires at least once, and its end is staged in the same turn, so that
 *   the removal and the state the action changed are one commit where the actor reports the end through `finished`.
 * - Different schedules may run at once. One schedule never overlaps itself: ticks of `every` that pass while it runs,
 *   or while the actor was down, count as one.
 * - An action that throws is retried with a growing pause; after {@link MAX_FIRINGS} it is logged and dropped (`every`
 *   goes on with its next tick). Attempts are counted in memory: a restart begins anew.
 * - What a decision changes is kept apart until it has admitted (ruling 10).
 */

import { Refusal } from "../boundary/errors.ts";
import { encodeHex } from "../boundary/hex.ts";
import type { Clock, Logger, ScheduleRow } from "../hosts/port.ts";
import { decode, EncodeError, encode } from "../protocol/json.ts";
import { firstFiring, nextFiring, readCron, UTC, writeCron } from "./schedule/cron.ts";
import { type Aside, deniedAlready } from "./set-aside.ts";
import type { StagedWrites } from "./staged-writes.ts";
import { untracked } from "./state.ts";
import { fitsUtf8 } from "./utf8-length.ts";

/** Schedules of one actor. */
export const MAX_SCHEDULES = 1000;
/** The last instant that is a date, epoch ms (ECMA-262 §21.4.1.1). */
const LAST_INSTANT = 8.64e15;
/** Bytes of the encoded arguments of one schedule. */
export const MAX_SCHEDULE_ARGS = 65_536;
/** Firings of one due row before it is dropped. */
export const MAX_FIRINGS = 5;
/** First and longest pause before a failed action is tried again, ms; doubled in between. */
export const FIRING_RETRY_FIRST = 1000;
export const FIRING_RETRY_MAX = 60_000;

export interface ScheduleInfo {
  readonly id: string;
  readonly action: string;
  readonly args: readonly unknown[];
  /** Epoch ms of the next firing. */
  readonly dueAt: number;
  /** Null for `after` and `at`. */
  readonly cron: string | null;
  readonly timezone: string | null;
  readonly createdAt: number;
}

/** `c.schedule`. Each call is staged when it returns and durable with this handler's changes. */
export interface Schedule {
  /** Runs an action once, `delay` ms from now. @returns its id */
  after(delay: number, action: string, ...args: unknown[]): Promise<string>;
  /** Runs an action once, at an instant (epoch ms); at once when that is past. @returns its id */
  at(instant: number, action: string, ...args: unknown[]): Promise<string>;
  /**
   * Runs an action at each time a cron pattern names (five or six fields, or `@daily` and the like), in UTC unless a
   * time zone is given. @returns its id
   * @throws Refusal `schedule/invalid_cron`
   */
  every(cron: string | CronOptions, action: string, ...args: unknown[]): Promise<string>;
  /** Takes a schedule back; one that is running ends, and is not run again. @returns false when there is none */
  cancel(id: string): Promise<boolean>;
  /** All schedules, by next firing. */
  list(): Promise<ScheduleInfo[]>;
}

export interface CronOptions {
  readonly cron: string;
  /** IANA name, such as `Europe/Berlin`. */
  readonly timezone?: string;
}

export interface ScheduleCore {
  readonly clock: Clock;
  readonly outbox: { readonly staged: Pick<StagedWrites, "schedulePut" | "scheduleDelete">; settle(): void };
  readonly log: Logger;
  random(bytes: number): Uint8Array;
  /** The earliest firing may have changed. */
  onChange(): void;
  /** Rows of the loaded actor. */
  readonly rows: readonly ScheduleRow[];
  /** What fails while the actor stops is run again at its next start, not counted as failed. */
  isStopping?(): boolean;
  /** Hands staged writes over; `outbox.settle()` when absent. An actor may hold it back while a handler runs. */
  settle?(): void;
}

/**
 * Runs the action of a row. It calls `finished` in the same turn in which the handler ends, before staged writes are
 * handed over; where it does not, the end of the promise counts, in a commit of its own.
 */
export type Fire = (row: ScheduleRow, finished: (succeeded: boolean) => void) => Promise<void>;

/** What a decision changed. */
type Apart = Pick<StagedWrites, "schedulePut" | "scheduleDelete">;

export class ActorSchedule implements Schedule {
  readonly #core: ScheduleCore;
  readonly #rows = new Map<string, ScheduleRow>();
  readonly #running = new Set<string>();
  readonly #firings = new Map<string, number>();
  /** Undefined: to be found out. */
  #earliest: number | null | undefined;

  constructor(core: ScheduleCore) {
    this.#core = core;
    for (const row of core.rows) this.#rows.set(row.id, row);
  }

  /** The same schedule for one decision: what it changes, it alone sees until that is kept. */
  setAside(): Aside<Schedule> {
    const staged = { schedulePut: new Map<string, ScheduleRow>(), scheduleDelete: new Set<string>() };
    let phase: "deciding" | "kept" | "dropped" = "deciding";
    const settle = (): void => {
      if (phase === "dropped") throw deniedAlready();
      if (phase === "kept") this.#take(staged);
    };
    const rows = [...this.#rows.values()];
    const value = new ActorSchedule({ ...this.#core, rows, outbox: { staged, settle }, settle, onChange: () => {} });
    return {
      value,
      assertRoom: () => this.#assertRoom(staged),
      keep: () => {
        phase = "kept";
        this.#take(staged);
      },
      drop: () => {
        phase = "dropped";
      },
    };
  }

  /** Decisions at the same time each see the room there was when they began. */
  #assertRoom({ schedulePut, scheduleDelete }: Apart): void {
    let size = this.#rows.size;
    for (const id of schedulePut.keys()) if (!this.#rows.has(id)) size += 1;
    for (const id of scheduleDelete) if (this.#rows.has(id)) size -= 1;
    if (size > MAX_SCHEDULES) throw scheduleFull();
  }

  #take(apart: Apart): void {
    const { schedulePut, scheduleDelete } = apart;
    if (schedulePut.size + scheduleDelete.size === 0) return;
    try {
      this.#assertRoom(apart);
    } catch (error) {
      schedulePut.clear();
      scheduleDelete.clear();
      throw error;
    }
    for (const row of schedulePut.values()) this.#put(row);
    for (const id of scheduleDelete) if (this.#rows.has(id)) this.#remove(id);
    schedulePut.clear();
    scheduleDelete.clear();
    this.#settle();
    this.#core.onChange();
  }

  async after(delay: number, action: string, ...args: unknown[]): Promise<string> {
    if (!Number.isFinite(delay)) throw invalidTime(`\`after\` takes ms, got ${String(delay)}`);
    return this.#add(this.#core.clock.now() + Math.max(0, delay), action, args, null);
  }

  async at(instant: number, action: string, ...args: unknown[]): Promise<string> {
    if (!Number.isFinite(instant)) throw invalidTime(`\`at\` takes an instant in epoch ms, got ${String(instant)}`);
    return this.#add(instant, action, args, null);
  }

  async every(cron: string | CronOptions, action: string, ...args: unknown[]): Promise<string> {
    const given = typeof cron === "string" ? { cron } : cron;
    const expression = { pattern: given.cron.trim(), timezone: given.timezone ?? UTC };
    const first = firstFiring(expression, this.#core.clock.now());
    return this.#add(first, action, args, writeCron(expression));
  }

  async cancel(id: string): Promise<boolean> {
    if (!this.#rows.has(id)) return false;
    this.#remove(id);
    this.#settle();
    this.#core.onChange();
    return true;
  }

  async list(): Promise<ScheduleInfo[]> {
    return [...this.#rows.values()].sort(byTime).map(infoOf);
  }

  /** When `fireDue` has work next, epoch ms; null when never. For the alarm of a live actor. */
  earliest(): number | null {
    if (this.#earliest === undefined) {
      this.#earliest = null;
      for (const row of this.#rows.values()) {
        if (!this.#running.has(row.id)) this.#earliest = Math.min(this.#earliest ?? row.dueAt, row.dueAt);
      }
    }
    return this.#earliest;
  }

  /** When the actor must be woken if it is not in memory, epoch ms: what runs now counts too. For the commit. */
  wakeAt(): number | null {
    let at = this.earliest();
    for (const id of this.#running) {
      const row = this.#rows.get(id);
      if (row !== undefined) at = Math.min(at ?? row.dueAt, row.dueAt);
    }
    return at;
  }

  /** Fires everything that is due, in order of time. Resolves when all of it has ended; never rejects. */
  async fireDue(fire: Fire): Promise<void> {
    const now = this.#core.clock.now();
    const due = [...this.#rows.values()].filter((row) => row.dueAt <= now && !this.#running.has(row.id)).sort(byTime);
    if (due.length === 0) return;
    for (const row of due) this.#running.add(row.id);
    this.#changed();
    await Promise.all(due.map((row) => this.#fire(row, fire)));
  }

  async #fire(row: ScheduleRow, fire: Fire): Promise<void> {
    let isOver = false;
    const finished = (succeeded: boolean): void => {
      if (isOver) return;
      isOver = true;
      this.#running.delete(row.id);
      this.#conclude(row, succeeded);
    };
    try {
      await fire(row, finished);
      finished(true);
    } catch (error) {
      if (this.#core.isStopping?.() !== true) {
        this.#core.log.error({ err: error, schedule: row.id, action: row.action }, "a scheduled action failed");
      }
      finished(false);
    }
    this.#settle();
    this.#core.onChange();
  }

  #conclude(row: ScheduleRow, succeeded: boolean): void {
    this.#earliest = undefined;
    // Cancelled while it ran.
    if (!this.#rows.has(row.id)) return;
    if (succeeded) this.#advance(row);
    else if (this.#core.isStopping?.() !== true) this.#retry(row);
  }

  #retry(row: ScheduleRow): void {
    const { clock, log } = this.#core;
    const firings = (this.#firings.get(row.id) ?? 0) + 1;
    if (firings >= MAX_FIRINGS) {
      log.error({ schedule: row.id, action: row.action, firings }, "a scheduled action was given up");
      this.#advance(row);
      return;
    }
    this.#firings.set(row.id, firings);
    const pause = Math.min(FIRING_RETRY_MAX, FIRING_RETRY_FIRST * 2 ** (firings - 1));
    this.#put({ ...row, dueAt: clock.now() + pause });
  }

  /** The row is done for this time: gone, or due again at its next tick. */
  #advance(row: ScheduleRow): void {
    this.#firings.delete(row.id);
    const next = row.cron === null ? null : nextFiring(readCron(row.cron), this.#core.clock.now());
    if (next === null) this.#remove(row.id);
    else this.#put({ ...row, dueAt: next });
  }

  #add(dueAt: number, action: string, args: readonly unknown[], cron: string | null): string {
    if (this.#rows.size >= MAX_SCHEDULES) throw scheduleFull();
    // Past this a file keeps a number that cannot be read back exactly, and the actor could not be loaded again.
    if (Math.abs(dueAt) > LAST_INSTANT) throw invalidTime(`no date is as far away as ${dueAt} in epoch ms`);
    const { clock, random } = this.#core;
    const id = encodeHex(random(12));
    this.#put({ id, dueAt, action, args: writeArgs(args), cron, createdAt: clock.now() });
    this.#settle();
    this.#core.onChange();
    return id;
  }

  #put(row: ScheduleRow): void {
    const { staged } = this.#core.outbox;
    staged.scheduleDelete.delete(row.id);
    staged.schedulePut.set(row.id, row);
    this.#rows.set(row.id, row);
    this.#earliest = undefined;
  }

  #remove(id: string): void {
    const { staged } = this.#core.outbox;
    staged.schedulePut.delete(id);
    staged.scheduleDelete.add(id);
    this.#rows.delete(id);
    this.#firings.delete(id);
    this.#earliest = undefined;
  }

  #changed(): void {
    this.#earliest = undefined;
    this.#core.onChange();
  }

  #settle(): void {
    if (this.#core.settle === undefined) this.#core.outbox.settle();
    else this.#core.settle();
  }
}

function byTime(a: ScheduleRow, b: ScheduleRow): number {
  return a.dueAt - b.dueAt || a.createdAt - b.createdAt;
}

function infoOf(row: ScheduleRow): ScheduleInfo {
  const expression = row.cron === null ? null : readCron(row.cron);
  return {
    id: row.id,
    action: row.action,
    args: decode(row.args) as unknown[],
    dueAt: row.dueAt,
    cron: expression?.pattern ?? null,
    timezone: expression?.timezone ?? null,
    createdAt: row.createdAt,
  };
}

function writeArgs(args: readonly unknown[]): string {
  let text: string;
  try {
    text = encode(untracked(args), "args");
  } catch (error) {
    if (!(error instanceof EncodeError)) throw error;
    throw new Refusal("malformed", {
      reason: "schedule.args",
      group: "schedule",
      code: "args_invalid",
      message: `The arguments cannot be encoded at ${error.path}`,
      metadata: { path: error.path },
      cause: error,
    });
  }
  if (fitsUtf8(text, MAX_SCHEDULE_ARGS)) return text;
  throw new Refusal("too_large", {
    reason: "schedule.args_too_large",
    group: "schedule",
    code: "args_too_large",
    message: `The arguments of a schedule take at most ${MAX_SCHEDULE_ARGS} bytes`,
    metadata: { limit: MAX_SCHEDULE_ARGS },
  });
}

function scheduleFull(): Refusal {
  return new Refusal("overloaded", {
    reason: "schedule.full",
    group: "schedule",
    code: "full",
    message: `An actor has at most ${MAX_SCHEDULES} schedules`,
    metadata: { limit: MAX_SCHEDULES },
  });
}

function invalidTime(message: string): Refusal {
  return new Refusal("malformed", { reason: "schedule.time", group: "schedule", code: "invalid_time", message });
}
