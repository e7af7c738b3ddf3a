/**
 * Owns calls that come without a standing connection: HTTP actions, queue sends, raw requests, and calls by other actors.
 * One path for all of them:
 *
 *   prove → resolve (+ revocation) → locate or judge provisionally → onBeforeConnect → createConnState → replay → gate →
 *   create if missing → onConnect → handler → onDisconnect
 */
import type { SealedCaller } from "../boundary/caller.ts";
import { Refusal } from "../boundary/errors.ts";
import { endedLease } from "../boundary/gate.ts";
import { andThen, isPromise, type MaybePromise } from "../boundary/maybe-promise.ts";
import type { By } from "../boundary/party.ts";
import type { RateSubject } from "../boundary/rate.ts";
import type { InternalCaller, Presentation } from "../boundary/scheme.ts";
import type { Credentials } from "../boundary/verify.ts";
import { keyText } from "../protocol/key.ts";
import type { Connection, ConnectionKind } from "./connection.ts";
import { InvocationScope } from "./context.ts";
import type { Delivery } from "./deliveries.ts";
import { basesOf, type CompiledActor } from "./entrypoints.ts";
import { correlationOf, outcomeOf, reasonOf } from "./failure.ts";
import { Admission, admit } from "./gate.ts";
import type { ActorInstance } from "./instance.ts";
import type { Runtime } from "./runtime.ts";
import { inForce } from "./second-decision.ts";
import type { InvokeTarget } from "./types.ts";

/** Which actor is meant. */
export type Address = { readonly key: readonly string[] } | { readonly id: string };

export interface StatelessCall {
  readonly compiled: CompiledActor;
  readonly address: Address;
  readonly target: InvokeTarget;
  readonly by: By;
  readonly kind: ConnectionKind;
  readonly presentation: Presentation;
  /** `get` never creates. */
  readonly mode: "get" | "getOrCreate";
  readonly input: unknown;
  readonly params: unknown;
  readonly request: (() => Request) | null;
  /** True when `run` ends the connection itself: sockets and streams outlive the call. */
  readonly keepConnection: boolean;
}

/** Runs with the admission; the connection is registered before and ended after. */
export type Admitted<T> = (admission: Admission, instance: ActorInstance, connection: Connection) => Promise<T> | T;

/** How often a call may find that another one created the actor meanwhile. */
const MAX_ROUNDS = 4;

/** A presentation proved for one entrypoint. */
interface Proved {
  readonly credentials: Credentials;
  readonly caller: SealedCaller;
}

/** Proves who calls; the sealed caller of this entrypoint, or a refusal. @throws Refusal, at once or later */
export function authenticate(runtime: Runtime, by: By, presentation: Presentation): MaybePromise<Proved> {
  const failing = runtime.failedProofs.refuse(basesOf(by), presentation);
  if (failing !== null) throw failing;
  return andThen(runtime.prove(by, presentation), (credentials) => {
    const dead = refuseDead(runtime, credentials);
    if (dead !== null) throw dead;
    const resolution = credentials.resolve(by);
    if (resolution.refusal !== null) throw resolution.refusal;
    return { credentials, caller: resolution.caller };
  });
}

/** The refusal of credentials that verified and are dead all the same: 401, before any invariant is asked (design §3). */
export function refuseDead(runtime: Runtime, credentials: Credentials): Refusal | null {
  const revoked = runtime.refuseRevoked(credentials);
  if (revoked !== null) return revoked;
  const { expiresAt } = credentials;
  // Skew lets a token be recognised, not used beyond its end: no hook of the actor runs for it either (G7).
  return expiresAt !== null && runtime.host.clock.now() >= expiresAt ? endedLease("expired") : null;
}

