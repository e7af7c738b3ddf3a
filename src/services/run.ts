/**
 * Owns running what the gate admitted: the one place that reaches handlers of services, and it spends the `Admission` first
 * (G3). A handler past its time is given up: its caller is told, its signal fires, and what it still does is logged.
 */

import { EXPIRED, withDeadline } from "../boundary/deadline.ts";
import { Refusal } from "../boundary/errors.ts";
import { Admission, endedLease, endedReply } from "../boundary/gate.ts";
import { andThen, isPromise, type MaybePromise } from "../boundary/maybe-promise.ts";
import type { Clock, Logger } from "../hosts/port.ts";
import type { LazyAbort } from "./abort.ts";
import { answerOf, dropBody } from "./answer.ts";
import type { Invocation } from "./context.ts";
import type { ServiceEntry } from "./entrypoints.ts";
import type { Admitted } from "./gate.ts";

export interface HandlerRun<Context extends Invocation> {
  readonly entry: ServiceEntry;
  readonly admitted: Admitted<Context>;
  readonly abort: LazyAbort;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Runs the handler; resolves to what it returned.
 * @throws Refusal `timeout`, or what the handler threw
 */
export function runHandler<Context extends Invocation>(
  run: HandlerRun<Context>,
  args: readonly unknown[],
): MaybePromise<unknown> {
  const { entry, admitted, clock } = run;
  Admission.spend(admitted.admission);
  let result: unknown;
  try {
    // A body or a schema may have taken longer than the credential lives (G7).
    const end = admitted.leaseEnd();
    if (end !== null) throw endedLease(end);
    result = entry.handle(admitted.admission.context, ...args);
  } catch (error) {
    admitted.delivery?.failed();
    throw error;
  }
  if (!isPromise(result)) return result;
  const running = Promise.resolve(result);
  if (!Number.isFinite(entry.timeout)) return failing(running, admitted);
  return withDeadline(failing(running, admitted), entry.timeout, clock).then((settled) => {
    if (settled !== EXPIRED) return settled;
    giveUp(run, running);
    throw new Refusal("timeout", { reason: "handler.deadline", group: "request" });
  });
}

function failing(result: Promise<unknown>, { delivery }: Admitted<Invocation>): Promise<unknown> {
  if (delivery === null) return result;
  return result.catch((error: unknown) => {
    delivery.failed();
    throw error;
  });
}

/** The delivery stays reserved until the handler ends: an equal one meanwhile is still in progress. */
function giveUp(run: HandlerRun<Invocation>, result: Promise<unknown>): void {
  const { entry, admitted, abort, log } = run;
  abort.abort(new Refusal("timeout", { reason: "handler.deadline", group: "request" }));
  const late = (outcome: string): void => {
    log.warn({ entrypoint: entry.name, outcome }, "a handler that had timed out ended");
  };
  result.then(
    (value) => {
      late("returned");
      if (!isSuccess(value)) {
        admitted.delivery?.failed();
        return;
      }
      admitted.delivery?.succeeded().catch((error: unknown) => {
        log.error({ entrypoint: entry.name, err: error }, "a delivery that had timed out could not be remembered");
      });
    },
    () => late("threw"),
  );
}

/** Whether what a handler returned is an answer that lets its sender take the delivery for done. */
function isSuccess(result: unknown): boolean {
  try {
    const { status, body } = answerOf(result);
    dropBody(body);
    return status < 400;
  } catch {
    return false;
  }
}

/** What comes in place of a reply whose caller's credential died while the handler ran (ruling 16); null while it lives. */
export function refuseReply(admitted: Admitted<Invocation>): Refusal | null {
  const end = admitted.leaseEnd();
  return end === null ? null : endedReply(end);
}

/** Remembers a delivery whose handler succeeded, before its sender is told. */
export function remember<T>(admitted: Admitted<Invocation>, result: T): MaybePromise<T> {
  const { delivery } = admitted;
  return delivery === null ? result : andThen(delivery.succeeded(), () => result);
}
