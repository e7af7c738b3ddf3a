/** Owns what services need of the runtime they stand on: proof, revocation, limits, decisions, a host; and of their neighbours. */
import type { DecisionRing } from "../actors/decisions.ts";
import type { CallRef, ServiceReceipt } from "../actors/service-link.ts";
import type { Refusal } from "../boundary/errors.ts";
import type { MaybePromise } from "../boundary/maybe-promise.ts";
import type { By } from "../boundary/party.ts";
import type { FailedProofs, RateRules } from "../boundary/rate.ts";
import type { InternalCaller, Presentation } from "../boundary/scheme.ts";
import type { Credentials } from "../boundary/verify.ts";
import type { Host } from "../hosts/port.ts";
import type { QueueConsumer } from "./entrypoints.ts";

/** The runtime of a registry, as far as services see it. */
export interface ServiceFloor {
  readonly host: Host;
  readonly decisions: DecisionRing;
  /** Limits by caller of the whole registry. */
  readonly rates: RateRules;
  readonly failedProofs: FailedProofs;
  /** The policy epoch in force; absent where nothing raises it. */
  readonly epoch?: number;
  readonly limits: { readonly maxBodySize: number; readonly drainTimeout: number };
  /** Verifies, and counts what was presented and verified nowhere. */
  prove(by: By, presentation: Presentation): MaybePromise<Credentials>;
  refuseRevoked(credentials: Credentials): Refusal | null;
}

/** Calls of services that run elsewhere. */
export interface FarCalls {
  /** What the service answered; null where the reference is to none of these. */
  call(ref: CallRef, caller: InternalCaller, args: readonly unknown[]): Promise<unknown> | null;
}

/** What a registry adds where there are actors to call and disks to queue on. */
export interface ServiceNeighbours {
  /** A client of the registry's actors under a caller. @throws ConfigurationError where there are none */
  client(caller: InternalCaller): unknown;
  /** Services of other deployments; absent or null where there are none. */
  readonly far?: FarCalls | null;
  /** Durable queues; null where nothing is durable. */
  readonly queues: {
    send(
      entry: QueueConsumer,
      body: unknown,
      caller: InternalCaller | null,
      id: string | undefined,
    ): Promise<ServiceReceipt>;
  } | null;
}
