/**
 * Owns what a runtime knows of its siblings where the actors of one registry are spread over several runtimes on one machine:
 * which actors are its own, who answers for the others, and what all of them must learn. Without one, every actor is here.
 */
import type { MaybePromise } from "../boundary/maybe-promise.ts";
import type { ActorRef, RevocationRow } from "../hosts/port.ts";
import type { Callee } from "./callee-port.ts";
import type { Levels } from "./levels.ts";
import type { Address } from "./stateless.ts";
import type { ClosedConnection } from "./surroundings.ts";

export interface Fleet {
  /** True for actors that live in this runtime. An actor lives in one. */
  owns(ref: ActorRef): boolean;
  /** Who answers for an actor; null when it is this runtime. */
  calleeOf(name: string, address: Address): MaybePromise<Callee | null>;
  /** What ids of this actor begin with, where an id alone must lead to it. Absent: nothing. */
  idPrefixOf?(ref: ActorRef): string;
  /** Tells the others of a durable revocation; resolves when each of them has closed what falls under it. */
  revoked(row: RevocationRow): Promise<readonly ClosedConnection[]>;
  /** Tells the others of a durable policy epoch; resolves when it is in force with each of them. */
  epochRaised(epoch: number): Promise<void>;
  /** What each of the others held when it last said so, for those that watch. */
  levels?(): readonly Levels[];
}
