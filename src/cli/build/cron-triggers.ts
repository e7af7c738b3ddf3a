/**
 * Owns carrying schedules over to the platform's cron triggers: five fields, in UTC, with days of the week by name, because
 * their numbers differ (1 is Monday here and Sunday there; Cloudflare, Cron Triggers, supported expressions).
 */

export interface CronTrigger {
  /** As the platform is told. */
  readonly trigger: string;
  /** As the service declares it. */
  readonly schedule: string;
}

const DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"] as const;

/** The trigger for a schedule; a text that says why there is none. */
export function cronTrigger(schedule: string, timezone: string): CronTrigger | string {
  const fields = schedule.trim().split(/\s+/);
  if (timezone !== "UTC") return `it is in ${timezone}, and cron triggers run in UTC`;
  if (fields.length !== 5) return `it has ${fields.length} fields, and cron triggers have five, minutes first`;
  const week = weekOf(fields[4]!);
  if (week === null) return `its day of the week, ${fields[4]}, means something else there`;
  return { trigger: [...fields.slice(0, 4), week].join(" "), schedule };
}

function weekOf(field: string): string | null {
  if (!/\d/.test(field)) return field;
  const parts = field.split(",").map((part) => daysOf(part));
  if (parts.includes(null)) return null;
  const days = new Set(parts.flatMap((part) => part ?? []));
  return DAYS.filter((_, day) => days.has(day)).join(",");
}

/** Days of `3`, `1-5`, `1-5/2`, `*` with a step, `MON-3`; null for what is none of these. */
function daysOf(part: string): readonly number[] | null {
  const [, from = "", to, step] = /^(\*|\w+)(?:-(\w+))?(?:\/(\d))?$/.exec(part) ?? [];
  const first = from === "*" ? 0 : dayOf(from);
  const last = from === "*" ? 6 : to === undefined ? first : dayOf(to);
  if (first === null || last === null || last < first || step === "0") return null;
  // From one day on in steps: readers of such a field disagree about where it ends.
  if (step !== undefined && from !== "*" && to === undefined) return null;
  const found: number[] = [];
  for (let day = first; day <= last; day += Number(step ?? 1)) found.push(day % 7);
  return found;
}

function dayOf(text: string): number | null {
  const named = DAYS.indexOf(text.toUpperCase() as (typeof DAYS)[number]);
  if (named >= 0) return named;
  return /^[0-7]$/.test(text) ? Number(text) : null;
}
