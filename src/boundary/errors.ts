/**
 * Owns the error classes of the runtime: few classes, many codes. A `Refusal` is what the gate or a transport decided;
 * `UserError` is what handler code says on purpose; `ConfigurationError` is what stops a definition or a start.
 * Anything else that is thrown is a fault: logged whole, shown to the peer as `internal_error` (G10).
 */
import { OUTCOMES, type RefusedOutcome } from "./outcome.ts";

export interface RefusalDetails {
  /** Why, for the log only: a stable lower-case dotted code such as `jwt.signature` or `can_invoke.not_boolean`. */
  readonly reason: string;
  /** Overrides of the outcome's wire group, code and message, such as `message` / `invalid_json`. */
  readonly group?: string;
  readonly code?: string;
  readonly message?: string;
  readonly metadata?: unknown;
  /** Seconds for `Retry-After`. */
  readonly retryAfter?: number;
  /** Extra response headers, such as `Allow` or `WWW-Authenticate`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** For the log only. */
  readonly cause?: unknown;
}

/** A refusal by the gate or a transport: outcome for the peer, reason for the log. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly outcome: RefusedOutcome;
  readonly reason: string;
  readonly group: string;
  readonly code: string;
  readonly metadata: unknown;
  readonly retryAfter: number | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;

  constructor(outcome: RefusedOutcome, details: RefusalDetails) {
    const wire = OUTCOMES[outcome];
    super(details.message ?? wire.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.outcome = outcome;
    this.reason = details.reason;
    this.group = details.group ?? wire.group;
    this.code = details.code ?? wire.code;
    this.metadata = details.metadata;
    this.retryAfter = details.retryAfter;
    this.headers = details.headers;
  }
}

/**
 * An error a handler means the caller to read: HTTP 400, group `user`, code `user_error` unless given.
 * `message` and `metadata` go to any caller verbatim.
 */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly code: string;
  readonly metadata: unknown;

  constructor(message: string, options: { code?: string; metadata?: unknown; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code ?? "user_error";
    this.metadata = options.metadata;
  }
}

/** A definition or configuration that must not start. `code` is stable; the message says where and how to mend it. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(`${message} [${code}]`);
    this.code = code;
  }
}
