/**
 * Owns the gate: the one path every inbound invocation of an actor takes, all five kinds, both transports (G3).
 *
 *   authenticate → invariant → [replay: where a party remembers ids] → canInvoke → Admission → handler
 *
 * Handlers are reached only with the `Admission` made here; it is good once. Everything is synchronous unless a verifier,
 * a schema or `canInvoke` is not. G1: a step that throws, hangs past its deadline or returns the wrong type denies.
 * G6: `canInvoke` answers `true` or `false`; anything else is a fault.
 */
import type { SealedCaller } from "../boundary/caller.ts";
import { ConfigurationError, Refusal, UserError } from "../boundary/errors.ts";
import { isPromise, type MaybePromise } from "../boundary/maybe-promise.ts";
import type { By } from "../boundary/party.ts";
import type { Credentials } from "../boundary/verify.ts";
import { EXPIRED, withDeadline } from "./deadline.ts";
import type { CompiledActor } from "./entrypoints.ts";
import type { InvokeTarget } from "./types.ts";

/** Leave to reach one handler once. Made by the gate only. */
export class Admission {
  readonly #seal: symbol;
  readonly target: InvokeTarget;
  readonly caller: SealedCaller;
  /** The very context `canInvoke` saw. */
  readonly context: GateContext;
  #used = false;

  constructor(seal: symbol, target: InvokeTarget, caller: SealedCaller, context: GateContext) {
    if (seal !== SEAL) {
      throw new ConfigurationError("gate.forged", "An admission is made by the gate only; it cannot be constructed.");
    }
    this.#seal = seal;
    this.target = target;
    this.caller = caller;
    this.context = context;
  }

