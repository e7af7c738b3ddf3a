/**
 * Owns the time of service crons where several runners serve them: each keeps the time, and who claims an instant at the
 * directory first runs it.
 */

import { nextRun } from "../../services/cron-pattern.ts";
import type { CompiledService } from "../../services/entrypoints.ts";
import type { ServiceRuntime } from "../../services/runtime.ts";
import type { Clock, Logger, Timer } from "../port.ts";

/** Clocks of platforms are exact up to some days only. */
const LONGEST_WAIT = 24 * 60 * 60 * 1000;

export interface CronOptions {
  readonly services: readonly CompiledService[];
  readonly runtime: ServiceRuntime;
  readonly clock: Clock;
  readonly log: Logger;
  /** True for one runner of all. */
  readonly claim: (schedule: string, at: number) => Promise<boolean>;
}

/** Starts them; returns what stops them. */
export function startCrons(options: CronOptions): () => void {
  const timers = new Map<string, Timer>();
  const { services, clock } = options;
  let isOver = false;
  const arm = (schedule: string, timezone: string | undefined, after: number): void => {
    const at = nextRun(schedule, timezone as never, after);
    if (at !== null) wait(schedule, timezone, at);
  };
  const wait = (schedule: string, timezone: string | undefined, at: number): void => {
    const left = Math.max(0, at - clock.now());
    const timer = clock.after(Math.min(left, LONGEST_WAIT), () => {
      if (isOver) return;
      if (clock.now() < at) {
        wait(schedule, timezone, at);
        return;
      }
      arm(schedule, timezone, Math.max(at, clock.now()));
      void fire(options, schedule, at);
    });
    timers.set(`${schedule}\n${timezone ?? ""}`, timer);
  };
  const now = clock.now();
  const seen = new Set<string>();
  for (const { schedule, timezone } of services.flatMap(({ crons }) => crons)) {
    const name = `${schedule}\n${timezone ?? ""}`;
    if (!seen.has(name)) arm(schedule, timezone ?? undefined, now);
    seen.add(name);
  }
  return () => {
    isOver = true;
    for (const timer of timers.values()) timer.cancel();
  };
}

async function fire({ claim, runtime, log }: CronOptions, schedule: string, at: number): Promise<void> {
  try {
    if (await claim(schedule, at)) await runtime.fireCrons(schedule, at);
  } catch (error) {
    log.error({ schedule, at, err: error }, "a cron could not be claimed");
  }
}