/** Decides and runs one call. Rejects with `Refusal`, `UserError`, or what the handler threw. */
export async function invokeStateless<T>(runtime: Runtime, call: StatelessCall, run: Admitted<T>): Promise<T> {
  const started = runtime.host.clock.now();
  let caller: SealedCaller | null = null;
  let leavePlace = (): void => {};
  try {
    if (call.keepConnection) leavePlace = runtime.takePlace();
    const limited = runtime.rates.isEmpty ? null : runtime.rates.refuseUnproved(rateSubject(call));
    if (limited !== null) throw limited;
    const proving = authenticate(runtime, call.by, call.presentation);
    const proved = isPromise(proving) ? await proving : proving;
    caller = proved.caller;
    if (call.keepConnection) await enrolled(runtime, proved.credentials);
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const outcome = await attempt(runtime, call, proved, started, leavePlace, run);
      if (outcome !== AGAIN) return outcome as T;
    }
    throw new Refusal("overloaded", { reason: "create.raced" });
  } catch (error) {
    if (!(error instanceof DecidedError)) {
      recordDecision(runtime, call, caller, started, { error });
      throw error;
    }
    throw error.cause;
  } finally {
    leavePlace();
  }
}

/**
 * What stays open must hear of revocations, and of those before it. After the proof: who proves nothing costs nobody a call.
 * @throws Refusal for credentials that are dead by what is known then
 */
export async function enrolled(runtime: Runtime, credentials: Credentials): Promise<void> {
  if (runtime.surroundings === null) return;
  await runtime.surroundings.enroll();
  const dead = refuseDead(runtime, credentials);
  if (dead !== null) throw dead;
}

const AGAIN = Symbol("again");

/** Wraps what a handler threw after the decision was recorded, so that it is not recorded twice. */
class DecidedError extends Error {}

async function attempt<T>(
  runtime: Runtime,
  call: StatelessCall,
  { credentials, caller }: Proved,
  started: number,
  leavePlace: () => void,
  run: Admitted<T>,
): Promise<T | typeof AGAIN> {
  const locating = locateOrJudge(runtime, call, credentials, caller);
  const instance = isPromise(locating) ? await locating : locating;
  let delivery: Delivery | null = null;
  let unregistered: Connection | null = null;
  instance.pin();
  try {
    let connection: Connection;
    let admission: Admission;
    try {
      const opening = instance.connections.open({
        kind: call.kind,
        credentials,
        caller,
        params: call.params,
        request: call.request,
      });
      connection = isPromise(opening) ? await opening : opening;
      unregistered = connection;
      const beginning = instance.deliveries.begin(call.target, credentials.resolve(call.by).proof);
      delivery = isPromise(beginning) ? await beginning : beginning;
      const deciding = admit(instance, {
        target: call.target,
        by: call.by,
        credentials,
        leaseEnd: () => instance.connections.endOf(connection),
        overLimit: (resolved) =>
          runtime.rates.isEmpty ? null : runtime.rates.refuseCaller(rateSubject(call), resolved),
        createContext: (resolved) => new InvocationScope(instance, connection, resolved, delivery),
      });
      const verdict = isPromise(deciding) ? await deciding : deciding;
      if (!(verdict instanceof Admission)) throw verdict;
      admission = verdict;
      if (instance.isProvisional && isLookup(call)) throw actorNotFound();
    } catch (error) {
      if (instance.isProvisional) runtime.discard(instance);
      throw error;
    }
    const isNew = instance.isProvisional;
    if (isNew && !(await runtime.promote(instance))) return AGAIN;
    // Hooks may have taken longer than an enrolment that holds nothing lasts.
    const enrolling = call.keepConnection ? runtime.surroundings?.enroll() : undefined;
    if (isPromise(enrolling)) await enrolling;
    if (isNew || isPromise(enrolling)) {
      const end = instance.connections.endOf(connection);
      if (end !== null) throw endedLease(end);
      const current = inForce(admission, instance, connection);
      admission = isPromise(current) ? await current : current;
    }
    recordDecision(runtime, call, admission.caller, started);
    unregistered = null;
    instance.connections.register(connection);
    leavePlace();
    try {
      if (call.keepConnection && connection.closed) throw closedAtOnce(connection);
      return await run(admission, instance, connection);
    } catch (error) {
      throw new DecidedError("decided", { cause: error });
    } finally {
      if (!call.keepConnection) connection.lost();
    }
  } finally {
    // Its decision may listen to its end.
    unregistered?.lost();
    delivery?.end();
    instance.unpin();
  }
}