  /** Spends the admission. A second use, or a look-alike, throws before any handler runs. */
  static spend(admission: Admission): void {
    if (!(#used in admission) || admission.#used || admission.#seal !== SEAL) {
      throw new ConfigurationError(
        "gate.no_admission",
        "A handler was asked for without a fresh admission of the gate.",
      );
    }
    admission.#used = true;
  }
}

const SEAL = Symbol("byward.gate");

/** What the gate needs to know of the instance it decides for. */
export interface GateSubject {
  readonly compiled: CompiledActor;
  readonly clock: import("../hosts/port.ts").Clock;
}

/** A context as the gate drives it: what `canInvoke` changes is kept on admission and dropped on denial (ruling 10). */
export interface GateContext {
  beginDecision(): void;
  endDecision(keep: boolean): void;
}

/** What the gate needs of one invocation. */
export interface GateCall {
  readonly target: InvokeTarget;
  readonly by: By;
  readonly credentials: Credentials;
  /** Why the caller's lease is dead; null while it lives. */
  leaseEnd(): "expired" | "revoked" | null;
  /** Builds the context for the resolved caller. */
  createContext(caller: SealedCaller): GateContext;
}

export type Verdict = Admission | Refusal | UserError;

/** The parties of an entrypoint. Unknown names are judged like known ones: the name is looked up later (G10). */
export function partiesOf(compiled: CompiledActor, target: InvokeTarget): By {
  switch (target.kind) {
    case "action":
      return compiled.actions.get(target.name)?.by ?? compiled.by;
    case "queue":
      return compiled.queues?.get(target.name)?.by ?? compiled.by;
    case "subscribe":
      return compiled.events?.get(target.name)?.by ?? compiled.by;
    case "request":
      return compiled.requestBy;
    case "websocket":
      return compiled.websocketBy;
  }
}

/** Decides one invocation by a client or by another actor. */
export function admit(subject: GateSubject, call: GateCall): MaybePromise<Verdict> {
  const end = call.leaseEnd();
  if (end !== null) return endedLease(end);
  const resolution = call.credentials.resolve(call.by);
  if (resolution.refusal !== null) return resolution.refusal;
  const { caller } = resolution;
  const context = call.createContext(caller);
  const decided = decide(subject, call.target, context);
  if (isPromise(decided)) return decided.then((denial) => conclude(denial, subject, call, caller, context));
  return conclude(decided, subject, call, caller, context);
}

/** Admits the actor's own schedule and own sends, which `canInvoke` does not judge (ruling 6). */
export function admitOwn(
  target: InvokeTarget,
  credentials: Credentials,
  by: By,
  createContext: (caller: SealedCaller) => GateContext,
): Verdict {
  const resolution = credentials.resolve(by);
  if (resolution.refusal !== null) return resolution.refusal;
  return new Admission(SEAL, target, resolution.caller, createContext(resolution.caller));
}

export function endedLease(end: "expired" | "revoked"): Refusal {
  return end === "expired"
    ? new Refusal("expired", { reason: "lease.expired" })
    : new Refusal("unauthenticated", { reason: "lease.revoked" });
}

type Denial = Refusal | UserError | null;

function conclude(
  denial: Denial,
  subject: GateSubject,
  call: GateCall,
  caller: SealedCaller,
  context: GateContext,
): Verdict {
  const verdict = finalVerdict(denial, subject, call, caller, context);
  if (subject.compiled.config.canInvoke !== undefined) context.endDecision(verdict instanceof Admission);
  return verdict;
}

function finalVerdict(
  denial: Denial,
  subject: GateSubject,
  call: GateCall,
  caller: SealedCaller,
  context: GateContext,
): Verdict {
  if (denial !== null) return denial;
  // The lease may have died while canInvoke was thinking: G7 wants it alive at the instant the handler starts.
  const end = call.leaseEnd();
  if (end !== null) return endedLease(end);
  const unknown = refuseUndeclared(subject.compiled, call.target);
  if (unknown !== null) return unknown;
  return new Admission(SEAL, call.target, caller, context);
}

/** Asks `canInvoke`; null = allowed. */
function decide(subject: GateSubject, target: InvokeTarget, context: GateContext): MaybePromise<Denial> {
  const { canInvoke } = subject.compiled.config;
  if (canInvoke === undefined) return null;
  let verdict: MaybePromise<unknown>;
  try {
    context.beginDecision();
    verdict = canInvoke(context, target);
    if (isPromise(verdict)) {
      const { canInvokeTimeout } = subject.compiled.options;
      return withDeadline(verdict, canInvokeTimeout, subject.clock).then(judge, judgeThrown);
    }
  } catch (error) {
    return judgeThrown(error);
  }
  return judge(verdict);
}

function judge(verdict: unknown): Denial {
  if (verdict === true) return null;
  if (verdict === false) return new Refusal("forbidden", { reason: "can_invoke.false" });
  if (verdict === EXPIRED) return new Refusal("fault", { reason: "can_invoke.deadline" });
  const kind = verdict === null ? "null" : typeof verdict;
  return new Refusal("fault", {
    reason: `can_invoke.not_boolean:${kind}`,
    cause: new TypeError(`canInvoke must return true or false; it returned ${describe(verdict)}.`),
  });
}

function judgeThrown(error: unknown): Denial {
  if (error instanceof UserError) return error;
  return new Refusal("fault", { reason: "can_invoke.threw", cause: error });
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  return value === null ? "null" : `a value of type ${typeof value}`;
}

/** After the verdict: names nobody declared. Events and queues are denied like denied ones, actions are not found. */
function refuseUndeclared(compiled: CompiledActor, target: InvokeTarget): Refusal | null {
  switch (target.kind) {
    case "action":
      return compiled.actions.has(target.name)
        ? null
        : new Refusal("not_found", { reason: "action.unknown", group: "action" });
    case "queue":
      return compiled.queues === null || compiled.queues.has(target.name)
        ? null
        : new Refusal("forbidden", { reason: "queue.undeclared" });
    case "subscribe":
      return compiled.events === null || compiled.events.has(target.name)
        ? null
        : new Refusal("forbidden", { reason: "event.undeclared" });
    case "request":
      return compiled.config.onRequest === undefined
        ? new Refusal("not_found", { reason: "request.no_handler" })
        : null;
    case "websocket":
      return compiled.config.onWebSocket === undefined
        ? new Refusal("not_found", { reason: "websocket.no_handler" })
        : null;
  }
}
