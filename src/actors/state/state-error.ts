/**
 * Owns the failures of actor state. To handler code they are errors with a code and a path; to a peer only the wire row
 * of {@link refusalOf} is said, never the path (G10).
 */
import { Refusal } from "../../boundary/errors.ts";
import type { RefusedOutcome } from "../../boundary/outcome.ts";

/**
 * - `invalid_type`: a value that state cannot hold; the assignment did not happen.
 * - `too_large`: the state would outgrow `maxStateSize`; the assignment did not happen.
 * - `conflict`: an atomic invocation and another one changed the same entry; nothing of the atomic one was applied.
 * - `ended`: a write through a view whose state was rolled back, or whose invocation is over.
 * - `invalid_shape`: stored state does not satisfy the declared schema.
 * - `newer_version`: stored state was written by a later version of the definition.
 */
export type StateErrorCode = "invalid_type" | "too_large" | "conflict" | "ended" | "invalid_shape" | "newer_version";

const OUTCOME_OF: Readonly<Record<StateErrorCode, RefusedOutcome>> = {
  invalid_type: "fault",
  too_large: "too_large",
  conflict: "conflict",
  ended: "fault",
  invalid_shape: "fault",
  newer_version: "fault",
};

/** What a peer reads of those that are no faults of the code. */
const PUBLIC_MESSAGE: Partial<Readonly<Record<StateErrorCode, string>>> = {
  too_large: "The actor's state is at its limit",
  conflict: "Another call changed the same state; try again",
};

/** A failure of actor state. Group `state`. */
export class StateError extends Error {
  override readonly name = "StateError";
  readonly group = "state";
  readonly code: StateErrorCode;
  /** Where in the state, such as `state.users[3].fn`. */
  readonly path: string;

  constructor(code: StateErrorCode, path: string, message: string, options?: { cause?: unknown }) {
    super(`${message} [state/${code}]`, options);
    this.code = code;
    this.path = path;
  }
}

/** What a peer is told when a `StateError` ends an invocation. */
export function refusalOf(error: StateError): Refusal {
  const message = PUBLIC_MESSAGE[error.code];
  return new Refusal(OUTCOME_OF[error.code], {
    reason: `state.${error.code}`,
    ...(message === undefined ? {} : { group: "state", code: error.code, message }),
    cause: error,
  });
}