/** Why a connection that was to stand does not: its lease ended, or `onConnect` failed, which is logged. */
function closedAtOnce(connection: Connection): Refusal {
  const end = connection.leaseEnd();
  return end === null ? new Refusal("fault", { reason: "connect.failed" }) : endedLease(end);
}

/** The live actor; where there is none, a private instance in its initial state to judge the caller by (ruling 9). */
export function locateOrJudge(
  runtime: Runtime,
  call: Sought,
  credentials: Credentials,
  caller: SealedCaller,
): MaybePromise<ActorInstance> {
  const { compiled, address } = call;
  if ("id" in address) {
    return runtime.locateById(compiled, address.id).then((found) => {
      // Nobody can be created by id; the answer is the one an unknown key gives to this caller.
      if (found === null) return runtime.provisional(compiled, ["~missing"], undefined, caller, "get");
      return staying(found.instance, credentials, () => locateOrJudge(runtime, call, credentials, caller));
    });
  }
  const { key } = address;
  const ref = { name: compiled.name, key: keyText(key) };
  return andThen(runtime.locate(compiled, ref, key), (live) =>
    live === null
      ? judge(runtime, call, key, credentials, caller)
      : staying(live, credentials, () => locateOrJudge(runtime, call, credentials, caller)),
  );
}

/** An actor that stops takes no connections any more and soon writes nothing: its next life answers. */
function staying(
  live: ActorInstance,
  { channel }: Credentials,
  again: () => MaybePromise<ActorInstance>,
): MaybePromise<ActorInstance> {
  if (!live.isLeaving) return live;
  // Its stop waits for work of its own: that must not wait for the stop.
  if (live.isAwaitingWork && channel.kind === "caller" && isItself(live, channel.caller)) {
    throw new Refusal("unavailable", { reason: "actor.stopping", group: "actor", code: "aborted" });
  }
  return live.stopped().then(again);
}

function isItself({ ref }: ActorInstance, { name, key }: InternalCaller): boolean {
  return name === ref.name && key != null && keyText(key) === ref.key;
}

/** What is sought of an actor, in a call or a connection. */
type Sought = Pick<StatelessCall, "compiled" | "address" | "mode" | "input">;

function judge(
  runtime: Runtime,
  call: Sought,
  key: readonly string[],
  credentials: Credentials,
  caller: SealedCaller,
): Promise<ActorInstance> {
  const { compiled } = call;
  const creator = credentials.resolve(compiled.by);
  // Who proved himself to a guard's party only is no visitor to the actor's own (G2): he may use, not create.
  const isDisguised = creator.caller !== null && creator.proof === null && credentials.proofs.length > 0;
  if ((creator.refusal !== null || isDisguised) && call.mode === "getOrCreate") {
    throw new Refusal("forbidden", { reason: "create.party" });
  }
  return runtime.provisional(compiled, key, call.input, creator.caller ?? caller, call.mode);
}

/** What rate rules see of a call; it stands on no connection. */
function rateSubject({ compiled, target, presentation }: StatelessCall): RateSubject {
  return {
    target: compiled.name,
    kind: target.kind,
    name: "name" in target ? target.name : "",
    address: presentation.address ?? "",
    connection: null,
  };
}

/** Nobody is created by a call that only looks an actor up; by id none can be meant to. */
export function isLookup({ mode, address }: Pick<StatelessCall, "mode" | "address">): boolean {
  return mode === "get" || "id" in address;
}

export function actorNotFound(): Refusal {
  return new Refusal("not_found", { reason: "actor.missing", group: "actor", message: "The actor does not exist" });
}

function recordDecision(
  runtime: Runtime,
  call: StatelessCall,
  caller: SealedCaller | null,
  started: number,
  refused: { readonly error: unknown } | null = null,
): void {
  const { target, address, presentation } = call;
  runtime.decisions.record(
    started,
    call.compiled.name,
    "id" in address ? `@${address.id}` : keyText(address.key),
    target.kind,
    "name" in target ? target.name : "",
    caller,
    refused === null ? "ok" : outcomeOf(refused.error),
    refused === null ? "" : reasonOf(refused.error),
    refused === null ? null : correlationOf(runtime.host, refused.error),
    runtime.host.clock.now() - started,
    presentation.header("traceparent"),
  );
}
