/**
 * Owns crons: when each is due, on the host's clock, and running it as `Scheduler` through the gate. A run that is due while
 * the one before it still runs is skipped and recorded. Schedules are not durable: what was due while nothing ran is not made
 * up; a schedule that must not be missed belongs to an actor (`c.schedule`).
 */
import { newCorrelationId } from "../actors/failure.ts";
import type { SealedCaller } from "../boundary/caller.ts";
import type { Timer } from "../hosts/port.ts";
import { LazyAbort } from "./abort.ts";
import { type ContextSource, CronInvocation } from "./context.ts";
import { nextRun } from "./cron-pattern.ts";
import type { CronEntry } from "./entrypoints.ts";
import { admit, type GateSource } from "./gate.ts";
import { internalPresentation } from "./internal-presentation.ts";
import { runHandler } from "./run.ts";

/** Clocks of platforms are exact up to some days only: a longer wait is taken in steps. */
const LONGEST_WAIT = 24 * 60 * 60 * 1000;

export class Crons {
  readonly #source: GateSource & ContextSource;
  readonly #entries: readonly CronEntry[];
  readonly #timers = new Map<CronEntry, Timer>();
  readonly #running = new Map<CronEntry, { readonly abort: LazyAbort; readonly settled: Promise<void> }>();
  #stopped = false;

  constructor(source: GateSource & ContextSource, entries: readonly CronEntry[]) {
    this.#source = source;
    this.#entries = entries;
  }

  start(): void {
    const now = this.#source.floor.host.clock.now();
    for (const entry of this.#entries) this.#arm(entry, now);
  }

  /** Sets no more timers, tells running handlers, resolves when they have settled. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    const running = [...this.#running.values()];
    for (const { abort } of running) abort.abort(new Error("the registry is closing"));
    await Promise.all(running.map(({ settled }) => settled));
  }

  /** Runs the crons with this schedule text, for platforms that keep time themselves; resolves when they have settled. */
  async fire(schedule: string, scheduledAt: number): Promise<void> {
    const due = this.#entries.filter((entry) => entry.schedule === schedule);
    await Promise.all(due.map((entry) => this.#run(entry, scheduledAt)));
  }

  #arm(entry: CronEntry, after: number): void {
    const at = nextRun(entry.schedule, entry.timezone, after);
    if (at !== null) this.#wait(entry, at);
  }

  #wait(entry: CronEntry, at: number): void {
    const { clock } = this.#source.floor.host;
    const left = Math.max(0, at - clock.now());
    const timer = clock.after(Math.min(left, LONGEST_WAIT), () => {
      if (this.#stopped) return;
      if (clock.now() < at) {
        this.#wait(entry, at);
        return;
      }
      // After a pause of the machine only the latest missed instant counts: no burst.
      this.#arm(entry, Math.max(at, clock.now()));
      void this.#run(entry, at);
    });
    this.#timers.set(entry, timer);
  }

  #run(entry: CronEntry, scheduledAt: number): Promise<void> {
    if (this.#running.has(entry)) {
      this.#skip(entry);
      return Promise.resolve();
    }
    const abort = new LazyAbort(() => null);
    const settled = this.#runNow(entry, scheduledAt, abort).finally(() => this.#running.delete(entry));
    this.#running.set(entry, { abort, settled });
    return settled;
  }

  async #runNow(entry: CronEntry, scheduledAt: number, abort: LazyAbort): Promise<void> {
    const { host } = this.#source.floor;
    const log = this.#source.logOf(entry);
    const correlationId = newCorrelationId(host);
    const source = this.#source;
    try {
      const admitted = await admit(source, {
        entry,
        presentation: internalPresentation({ kind: "scheduler", subject: `${entry.service.name}/${entry.name}` }),
        started: host.clock.now(),
        correlationId,
        caller: null,
        createContext: (caller: SealedCaller) =>
          new CronInvocation({ source, entry, caller, correlationId, abort, deliveryId: null }, scheduledAt),
      });
      await runHandler({ entry, admitted, abort, clock: host.clock, log }, []);
    } catch (error) {
      log.error({ cron: entry.name, scheduledAt, correlationId, err: error }, "a cron failed");
    }
  }

  #skip(entry: CronEntry): void {
    const { decisions, host } = this.#source.floor;
    this.#source.logOf(entry).warn({ cron: entry.name }, "a cron is still running; this run is skipped");
    decisions.record(
      host.clock.now(),
      entry.service.name,
      "",
      "cron",
      entry.name,
      null,
      "in_progress",
      "cron.overlap",
      null,
      0,
    );
  }
}
