/**
 * Owns `pure()`: a decision that says of itself that it rests on who calls and on what is asked alone, so that it may be kept
 * (ruling 17). It is given nothing else to read: not the state, not variables, not the message. Reaching for more denies, also
 * where the decision catches what is thrown at it. Whether and where an answer is kept is not decided here.
 */
import { ConfigurationError } from "./errors.ts";
import { isPromise, type MaybePromise } from "./maybe-promise.ts";

/** Any caller, where a pure decision does not say which it is for. */
export interface PureCaller {
  readonly party: string;
  /** Absent for callers without identity. */
  readonly identity?: unknown;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Everything that may be decided on, of actors and of services. */
export type PureInvoke =
  | { readonly kind: "action" | "queue" | "subscribe" | "http" | "call"; readonly name: string }
  | { readonly kind: "request" | "websocket"; readonly method: string; readonly path: string };

/** What a pure decision may read beside `invoke`. */
export interface PureContext<Caller = PureCaller> {
  readonly caller: Caller;
  /** The actor type; undefined in a service. */
  readonly name: string | undefined;
  /** The actor's key; empty in a service. */
  readonly key: readonly string[];
  /** The service; undefined in an actor. */
  readonly service: string | undefined;
  /** The parameters of the connection as its peer sent them; undefined where it sent none, and in a service. */
  readonly params: unknown;
}

/** What is read of the context that `canInvoke` gets. */
export interface PureSource<Caller> {
  readonly caller: Caller;
  readonly name?: string;
  readonly key?: readonly string[];
  readonly service?: string;
}

/** A `canInvoke` that {@link pure} made. */
export type PureDecision<Caller, Invoke> = (c: PureSource<Caller>, invoke: Invoke) => MaybePromise<boolean>;

/** Where contexts keep the parameters their peer sent. */
export const SENT_PARAMS = Symbol("byward.sentParams");

/** What was written, by what {@link pure} made of it. */
const WRITTEN = new WeakMap<object, object>();

/**
 * Says that a decision rests on the caller, the actor's name and key, the connection's parameters and `invoke` alone:
 * `canInvoke: pure((c, invoke) => …)`. Its answer is then kept for the connection, by declared action, queue and event, until
 * the lease is renewed or ends, or `registry.bumpEpoch()` raises the policy epoch. `true` and `false` are kept; what throws, or
 * answers anything else, is asked again. Calls without a standing connection, raw requests and raw sockets, undeclared names and
 * services are asked every time.
 *
 * `c` has `caller`, `name`, `key`, `service` and `params`: reading anything else is a type error, and a fault at run time, which
 * denies. What it looks up elsewhere is as old as the epoch: raise that when it has changed.
 *
 * `c.caller` is any caller unless the parameter says which: `pure((c: PureContext<CallerOf<typeof User>>, invoke) => …)`.
 *
 * @throws ConfigurationError `pure.not_a_function`; `pure.not_there`, inside the decision, when it reads what it has not
 */
export function pure<Caller = PureCaller, Invoke = PureInvoke>(
  decide: (c: PureContext<Caller>, invoke: Invoke) => MaybePromise<boolean>,
): PureDecision<NoInfer<Caller>, NoInfer<Invoke>> {
  if (typeof decide !== "function") {
    throw new ConfigurationError(
      "pure.not_a_function",
      "pure() takes the function that decides: pure((c, invoke) => …).",
    );
  }
  if (isPure(decide)) return decide as unknown as PureDecision<Caller, Invoke>;
  const decision: PureDecision<Caller, Invoke> = (c, invoke) => {
    const sight = new Sight();
    const verdict = decide(sight.of(c), Object.freeze({ ...invoke }));
    if (isPromise(verdict)) return Promise.resolve(verdict).then((settled) => sight.assertKept(settled));
    return sight.assertKept(verdict);
  };
  WRITTEN.set(decision, decide);
  return decision;
}

/** True for what {@link pure} made. */
export function isPure(decision: unknown): boolean {
  return typeof decision === "function" && WRITTEN.has(decision);
}

/** The function that was written: for showing where it decides, never for asking it. */
export function writtenOf(decision: unknown): unknown {
  return (typeof decision === "function" ? WRITTEN.get(decision) : undefined) ?? decision;
}

/** What one decision may see, and whether it reached for more. */
class Sight {
  #breach: ConfigurationError | null = null;

  of<Caller>(source: PureSource<Caller>): PureContext<Caller> {
    const { caller, name, key = [], service } = source;
    const params = (source as { readonly [SENT_PARAMS]?: unknown })[SENT_PARAMS];
    const facts: PureContext<Caller> = Object.freeze({ caller, name, key, service, params });
    return new Proxy(facts, { get: (target, member) => this.#read(target, member) });
  }

  #read(facts: object, member: string | symbol): unknown {
    if (typeof member === "symbol" || Object.hasOwn(facts, member)) return Reflect.get(facts, member);
    this.#breach ??= notThere(member);
    throw this.#breach;
  }

  /** A decision that caught the refusal has no verdict all the same. */
  assertKept<T>(verdict: T): T {
    if (this.#breach !== null) throw this.#breach;
    return verdict;
  }
}

function notThere(member: string): ConfigurationError {
  return new ConfigurationError(
    "pure.not_there",
    `A pure decision read c.${member}. It has c.caller, c.name, c.key, c.service and c.params, which an answer that is kept may ` +
      "rest on; leave `pure` away where it takes more than that to decide.",
  );
}
