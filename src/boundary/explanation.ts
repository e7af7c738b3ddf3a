/**
 * Owns the form of an explanation: why a credential is or is not accepted, step by step, for the owner of the party
 * (`byward verify`). An explanation never holds a secret, a token or a signature; it is not for remote peers (G10).
 */
import type { ProofResult } from "./scheme.ts";

export interface ExplanationStep {
  readonly name: string;
  readonly status: "passed" | "failed" | "not_reached";
  /** What was checked, or what was wrong and what to do. */
  readonly says: string;
}

export interface Explanation {
  readonly verdict: "accepted" | "absent" | "unauthenticated" | "expired" | "replayed";
  /** The stable code, as in the decision log; null when accepted. */
  readonly reason: string | null;
  readonly steps: readonly ExplanationStep[];
}

/** A step of a verification: its name, what it checks, and the reasons it may refuse with. */
export interface StepDescription<Reason extends string> {
  readonly name: string;
  readonly checks: string;
  readonly reasons: readonly Reason[];
}

/** Lays a result out over the steps of its verification. */
export function explain<Reason extends string>(
  result: ProofResult,
  steps: readonly StepDescription<Reason>[],
  sentence: (reason: Reason) => string,
): Explanation {
  if (result.status === "absent") return { verdict: "absent", reason: null, steps: [] };
  const reason = result.status === "failed" ? result.reason : null;
  const failing = steps.findIndex(({ reasons }) => reasons.some((own) => own === reason));
  return {
    verdict: result.status === "failed" ? result.outcome : "accepted",
    reason,
    steps: steps.map(({ name, checks }, index) => {
      if (reason === null || index < failing) return { name, status: "passed", says: checks };
      if (index > failing) return { name, status: "not_reached", says: checks };
      return { name, status: "failed", says: sentence(reason as Reason) };
    }),
  };
}
