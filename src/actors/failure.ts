/**
 * Owns the way from anything thrown to what a peer is told (G10): refusals and user errors keep their code, everything
 * else is `internal_error`, logged whole under the correlation id the peer gets.
 */
import { Refusal, UserError } from "../boundary/errors.ts";
import { OUTCOMES, type Outcome, type RefusedOutcome } from "../boundary/outcome.ts";
import type { Host } from "../hosts/port.ts";
import { StoreError } from "../hosts/port.ts";
import { encode } from "../protocol/json.ts";
import { refusalOf, StateError, untracked } from "./state.ts";

/** A failure in the form every transport writes. */
export interface WireFailure {
  readonly outcome: RefusedOutcome | "user";
  readonly status: number;
  readonly closeCode: number | null;
  readonly group: string;
  readonly code: string;
  readonly message: string;
  readonly metadata: unknown;
  readonly retryAfter: number | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly reason: string;
  readonly correlationId: string;
}

const RETRY_AFTER_SECONDS = 1;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function newCorrelationId(host: Host): string {
  let text = "";
  for (const byte of host.random(9)) text += HEX[byte];
  return text;
}

const CORRELATIONS = new WeakMap<object, string>();

/** The correlation id for the record of what was thrown; the peer is told the same. */
export function correlationOf(host: Host, error: unknown): string {
  if (typeof error !== "object" || error === null) return newCorrelationId(host);
  let id = CORRELATIONS.get(error);
  if (id === undefined) {
    id = newCorrelationId(host);
    CORRELATIONS.set(error, id);
  }
  return id;
}

/** The recorded id, once: an error that programs throw again and again is another refusal each time. */
function takeCorrelation(host: Host, error: unknown): string {
  const id = correlationOf(host, error);
  if (typeof error === "object" && error !== null) CORRELATIONS.delete(error);
  return id;
}

/** Turns what was thrown into what is told. Faults are logged here, once, with the correlation id. */
export function toWireFailure(
  host: Host,
  error: unknown,
  where: object,
  correlationId: string = takeCorrelation(host, error),
): WireFailure {
  if (error instanceof UserError) {
    return {
      outcome: "user",
      status: 400,
      closeCode: 1008,
      group: "user",
      code: error.code,
      message: error.message,
      metadata: encodable(host, error.metadata, { ...where, correlationId }),
      retryAfter: undefined,
      headers: undefined,
      reason: `user:${error.code}`,
      correlationId,
    };
  }
  const refusal = error instanceof Refusal ? error : refusalOfUnknown(error);
  if (refusal.outcome === "fault") {
    host.log.error({ ...where, correlationId, reason: refusal.reason, err: refusal.cause ?? refusal }, "handler fault");
  }
  const wire = OUTCOMES[refusal.outcome];
  // A fault has one face for every peer: what it is called inside, and what it says of itself, is for the log (G10).
  const told = refusal.outcome === "fault" ? new Refusal("fault", { reason: refusal.reason }) : refusal;
  return {
    outcome: refusal.outcome,
    status: wire.status,
    closeCode: wire.closeCode,
    group: told.group,
    code: told.code,
    message: told.message,
    metadata: told.metadata,
    retryAfter: told.retryAfter ?? (wire.retry === "delay" ? RETRY_AFTER_SECONDS : undefined),
    headers: told.headers,
    reason: told.reason,
    correlationId,
  };
}

/** Metadata as it may leave; what has no encoding is left out, and logged: the failure itself must reach its peer. */
function encodable(host: Host, metadata: unknown, where: object): unknown {
  if (metadata === undefined) return undefined;
  try {
    const plain = untracked(metadata);
    encode(plain, "metadata");
    return plain;
  } catch (error) {
    host.log.error({ ...where, err: error }, "metadata of a UserError cannot be encoded; it is left out");
    return undefined;
  }
}

function refusalOfUnknown(error: unknown): Refusal {
  if (error instanceof StateError) return refusalOf(error);
  if (error instanceof StoreError) {
    if (error.code === "full") return new Refusal("unavailable", { reason: "store.full", cause: error, retryAfter: 5 });
    if (error.code === "conflict") return new Refusal("conflict", { reason: "store.conflict" });
    if (error.code === "closed") return new Refusal("unavailable", { reason: "store.closed" });
    return new Refusal("fault", { reason: `store.${error.code}`, cause: error });
  }
  return new Refusal("fault", { reason: "handler.threw", cause: error });
}

/** The outcome under which a decision that threw is recorded. */
export function outcomeOf(error: unknown): Outcome {
  if (error instanceof Refusal) return error.outcome;
  return error instanceof UserError ? "forbidden" : "fault";
}

/** The reason code under which it is recorded. */
export function reasonOf(error: unknown): string {
  if (error instanceof Refusal) return error.reason;
  return error instanceof UserError ? `user:${error.code}` : "threw";
}
