/**
 * Owns asking again where the policy was replaced between a decision and its handler (G7): a body, a schema or a turn may
 * take long, and how long is often for the caller to say.
 */
import type { MaybePromise } from "../boundary/maybe-promise.ts";
import type { Connection } from "./connection.ts";
import type { InvocationScope } from "./context.ts";
import { correlationOf, outcomeOf, reasonOf } from "./failure.ts";
import { Admission, admit, partiesOf } from "./gate.ts";
import type { ActorInstance } from "./instance.ts";
import type { InvokeTarget } from "./types.ts";

/** True where what was admitted stands on a policy that is not in force any more. */
export function isOutdated(instance: ActorInstance, connection: Connection, scope: InvocationScope): boolean {
  if (scope.decidedIn === instance.runtime.epoch) return false;
  // Nobody was asked, and nobody is: no decision that could be old.
  return instance.compiled.config.canInvoke !== undefined && connection.kind !== "internal";
}

/** The admission as the policy of now gives it. @throws Refusal, UserError */
export function inForce(
  admission: Admission,
  instance: ActorInstance,
  connection: Connection,
): MaybePromise<Admission> {
  const scope = admission.context as InvocationScope;
  return isOutdated(instance, connection, scope)
    ? decideAgain(instance, connection, scope, admission.target)
    : admission;
}

/**
 * Takes the decision again, for the caller as he was proved. What the first one received is given back; what it changed has
 * joined the actor and stays. A denial is recorded: the record of the call says that it was admitted.
 * @throws Refusal, UserError
 */
export async function decideAgain(
  instance: ActorInstance,
  connection: Connection,
  scope: InvocationScope,
  target: InvokeTarget,
): Promise<Admission> {
  const { runtime, ref } = instance;
  scope.endDecision(false);
  const verdict = await admit(instance, {
    target,
    by: partiesOf(instance.compiled, target),
    credentials: connection.lease.credentials,
    kept: connection.kept,
    leaseEnd: () => instance.connections.endOf(connection),
    createContext: (caller) => scope.successor(caller),
  });
  if (verdict instanceof Admission) return verdict;
  runtime.decisions.record(
    runtime.host.clock.now(),
    ref.name,
    ref.key,
    target.kind,
    "name" in target ? target.name : "",
    connection.caller,
    outcomeOf(verdict),
    reasonOf(verdict),
    correlationOf(runtime.host, verdict),
    0,
  );
  throw verdict;
}
