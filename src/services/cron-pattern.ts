/** Owns reading cron expressions, through `croner`: when a schedule is due next. No timers: the host's clock drives. */
import { Cron } from "croner";

/**
 * The first instant of the schedule after `after`, epoch ms; null when there is none.
 * @throws TypeError, RangeError for an expression or a time zone that cannot be read
 */
export function nextRun(schedule: string, timezone: string | undefined, after: number): number | null {
  if (typeof schedule !== "string") throw new TypeError("it is a text of five or six fields");
  const cron = new Cron(schedule, { paused: true, timezone: timezone ?? "UTC", mode: "5-or-6-parts" });
  return cron.nextRun(new Date(after))?.getTime() ?? null;
}
