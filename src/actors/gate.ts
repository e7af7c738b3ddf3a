/**
 * Owns the gate of actors: what an invocation of any of the five kinds, on either transport, brings to the one path in
 * `boundary/gate.ts` (G3).
 *
 *   authenticate → invariant → [replay: where a party remembers ids] → canInvoke → Admission → handler
 *
 * Handlers are reached only with the `Admission` the gate makes; it is good once.
 */
import type { SealedCaller } from "../boundary/caller.ts";
import { Refusal } from "../boundary/errors.ts";
import {
  Admission as GateAdmission,
  type Verdict as GateVerdict,
  type Passage,
  pass,
  passOwn,
} from "../boundary/gate.ts";
import type { LeaseEnd } from "../boundary/lease.ts";
import { isPromise, type MaybePromise } from "../boundary/maybe-promise.ts";
import type { By } from "../boundary/party.ts";
import type { Credentials } from "../boundary/verify.ts";
import type { Clock } from "../hosts/port.ts";
import type { CompiledActor } from "./entrypoints.ts";
import type { Entry, KeptDecisions } from "./kept-decisions.ts";
import { refusalOf, StateError } from "./state.ts";
import type { InvokeTarget } from "./types.ts";

/** A context as the gate drives it: what `canInvoke` changes is kept on admission and dropped on denial (ruling 10). */
export interface GateContext {
  /** The policy epoch in which its decision began. */
  readonly decidedIn: number;
  beginDecision(): void;
  endDecision(keep: boolean): void;
  /** No longer listens to the end of the actor and of the connection. */
  unlink(): void;
}

/** Leave to reach one handler of an actor once. */
export type Admission = GateAdmission<InvokeTarget, GateContext>;
export const Admission = GateAdmission;
export type Verdict = GateVerdict<InvokeTarget, GateContext>;

/** What the gate needs to know of the instance it decides for. */
export interface GateSubject {
  readonly compiled: CompiledActor;
  readonly clock: Clock;
  readonly runtime: { readonly epoch: number };
}

/** What the gate needs of one invocation. */
export interface GateCall {
  readonly target: InvokeTarget;
  readonly by: By;
  readonly credentials: Credentials;
  /** The answers its connection keeps; absent or null where nothing may be kept. */
  readonly kept?: KeptDecisions | null;
  /** Why the caller's lease is dead; null while it lives. */
  leaseEnd(): LeaseEnd | null;
  /** The refusal of a caller who is over a limit; absent where coming is not counted. */
  overLimit?(caller: SealedCaller): Refusal | null;
  /** Builds the context for the resolved caller. */
  createContext(caller: SealedCaller): GateContext;
}

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
  const { kept } = call;
  if (kept === undefined || kept === null) return pass(new ActorPassage(subject, call));
  const entry = entryOf(subject.compiled, call.target);
  return pass(entry === null ? new ActorPassage(subject, call) : new KeepingPassage(subject, call, kept, entry));
}

/**
 * The entrypoint whose answers may be kept. None for names nobody declared, of which a peer could think up any number; none for
 * raw requests and sockets either, whose target holds what the peer asks for.
 */
function entryOf(compiled: CompiledActor, target: InvokeTarget): Entry | null {
  switch (target.kind) {
    case "action":
      return compiled.actions.get(target.name) ?? null;
    case "queue":
      return compiled.queues?.get(target.name) ?? null;
    case "subscribe":
      return compiled.events?.get(target.name) ?? null;
    default:
      return null;
  }
}

/** A call and its actor as the gate drives them. */
class ActorPassage implements Passage<InvokeTarget, GateContext> {
  readonly target: InvokeTarget;
  readonly by: By;
  readonly credentials: Credentials;
  readonly clock: Clock;
  readonly canInvoke: CompiledActor["config"]["canInvoke"];
  readonly #compiled: CompiledActor;
  readonly #runtime: GateSubject["runtime"];
  readonly #call: GateCall;

  constructor({ compiled, clock, runtime }: GateSubject, call: GateCall) {
    this.target = call.target;
    this.by = call.by;
    this.credentials = call.credentials;
    this.clock = clock;
    this.canInvoke = compiled.config.canInvoke;
    this.#compiled = compiled;
    this.#runtime = runtime;
    this.#call = call;
  }

  get canInvokeTimeout(): number {
    return this.#compiled.options.canInvokeTimeout;
  }
  leaseEnd(): LeaseEnd | null {
    return this.#call.leaseEnd();
  }
  overLimit(caller: SealedCaller): Refusal | null {
    return this.#call.overLimit?.(caller) ?? null;
  }
  createContext(caller: SealedCaller): GateContext {
    return this.#call.createContext(caller);
  }
  beginDecision(context: GateContext): void {
    context.beginDecision();
  }
  /** @throws Refusal where what was changed cannot be joined to the state */
  endDecision(context: GateContext, keep: boolean): void {
    try {
      context.endDecision(keep);
    } catch (error) {
      throw error instanceof StateError ? refusalOf(error) : error;
    }
    // No code of the actor follows: a live actor and a live connection forget who listened to their end.
    const { kind } = this.target;
    if (kind === "queue" || kind === "subscribe") context.unlink();
  }
  isOutdated(context: GateContext): boolean {
    return context.decidedIn !== this.#runtime.epoch;
  }
  lookUp(): Refusal | null {
    return refuseUndeclared(this.#compiled, this.target);
  }
}

/** One on a connection that keeps what a pure decision answered: asks only where no answer stands. */
class KeepingPassage extends ActorPassage {
  override readonly canInvoke: CompiledActor["config"]["canInvoke"];
  readonly #subject: GateSubject;
  readonly #kept: KeptDecisions;
  readonly #entry: Entry;

  constructor(subject: GateSubject, call: GateCall, kept: KeptDecisions, entry: Entry) {
    super(subject, call);
    this.#subject = subject;
    this.#kept = kept;
    this.#entry = entry;
    this.canInvoke = (context, target) => kept.recall(entry, subject.runtime.epoch) ?? this.#ask(context, target);
  }

  #ask(context: unknown, target: InvokeTarget): unknown {
    const { runtime, compiled, clock } = this.#subject;
    const asked = this.#kept.groundAt(runtime.epoch);
    const started = clock.now();
    const verdict = compiled.config.canInvoke!(context, target);
    if (!isPromise(verdict)) {
      this.#kept.keep(this.#entry, verdict, asked, runtime.epoch);
      return verdict;
    }
    const settling = Promise.resolve(verdict);
    settling.then(
      (settled) => {
        // What came too late was denied as a fault; its answer stands for nobody.
        if (clock.now() - started < this.canInvokeTimeout) this.#kept.keep(this.#entry, settled, asked, runtime.epoch);
      },
      () => {},
    );
    return settling;
  }
}

/** Admits the actor's own schedule and own sends, which `canInvoke` does not judge (ruling 6). */
export function admitOwn(
  target: InvokeTarget,
  credentials: Credentials,
  by: By,
  createContext: (caller: SealedCaller) => GateContext,
): Verdict {
  return passOwn({ target, credentials, by, createContext });
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
