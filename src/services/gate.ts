/**
 * Owns the gate of services: what an invocation of a route, a call, a cron or a delivered message brings to the one path in
 * `boundary/gate.ts` (G3).
 *
 *   limits by address → authenticate → invariant → replay → limits by caller → canInvoke → Admission → payload → handler
 *
 * Synchronous unless a verifier, the replay store or `canInvoke` is not. Every verdict is recorded, once.
 */
import { outcomeOf, reasonOf } from "../actors/failure.ts";
import type { SealedCaller } from "../boundary/caller.ts";
import type { Refusal } from "../boundary/errors.ts";
import { Admission, pass, passOwn } from "../boundary/gate.ts";
import type { LeaseEnd } from "../boundary/lease.ts";
import { andThen, isPromise, type MaybePromise } from "../boundary/maybe-promise.ts";
import type { RateRules, RateSubject } from "../boundary/rate.ts";
import type { Presentation } from "../boundary/scheme.ts";
import type { Credentials } from "../boundary/verify.ts";
import type { DeliveryBook, ServiceDelivery } from "./deliveries.ts";
import type { ServiceEntry } from "./entrypoints.ts";
import type { ServiceFloor } from "./floor.ts";
import type { ServiceInvoke } from "./types.ts";

/** What the gate needs beside the floor. */
export interface GateSource {
  readonly floor: ServiceFloor;
  readonly deliveries: DeliveryBook;
  /** Limits by caller of an entrypoint: the registry's, the service's, its own; those that hold nothing left out. */
  ratesOf(entry: ServiceEntry): readonly RateRules[];
}

/** One invocation before the gate. */
export interface Approach<Context> {
  readonly entry: ServiceEntry;
  readonly presentation: Presentation;
  /** Epoch ms of its arrival. */
  readonly started: number;
  readonly correlationId: string;
  /** Who it turned out to be; for the record. */
  caller: SealedCaller | null;
  createContext(caller: SealedCaller, delivery: ServiceDelivery | null): Context;
}

/** One invocation the gate let through. */
export interface Admitted<Context> {
  readonly admission: Admission<ServiceInvoke | null, Context>;
  readonly caller: SealedCaller;
  readonly credentials: Credentials;
  readonly delivery: ServiceDelivery | null;
  /** Why the caller's credential is dead by now; null while it lives. */
  leaseEnd(): LeaseEnd | null;
  /**
   * The same as the policy of now gives it: asked again where that was replaced since, for how long a body takes is for its
   * sender to say (G7).
   * @throws Refusal, UserError; recorded then, and the delivery may come again
   */
  inForce(): MaybePromise<Admitted<Context>>;
}

/**
 * Decides.
 * @throws Refusal, UserError: what the caller is told; recorded already
 */
export function admit<Context>(source: GateSource, approach: Approach<Context>): MaybePromise<Admitted<Context>> {
  try {
    const admitted = decide(source, approach);
    if (!isPromise(admitted)) return recorded(source, approach, admitted);
    return admitted.then(
      (settled) => recorded(source, approach, settled),
      (error: unknown) => refused(source, approach, error),
    );
  } catch (error) {
    return refused(source, approach, error);
  }
}

function decide<Context>(source: GateSource, approach: Approach<Context>): MaybePromise<Admitted<Context>> {
  const { floor } = source;
  const { entry, presentation } = approach;
  const rates = source.ratesOf(entry);
  const subject = rates.length === 0 ? null : subjectOf(entry, presentation);
  for (const rules of rates) throwRefusal(rules.refuseUnproved(subject!));
  throwRefusal(floor.failedProofs.refuse(entry.bases, presentation));
  return andThen(floor.prove(entry.by, presentation), (credentials) => {
    const resolution = credentials.resolve(entry.by);
    approach.caller = resolution.caller;
    throwRefusal(floor.refuseRevoked(credentials));
    return andThen(source.deliveries.begin(entry, resolution.proof), (delivery) =>
      decideDelivery(source, approach, credentials, delivery, rates, subject),
    );
  });
}

