/**
 * Owns what a runtime asks of its surroundings where each actor has a process of its own, which may leave memory at any
 * time: what all of them must know, ids that lead back, and clocks that outlive the process. Hosts where one process holds
 * every actor have none of it.
 *
 * Invariant: `revoke` and `raiseEpoch` resolve when every runtime that enrolled has confirmed.
 */
import type { MaybePromise } from "../boundary/maybe-promise.ts";
import type { Clock, RevocationRow } from "../hosts/port.ts";

/** A connection that a revocation closed. */
export interface ClosedConnection {
  readonly actor: string;
  readonly key: string;
  readonly connection: string;
}

export interface Surroundings {
  /** Brings what is revoked and the epoch within the age this host promises; nothing to wait for while they are. */
  refresh(): MaybePromise<void>;
  /** Before a connection stands: from then on this runtime is told of revocations and epochs before they are confirmed. */
  enroll(): MaybePromise<void>;
  /** Makes a revocation durable and tells everybody; the connections it closed. */
  revoke(row: RevocationRow): Promise<readonly ClosedConnection[]>;
  /** Raises the epoch durably and tells everybody; the new one. */
  raiseEpoch(): Promise<number>;
  /** Timers that may be far away: kept by the platform's alarm, they do not hold a process in memory. */
  readonly farClock: Clock;
  /** An actor that is not in memory must be woken then, epoch ms; null = nothing is due. */
  wakeAt(at: number | null): void;
  /** Asks the runtime that holds a reserved actor, by its name; null where that is this one. */
  keeperOf(name: string): ((question: string, args: readonly unknown[]) => Promise<unknown>) | null;
  /** What ids of this runtime's actors begin with, so that an id alone leads here. */
  readonly idPrefix: string;
}
