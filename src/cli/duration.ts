/** Owns lengths of time on the command line: `90s`, `15m`, `8h`, `7d`, or a bare number of seconds. */
import { InvalidArgumentError } from "commander";

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** A hundred years: what is longer has no date. */
const LONGEST = 36_500 * 86_400;

/** Seconds. */
export function readDuration(text: string): number {
  const [, amount, unit = "s"] = /^(-?\d+)([smhd])?$/.exec(text) ?? [];
  if (amount === undefined)
    throw new InvalidArgumentError("A length of time is a number with s, m, h or d, such as 8h.");
  const seconds = Number(amount) * SECONDS[unit]!;
  if (Math.abs(seconds) > LONGEST) throw new InvalidArgumentError("A length of time is at most 36500d.");
  return seconds;
}