/** From here on a delivery is reserved: a denial, thrown or returned, frees it. */
function decideDelivery<Context>(
  source: GateSource,
  approach: Approach<Context>,
  credentials: Credentials,
  delivery: ServiceDelivery | null,
  rates: readonly RateRules[],
  subject: RateSubject | null,
): MaybePromise<Admitted<Context>> {
  const { entry } = approach;
  const { floor } = source;
  let decidedIn = floor.epoch;
  const leaseEnd = (): LeaseEnd | null => endOf(floor, credentials);
  const createContext = (caller: SealedCaller): Context => {
    decidedIn = floor.epoch;
    return Object.freeze(approach.createContext(caller, delivery));
  };
  try {
    const verdict =
      entry.kind === "http" || entry.kind === "call"
        ? pass<ServiceInvoke | null, Context>({
            target: { kind: entry.kind, name: entry.name },
            by: entry.by,
            credentials,
            clock: floor.host.clock,
            leaseEnd,
            overLimit: (caller) => firstRefusal(rates, (rules) => rules.refuseCaller(subject!, caller)),
            createContext,
            isOutdated: () => decidedIn !== floor.epoch,
            canInvoke: entry.service.config.canInvoke as ((c: Context, t: ServiceInvoke | null) => unknown) | undefined,
            canInvokeTimeout: entry.service.canInvokeTimeout,
          })
        : passOwn<ServiceInvoke | null, Context>({ target: null, by: entry.by, credentials, createContext });
    const conclude = (settled: Awaited<typeof verdict>): Admitted<Context> => {
      if (!(settled instanceof Admission)) {
        delivery?.failed();
        throw settled;
      }
      const asked = settled.target !== null && entry.service.config.canInvoke !== undefined;
      const admitted: Admitted<Context> = {
        admission: settled,
        caller: settled.caller,
        credentials,
        delivery,
        leaseEnd,
        inForce: () =>
          asked && decidedIn !== floor.epoch ? decideAgain(source, approach, credentials, delivery) : admitted,
      };
      return admitted;
    };
    return isPromise(verdict) ? verdict.then(conclude) : conclude(verdict);
  } catch (error) {
    delivery?.failed();
    throw error;
  }
}

/** By the policy of now, for the caller as he was proved; he was counted when he came. */
function decideAgain<Context>(
  source: GateSource,
  approach: Approach<Context>,
  credentials: Credentials,
  delivery: ServiceDelivery | null,
): MaybePromise<Admitted<Context>> {
  const fail = (error: unknown): never => refused(source, approach, error);
  try {
    const anew = decideDelivery(source, approach, credentials, delivery, [], null);
    return isPromise(anew) ? anew.catch(fail) : anew;
  } catch (error) {
    return fail(error);
  }
}

function endOf(floor: ServiceFloor, credentials: Credentials): LeaseEnd | null {
  const { expiresAt } = credentials;
  if (expiresAt !== null && floor.host.clock.now() >= expiresAt) return "expired";
  return floor.refuseRevoked(credentials) === null ? null : "revoked";
}

function subjectOf(entry: ServiceEntry, presentation: Presentation): RateSubject {
  return {
    target: entry.service.name,
    kind: entry.kind,
    name: entry.name,
    address: presentation.address ?? "",
    connection: null,
  };
}

function firstRefusal(rates: readonly RateRules[], ask: (rules: RateRules) => Refusal | null): Refusal | null {
  for (const rules of rates) {
    const refusal = ask(rules);
    if (refusal !== null) return refusal;
  }
  return null;
}

function throwRefusal(refusal: Refusal | null): void {
  if (refusal !== null) throw refusal;
}

function recorded<Context>(
  source: GateSource,
  approach: Approach<Context>,
  admitted: Admitted<Context>,
): Admitted<Context> {
  record(source, approach, "ok", "");
  return admitted;
}

function refused<Context>(source: GateSource, approach: Approach<Context>, error: unknown): never {
  record(source, approach, outcomeOf(error), reasonOf(error));
  throw error;
}

function record<Context>(
  { floor }: GateSource,
  { entry, presentation, started, correlationId, caller }: Approach<Context>,
  outcome: Parameters<typeof floor.decisions.record>[6],
  reason: string,
): void {
  const duration = floor.host.clock.now() - started;
  floor.decisions.record(
    started,
    entry.service.name,
    "",
    entry.kind,
    entry.name,
    caller,
    outcome,
    reason,
    correlationId,
    duration,
    presentation.header("traceparent"),
  );
}
