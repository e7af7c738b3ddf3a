/**
 * Owns cron expressions: what is accepted, how one is stored, when it fires next. Patterns only; croner sets no timer.
 *
 * Daylight saving: a pattern with one fixed time of day fires once a day, at the first valid time after a gap and at the
 * first of two equal times; a pattern with steps or lists follows elapsed time.
 */
import { Cron } from "croner";
import { Refusal } from "../../boundary/errors.ts";

export const UTC = "UTC";
/** Characters of a pattern; far beyond any that means something. */
const MAX_PATTERN = 256;
const ZONE_PREFIX = /^CRON_TZ=(\S+) /;

export interface CronExpression {
  readonly pattern: string;
  /** IANA name. */
  readonly timezone: string;
}

/** The text of a schedule row; UTC needs no mark. */
export function writeCron({ pattern, timezone }: CronExpression): string {
  return timezone === UTC ? pattern : `CRON_TZ=${timezone} ${pattern}`;
}

export function readCron(text: string): CronExpression {
  const zone = ZONE_PREFIX.exec(text);
  return zone === null ? { pattern: text, timezone: UTC } : { pattern: text.slice(zone[0].length), timezone: zone[1]! };
}

/**
 * The first firing after an instant, epoch ms; null when there is none any more.
 * @throws Refusal `schedule/invalid_cron`
 */
export function nextFiring(expression: CronExpression, after: number): number | null {
  const { pattern, timezone } = expression;
  if (pattern.length > MAX_PATTERN) throw invalidCron(`a pattern has at most ${MAX_PATTERN} characters`);
  try {
    const cron = new Cron(pattern, { timezone, paused: true });
    // croner takes a date as a pattern too; that is what `at` is for.
    if (cron.getOnce() !== null) throw new TypeError("a date is not a pattern; use `at`");
    return cron.nextRun(new Date(after))?.getTime() ?? null;
  } catch (error) {
    throw invalidCron(error instanceof Error ? error.message : String(error), error);
  }
}

/** @throws Refusal `schedule/invalid_cron`, also for a pattern that never fires, such as 30 February */
export function firstFiring(expression: CronExpression, now: number): number {
  const first = nextFiring(expression, now);
  if (first === null) throw invalidCron("the pattern never fires");
  return first;
}

function invalidCron(message: string, cause?: unknown): Refusal {
  return new Refusal("malformed", { reason: "schedule.cron", group: "schedule", code: "invalid_cron", message, cause });
}
