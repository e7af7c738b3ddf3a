/**
 * Owns the outcomes of the gate and their wire form: one table, typed over all outcomes, used by every transport
 * (design §3). A missing row does not compile. G10: what a peer may learn is here and nowhere else.
 */

export type Outcome =
  | "ok"
  | "unauthenticated"
  | "expired"
  | "forbidden"
  | "replayed"
  | "duplicate"
  | "in_progress"
  | "method_not_allowed"
  | "unsupported_media_type"
  | "unavailable"
  | "malformed"
  | "not_found"
  | "conflict"
  | "too_large"
  | "overloaded"
  | "timeout"
  | "fault";

export type RefusedOutcome = Exclude<Outcome, "ok">;

/** What a peer may do after an outcome: `credential` = with a fresh credential, `delay` = after `Retry-After`. */
export type RetryRule = "never" | "credential" | "delay" | "idempotent" | "backoff" | "done";

export interface OutcomeWire {
  readonly status: number;
  /** WebSocket close code when the outcome ends a connection; null where it never does. */
  readonly closeCode: number | null;
  readonly group: string;
  readonly code: string;
  /** The sentence a peer reads. Says nothing about what exists (G10). */
  readonly message: string;
  readonly retry: RetryRule;
}

const row = (
  status: number,
  closeCode: number | null,
  group: string,
  code: string,
  message: string,
  retry: RetryRule,
): OutcomeWire => Object.freeze({ status, closeCode, group, code, message, retry });

export const OUTCOMES: Readonly<Record<RefusedOutcome, OutcomeWire>> = Object.freeze({
  unauthenticated: row(401, 3000, "auth", "unauthenticated", "Unauthenticated", "credential"),
  expired: row(401, 3000, "auth", "expired", "The credential has expired", "credential"),
  forbidden: row(403, 3003, "auth", "forbidden", "Forbidden", "never"),
  replayed: row(401, null, "auth", "replayed", "Replayed", "never"),
  duplicate: row(200, null, "request", "duplicate", "Already done", "done"),
  in_progress: row(409, null, "request", "in_progress", "The same delivery is being handled", "delay"),
  method_not_allowed: row(405, null, "request", "method_not_allowed", "Method not allowed", "never"),
  unsupported_media_type: row(415, null, "request", "unsupported_media_type", "Unsupported media type", "never"),
  unavailable: row(503, 1013, "byward", "unavailable", "Unavailable for the moment", "delay"),
  malformed: row(400, 1008, "request", "invalid_request", "Malformed request", "never"),
  not_found: row(404, null, "request", "not_found", "Not found", "never"),
  conflict: row(409, null, "actor", "duplicate_key", "An actor with this key exists", "never"),
  too_large: row(413, 1009, "message", "incoming_too_long", "The message is too long", "never"),
  overloaded: row(429, 1013, "byward", "overloaded", "Too much at once", "delay"),
  timeout: row(504, 3008, "action", "timed_out", "Timed out", "idempotent"),
  fault: row(500, 1011, "byward", "internal_error", "Internal error", "backoff"),
});

/** The outcome a wire code stands for; the inverse of {@link OUTCOMES} for clients and tests. */
export function outcomeOfCode(group: string, code: string): RefusedOutcome | null {
  for (const [outcome, wire] of Object.entries(OUTCOMES)) {
    if (wire.group === group && wire.code === code) return outcome as RefusedOutcome;
  }
  return null;
}
