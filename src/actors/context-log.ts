/** Owns `c.log`: the host's logger, called as loggers of other runtimes are too, with a message alone or fields alone. */
import type { Logger } from "../hosts/port.ts";

/** One level of the log. */
export interface LogLevel {
  (message: string): void;
  (fields: object, message?: string): void;
}

/** What `c.log` is. Each line carries the actor's name and key. */
export interface ContextLog {
  readonly debug: LogLevel;
  readonly info: LogLevel;
  readonly warn: LogLevel;
  readonly error: LogLevel;
  /** The same with more fields on each line. */
  child(fields: object): ContextLog;
}

export function contextLog(log: Logger): ContextLog {
  const level =
    (name: "debug" | "info" | "warn" | "error"): LogLevel =>
    (first: string | object, message?: string): void => {
      if (typeof first === "string") log[name]({}, first);
      else log[name](first instanceof Error ? { err: first } : first, message ?? messageIn(first));
    };
  return {
    debug: level("debug"),
    info: level("info"),
    warn: level("warn"),
    error: level("error"),
    child: (fields) => contextLog(log.child(fields)),
  };
}

/** Where fields come alone, the message is among them, by either of its usual names. */
function messageIn(fields: object): string {
  const { msg, message } = fields as { readonly msg?: unknown; readonly message?: unknown };
  return typeof msg === "string" ? msg : typeof message === "string" ? message : "";
}
