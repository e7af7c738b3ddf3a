/**
 * What is certainly wrong in the five fields of a schedule: a letter or a number that no cron field has. Whatever is let
 * through here and cannot be read is refused when the module is loaded.
 */

interface Field {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  /** Names that stand for numbers, in their order from `low`. */
  readonly words: readonly string[];
}

const fields: readonly Field[] = [
  { name: "minute", low: 0, high: 59, words: [] },
  { name: "hour", low: 0, high: 23, words: [] },
  { name: "day", low: 1, high: 31, words: [] },
  { name: "month", low: 1, high: 12, words: "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(" ") },
  { name: "weekday", low: 0, high: 7, words: "SUN MON TUE WED THU FRI SAT".split(" ") },
];

/** The first of the five texts that no field of its place can be, with the place's name. */
export function findWrongField(texts: readonly string[]): { readonly text: string; readonly name: string } | undefined {
  for (const [index, field] of fields.entries()) {
    const text = texts[index] ?? "";
    if (text.split(",").some((part) => isWrong(part.toUpperCase(), field))) return { text, name: field.name };
  }
  return undefined;
}

function isWrong(part: string, field: Field): boolean {
  // The last day, the nearest weekday and the n-th weekday are read where they are, not here.
  if (/^[0-9A-Z*?+#/-]+$/.test(part) && /[LW]$|[#+]/.test(part)) return false;
  const found = /^(?:([*?])|([0-9]+|[A-Z]+)(?:-([0-9]+|[A-Z]+))?)(?:\/([0-9]+))?$/.exec(part);
  if (found === null) return true;
  const [, , from, to, step] = found;
  const low = readNumber(from, field, field.low);
  // A week that ends on Sunday ends on its seventh day.
  const high = readNumber(to === "SUN" ? "7" : to, field, field.high);
  return low === undefined || high === undefined || (to !== undefined && low > high) || Number(step ?? "1") === 0;
}

function readNumber(text: string | undefined, { words, low, high }: Field, absent: number): number | undefined {
  if (text === undefined) return absent;
  const named = words.indexOf(text);
  const value = named < 0 ? Number(text) : named + low;
  return value >= low && value <= high ? value : undefined;
}
