/** Owns the log of a Worker: one line of JSON on the console for each entry, which is what the platform collects. */
import type { Logger } from "../port.ts";

export function consoleLog(bound: object = {}): Logger {
  const line = (level: string, fields: object, message: string): string =>
    JSON.stringify({ level, ...bound, ...fields, message }, (_key, value: unknown) =>
      value instanceof Error
        ? { name: value.name, message: value.message, stack: value.stack, cause: value.cause }
        : typeof value === "bigint"
          ? `${value}n`
          : value,
    );
  return {
    debug: () => {},
    info: (fields, message) => console.info(line("info", fields, message)),
    warn: (fields, message) => console.warn(line("warn", fields, message)),
    error: (fields, message) => console.error(line("error", fields, message)),
    child: (fields) => consoleLog({ ...bound, ...fields }),
  };
}
