/** Owns the log of a Worker: one line of JSON on the console for each entry, which is what the platform collects. */
import type { Logger } from "../port.ts";

function textOf(fields: object): string {
  return JSON.stringify(fields, (_key, value: unknown) =>
    value instanceof Error
      ? { name: value.name, message: value.message, stack: value.stack, cause: value.cause }
      : typeof value === "bigint"
        ? `${value}n`
        : value,
  );
}

export function consoleLog(bound: object = {}): Logger {
  // What a program throws may hold itself, as its cause: what logs a failure must not fail.
  const line = (level: string, fields: object, message: string): string => {
    try {
      return textOf({ level, ...bound, ...fields, message });
    } catch (error) {
      return textOf({ level, message, unprintable: String(error) });
    }
  };
  return {
    debug: () => {},
    info: (fields, message) => console.info(line("info", fields, message)),
    warn: (fields, message) => console.warn(line("warn", fields, message)),
    error: (fields, message) => console.error(line("error", fields, message)),
    child: (fields) => consoleLog({ ...bound, ...fields }),
  };
}
