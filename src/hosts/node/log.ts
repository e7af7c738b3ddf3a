/** Owns the default log of the Node host: pino, JSON lines on standard error, level from `BYWARD_LOG` (default `warn`). */
import { destination, type Logger as Pino, pino } from "pino";
import type { Logger } from "../port.ts";

export function nodeLogger(level = process.env["BYWARD_LOG"] ?? "warn"): Logger {
  return wrap(pino({ level, base: null }, destination({ fd: 2, sync: true })));
}

function wrap(log: Pino): Logger {
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    error: (fields, message) => log.error(fields, message),
    child: (fields) => wrap(log.child(fields)),
  };
}
