/**
 * Owns opening a connection that stands: RPC and the first half of raw sockets. Opening is gated by party alone
 * (ruling 8, the matrix's `connect` row); each message is decided later.
 */
import type { SealedCaller } from "../boundary/caller.ts";
import { Refusal } from "../boundary/errors.ts";
import { endedLease } from "../boundary/gate.ts";
import type { RateSubject } from "../boundary/rate.ts";
import type { Presentation } from "../boundary/scheme.ts";
import type { Credentials } from "../boundary/verify.ts";
import { keyText } from "../protocol/key.ts";
import type { Connection, ConnectionKind } from "./connection.ts";
import type { CompiledActor } from "./entrypoints.ts";
import { correlationOf, outcomeOf, reasonOf } from "./failure.ts";
import type { ActorInstance } from "./instance.ts";
import type { Runtime } from "./runtime.ts";
import { type Address, actorNotFound, enrolled, isLookup, locateOrJudge, refuseDead } from "./stateless.ts";

export type { Address };

export interface StandingCall {
  readonly compiled: CompiledActor;
  readonly address: Address;
  readonly kind: ConnectionKind;
  readonly presentation: Presentation;
  readonly mode: "get" | "getOrCreate";
  readonly input: unknown;
  readonly params: unknown;
  readonly request: (() => Request) | null;
}

export interface Standing {
  readonly instance: ActorInstance;
  readonly connection: Connection;
  /** True when this call created the actor. */
  readonly created: boolean;
}

/** Opens; the connection is not registered yet, so that its link can be set first. */
export async function openStanding(runtime: Runtime, call: StandingCall): Promise<Standing> {
  const started = runtime.host.clock.now();
  const { compiled } = call;
  let caller: SealedCaller | null = null;
  let outcome: ReturnType<typeof outcomeOf> | "ok" = "ok";
  let reason = "";
  let correlationId: string | null = null;
  let leavePlace = (): void => {};
  try {
    leavePlace = runtime.takePlace();
    const failing = refuseCrowding(runtime, call);
    if (failing !== null) throw failing;
    const credentials = await runtime.proveForConnection(compiled, call.presentation);
    const dead = refuseDead(runtime, credentials);
    if (dead !== null) throw dead;
    caller = callerOfConnection(compiled, credentials);
    const limited = runtime.rates.isEmpty ? null : runtime.rates.refuseCaller(rateSubject(call), caller);
    if (limited !== null) throw limited;
    if (call.kind !== "stateless") await enrolled(runtime, credentials);
    return await attach(runtime, call, credentials, caller);
  } catch (error) {
    outcome = outcomeOf(error);
    reason = reasonOf(error);
    correlationId = correlationOf(runtime.host, error);
    throw error;
  } finally {
    leavePlace();
    const key = "id" in call.address ? `@${call.address.id}` : keyText(call.address.key);
    const duration = runtime.host.clock.now() - started;
    const { decisions } = runtime;
    const trace = call.presentation.header("traceparent");
    decisions.record(
      started,
      compiled.name,
      key,
      "connect",
      "",
      caller,
      outcome,
      reason,
      correlationId,
      duration,
      trace,
    );
  }
}

/** The refusal of an address that opens, or fails to prove itself, too often; before any cryptography. */
function refuseCrowding(runtime: Runtime, call: StandingCall): Refusal | null {
  return (
    runtime.rates.refuseUnproved(rateSubject(call)) ??
    runtime.failedProofs.refuse(call.compiled.bases, call.presentation)
  );
}

function rateSubject({ compiled, presentation }: StandingCall): RateSubject {
  return { target: compiled.name, kind: "connect", name: "", address: presentation.address ?? "", connection: null };
}

/** Who opens: as the actor's own parties see it, else as the first entrypoint that admits it does (G2 holds for all). */
function callerOfConnection(compiled: CompiledActor, credentials: Credentials): SealedCaller {
  const failure = credentials.failure;
  if (failure !== null) {
    throw new Refusal(failure.outcome, { reason: failure.reason });
  }
  let telling: Refusal | null = null;
  for (const by of compiled.allBy) {
    const resolution = credentials.resolve(by);
    if (resolution.caller !== null) return resolution.caller;
    if (telling === null || weight(resolution.refusal) > weight(telling)) telling = resolution.refusal;
  }
  throw telling ?? new Refusal("unauthenticated", { reason: "credential.absent" });
}

/** The same for a renewal; null where nothing admits these credentials, so that every message is refused. */
export function admittedAs(compiled: CompiledActor, credentials: Credentials): SealedCaller | null {
  for (const by of compiled.allBy) {
    const { caller } = credentials.resolve(by);
    if (caller !== null) return caller;
  }
  return null;
}

/** Who was proved and lacks a claim is forbidden; entrypoints for the inside say nothing to somebody outside. */
function weight(refusal: Refusal): number {
  if (refusal.outcome !== "forbidden") return 1;
  return refusal.reason === "party.internal_only" ? 0 : 2;
}

async function attach(
  runtime: Runtime,
  call: StandingCall,
  credentials: Credentials,
  caller: SealedCaller,
): Promise<Standing> {
  for (let round = 0; round < 4; round++) {
    const instance = await locateOrJudge(runtime, call, credentials, caller);
    instance.pin();
    try {
      let connection: Connection;
      try {
        connection = await instance.connections.open({
          kind: call.kind,
          credentials,
          caller,
          params: call.params,
          request: call.request,
        });
        if (instance.isProvisional && isLookup(call)) throw actorNotFound();
      } catch (error) {
        if (instance.isProvisional) runtime.discard(instance);
        throw error;
      }
      const created = instance.isProvisional;
      if (created && !(await runtime.promote(instance))) continue;
      // Hooks may have taken longer than an enrolment that holds nothing lasts.
      if (runtime.surroundings !== null && call.kind !== "stateless") await runtime.surroundings.enroll();
      const end = instance.connections.endOf(connection);
      if (end !== null) throw endedLease(end);
      return { instance, connection, created };
    } finally {
      instance.unpin();
    }
  }
  throw new Refusal("overloaded", { reason: "create.raced" });
}
