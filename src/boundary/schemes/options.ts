/**
 * Owns the checks that every scheme makes on its options, when it is declared. A misspelt option must not be ignored.
 */
import { ConfigurationError } from "../errors.ts";

/** @throws ConfigurationError `<scheme>.option` naming an option that does not exist */
export function assertKnownOptions(scheme: string, options: object, known: readonly string[]): void {
  if (typeof options !== "object" || options === null) {
    throw new ConfigurationError(`${scheme}.option`, `${scheme}() takes an object of options.`);
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw new ConfigurationError(
      `${scheme}.option`,
      `${scheme}() has no option ${JSON.stringify(name)}. It takes: ${known.join(", ")}.`,
    );
  }
}

/** One string or a list of them, none empty; null when absent. */
export function readStrings(
  scheme: string,
  option: string,
  value: string | readonly string[] | undefined,
): readonly string[] | null {
  if (value === undefined) return null;
  const list: readonly unknown[] = typeof value === "string" ? [value] : Array.isArray(value) ? value : [];
  if (list.length > 0 && list.every((item): item is string => typeof item === "string" && item.length > 0)) {
    return Object.freeze([...list]);
  }
  throw new ConfigurationError(
    `${scheme}.${option}`,
    `${scheme}(): ${option} is a non-empty string, or a list of them.`,
  );
}

/** A number of seconds above zero, at most `most`. */
export function readSeconds(scheme: string, option: string, value: number, most: number): number {
  if (typeof value === "number" && value > 0 && value <= most) return value;
  throw new ConfigurationError(
    `${scheme}.${option}`,
    `${scheme}(): ${option} is a number of seconds above 0 and at most ${most}.`,
  );
}
