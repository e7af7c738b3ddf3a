/**
 * Owns the one path every invocation takes, of actors and of services, on every transport (G3):
 *
 *   lease → caller → limits by caller → canInvoke → lease again → the name → Admission → handler
 *
 * Handlers are reached only with the `Admission` made here; it is good once. Everything is synchronous unless `canInvoke`
 * is not. G1: a step that throws, hangs past its deadline or returns the wrong type denies. G6: `canInvoke` answers `true`
 * or `false`; anything else is a fault. What precedes this (transport limits, proof, replay) is the caller's floor; payloads
 * are parsed after it.
 */
import type { SealedCaller } from "./caller.ts";
import { type DeadlineClock, EXPIRED, withDeadline } from "./deadline.ts";
import { ConfigurationError, Refusal, UserError } from "./errors.ts";
import type { LeaseEnd } from "./lease.ts";
import { isPromise, type MaybePromise } from "./maybe-promise.ts";
import type { By } from "./party.ts";
import type { Credentials } from "./verify.ts";

const SEAL = Symbol("byward.gate");

/** Leave to reach one handler once. Made by the gate only. */
export class Admission<Target = unknown, Context = unknown> {
  readonly #seal: symbol;
  readonly target: Target;
  readonly caller: SealedCaller;
  /** The very context `canInvoke` saw. */
  readonly context: Context;
  #used = false;

  constructor(seal: symbol, target: Target, caller: SealedCaller, context: Context) {
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

/** What the gate needs of one invocation. */
export interface Passage<Target, Context> {
  readonly target: Target;
  readonly by: By;
  readonly credentials: Credentials;
  readonly clock: DeadlineClock;
  /** Why the caller's lease is dead; null while it lives. */
  leaseEnd(): LeaseEnd | null;
  /** The refusal of a caller who is over a limit; null where there is none. */
  overLimit?(caller: SealedCaller): Refusal | null;
  /** Builds the context for the resolved caller. */
  createContext(caller: SealedCaller): Context;
  /**
   * What `canInvoke` changes from here on is kept on admission and dropped on denial (ruling 10). Where keeping throws, that
   * denies, and it is dropped.
   */
  beginDecision?(context: Context): void;
  endDecision?(context: Context, keep: boolean): void;
  /** Undefined: nobody is asked beyond the parties. */
  readonly canInvoke: ((context: Context, target: Target) => unknown) | undefined;
  /** ms */
  readonly canInvokeTimeout: number;
  /** True where the policy that admitted is replaced by now: the question is asked again, on a context of its own (G7). */
  isOutdated?(context: Context): boolean;
  /** After the verdict: the refusal for a name nobody declared (G10); null where it is declared. */
  lookUp?(): Refusal | null;
}

export type Verdict<Target, Context = unknown> = Admission<Target, Context> | Refusal | UserError;

/** Decides one invocation by a client, an actor or a service. */
export function pass<Target, Context>(passage: Passage<Target, Context>): MaybePromise<Verdict<Target, Context>> {
  const end = passage.leaseEnd();
  if (end !== null) return endedLease(end);
  const resolution = passage.credentials.resolve(passage.by);
  if (resolution.refusal !== null) return resolution.refusal;
  const { caller } = resolution;
  const limited = passage.overLimit?.(caller) ?? null;
  if (limited !== null) return limited;
  return decideFor(caller, passage, MAX_DECISIONS);
}

/** Decisions of one call: who replaces the policy faster than it answers is told to come again. */
const MAX_DECISIONS = 8;

function decideFor<Target, Context>(
  caller: SealedCaller,
  passage: Passage<Target, Context>,
  left: number,
): MaybePromise<Verdict<Target, Context>> {
  const context = passage.createContext(caller);
  const decided = decide(passage, context);
  if (!isPromise(decided)) return conclude(decided, passage, caller, context);
  return decided.then((denial) => {
    if (denial !== null || passage.isOutdated?.(context) !== true) return conclude(denial, passage, caller, context);
    passage.endDecision?.(context, false);
    if (left <= 1) return new Refusal("unavailable", { reason: "policy.changing" });
    return decideFor(caller, passage, left - 1);
  });
}

/** Admits own schedules and own deliveries, which `canInvoke` does not judge (ruling 6). */
export function passOwn<Target, Context>(
  passage: Pick<Passage<Target, Context>, "target" | "by" | "credentials" | "createContext">,
): Verdict<Target, Context> {
  const resolution = passage.credentials.resolve(passage.by);
  if (resolution.refusal !== null) return resolution.refusal;
  const { caller } = resolution;
  return new Admission(SEAL, passage.target, caller, passage.createContext(caller));
}

export function endedLease(end: LeaseEnd): Refusal {
  return end === "expired"
    ? new Refusal("expired", { reason: "lease.expired" })
    : new Refusal("unauthenticated", { reason: "lease.revoked" });
}

/** What a reply becomes whose caller's lease ended while the handler ran (ruling 16): it ran, so this is no refusal of the gate. */
export function endedReply(end: LeaseEnd): Refusal {
  return new Refusal("expired", { reason: `lease.${end}_meanwhile` });
}

type Denial = Refusal | UserError | null;

function conclude<Target, Context>(
  denial: Denial,
  passage: Passage<Target, Context>,
  caller: SealedCaller,
  context: Context,
): Verdict<Target, Context> {
  let refusal = denial ?? lastRefusal(passage);
  if (passage.canInvoke !== undefined) {
    try {
      passage.endDecision?.(context, refusal === null);
    } catch (error) {
      // G1: what cannot be joined denies, as what throws does, and is recorded like it.
      refusal = error instanceof Refusal ? error : judgeThrown(error);
      passage.endDecision?.(context, false);
    }
  }
  return refusal ?? new Admission(SEAL, passage.target, caller, context);
}

function lastRefusal<Target, Context>(passage: Passage<Target, Context>): Refusal | null {
  // The lease may have died while canInvoke was thinking: G7 wants it alive at the instant the handler starts.
  const end = passage.leaseEnd();
  if (end !== null) return endedLease(end);
  return passage.lookUp?.() ?? null;
}

/** Asks `canInvoke`; null = allowed. */
function decide<Target, Context>(passage: Passage<Target, Context>, context: Context): MaybePromise<Denial> {
  const { canInvoke } = passage;
  if (canInvoke === undefined) return null;
  let verdict: MaybePromise<unknown>;
  try {
    passage.beginDecision?.(context);
    verdict = canInvoke(context, passage.target);
    if (isPromise(verdict)) {
      return withDeadline(verdict, passage.canInvokeTimeout, passage.clock).then(judge, judgeThrown);
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
