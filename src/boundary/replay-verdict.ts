/** Owns what a judged delivery means for its caller: leave to run it, or the refusal of the outcome table. */
import { Refusal } from "./errors.ts";
import type { ReplayDecision, ReplayTicket } from "./replay.ts";

/**
 * The right to run a delivery.
 * @throws Refusal `duplicate`, `in_progress`, `replayed` or `overloaded`
 */
export function ticketOf(decision: ReplayDecision): ReplayTicket {
  switch (decision.kind) {
    case "run":
      return decision.ticket;
    case "duplicate":
      throw new Refusal("duplicate", { reason: "replay.done", headers: { "byward-duplicate": "true" } });
    case "in_progress":
      throw new Refusal("in_progress", { reason: decision.reason, retryAfter: decision.retryAfter });
    case "behind":
      throw new Refusal("replayed", { reason: "replay.behind" });
    case "overloaded":
      throw new Refusal("overloaded", { reason: "replay.full", retryAfter: decision.retryAfter });
  }
}
