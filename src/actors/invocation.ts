/**
 * Owns running what the gate admitted. Every function that reaches handler code takes the `Admission` first and spends
 * it (G3). Payloads are parsed here, after the decision.
 */

import { EXPIRED, withDeadline } from "../boundary/deadline.ts";
import { Refusal } from "../boundary/errors.ts";
import { endedLease, endedReply } from "../boundary/gate.ts";
import { isPromise, type MaybePromise } from "../boundary/maybe-promise.ts";
import type { AnyParty } from "../boundary/party.ts";
import { validated } from "../boundary/schema.ts";
import type { Clock, ScheduleRow } from "../hosts/port.ts";
import { decode } from "../protocol/json.ts";
import type { Connection } from "./connection.ts";
import { InvocationScope } from "./context.ts";
import type { ActionEntry } from "./entrypoints.ts";
import { Admission, admitOwn } from "./gate.ts";
import type { ActorInstance } from "./instance.ts";
import { decideAgain, isOutdated } from "./second-decision.ts";
import { untracked } from "./state.ts";

export class Invocations {
  readonly #instance: ActorInstance;
  readonly #serial = new Map<string, Promise<unknown>>();
  #running = 0;

  constructor(instance: ActorInstance) {
    this.#instance = instance;
  }

  /** True while a handler is between its start and its end: its changes are committed when it ends. */
  get isRunning(): boolean {
    return this.#running > 0;
  }

  /** Runs an admitted action. What it returns, or throws, is ready to be answered; its changes are staged. */
  runAction(admission: Admission, args: unknown, connection: Connection): MaybePromise<unknown> {
    Admission.spend(admission);
    const entry = this.#entryOf(admission);
    const scope = admission.context as InvocationScope;
    if (!Array.isArray(args)) return throwRefusal(invalidArguments("The arguments of an action are a list"));
    if (entry.input === null && !entry.serial) return this.#start(entry, scope, args, connection);
    return this.#prepared(entry, scope, args, connection);
  }

  #entryOf(admission: Admission): ActionEntry {
    const { target } = admission;
    const entry = target.kind === "action" ? this.#instance.compiled.actions.get(target.name) : undefined;
    // The gate refuses unknown actions; reaching this without an entry is a defect of ours.
    if (entry === undefined) throw new Refusal("fault", { reason: "action.no_entry" });
    return entry;
  }

  async #prepared(
    entry: ActionEntry,
    scope: InvocationScope,
    args: readonly unknown[],
    connection: Connection,
  ): Promise<unknown> {
    const given = entry.input === null ? args : await this.#parsed(entry, args);
    if (!entry.serial) return this.#start(entry, scope, given, connection);
    const before = this.#serial.get(entry.name) ?? Promise.resolve();
    const mine = before.then(() => this.#start(entry, scope, given, connection));
    const settled = mine.catch(() => {});
    this.#serial.set(entry.name, settled);
    settled.finally(() => {
      if (this.#serial.get(entry.name) === settled) this.#serial.delete(entry.name);
    });
    return mine;
  }

  /** An actor does not fall asleep over a schema. */
  async #parsed(entry: ActionEntry, args: readonly unknown[]): Promise<readonly unknown[]> {
    this.#instance.pin();
    try {
      return await parseInput(entry, args, this.#instance.clock);
    } finally {
      this.#instance.unpin();
    }
  }

  #start(
    entry: ActionEntry,
    scope: InvocationScope,
    args: readonly unknown[],
    connection: Connection,
  ): MaybePromise<unknown> {
    // A body, a schema or a turn may have taken longer than the lease (G7).
    const end = connection.leaseEnd();
    if (end !== null) throw endedLease(end);
    if (isOutdated(this.#instance, connection, scope)) return this.#startAnew(entry, scope, args, connection);
    this.#running += 1;
    this.#instance.pin();
    if (entry.atomic) scope.beginAtomic();
    let output: unknown;
    try {
      output = entry.handler(scope, ...args);
    } catch (error) {
      this.#end(entry, scope, false);
      throw error;
    }
    if (isPromise(output)) return this.#await(entry, scope, args, Promise.resolve(output), connection);
    // A tracked view would encode ten times slower, and show later changes; the tree behind it is what was returned.
    output = untracked(output);
    this.#end(entry, scope, true);
    return this.#respond(entry, args, output);
  }

  /** They may also have taken longer than its decision holds. */
  async #startAnew(
    entry: ActionEntry,
    scope: InvocationScope,
    args: readonly unknown[],
    connection: Connection,
  ): Promise<unknown> {
    const target = { kind: "action", name: entry.name } as const;
    const admission = await decideAgain(this.#instance, connection, scope, target);
    Admission.spend(admission);
    return this.#start(entry, admission.context as InvocationScope, args, connection);
  }

  async #await(
    entry: ActionEntry,
    scope: InvocationScope,
    args: readonly unknown[],
    running: Promise<unknown>,
    connection: Connection,
  ): Promise<unknown> {
    const { actionTimeout } = this.#instance.compiled.options;
    let output: unknown;
    try {
      output = await withDeadline(running, actionTimeout, this.#instance.clock);
    } catch (error) {
      this.#end(entry, scope, false);
      throw error;
    }
    if (output === EXPIRED) {
      this.#abandon(entry, scope, running);
      throw new Refusal("timeout", { reason: "action.deadline" });
    }
    output = untracked(output);
    this.#end(entry, scope, true);
    const end = connection.leaseEnd();
    if (end !== null) throw endedReply(end);
    return this.#respond(entry, args, output);
  }

  /** The caller was told `timed_out`; the handler goes on, its signal fires, and what it still changes is logged. */
  #abandon(entry: ActionEntry, scope: InvocationScope, running: Promise<unknown>): void {
    scope.outlive();
    scope.abandon(new Refusal("timeout", { reason: "action.deadline" }));
    const late = (outcome: string): void => {
      this.#instance.log.warn(
        { action: entry.name, outcome },
        "an action that had timed out ended; its changes are kept",
      );
      try {
        this.#end(entry, scope, outcome === "returned");
      } finally {
        scope.endOutlived();
      }
    };
    running
      .then(
        () => late("returned"),
        () => late("threw"),
      )
      .catch((error: unknown) =>
        this.#instance.log.error({ err: error, action: entry.name }, "its changes were dropped"),
      );
  }

  /** @throws StateError when an atomic action's changes, or those made while it held messages, cannot be applied */
  #end(entry: ActionEntry, scope: InvocationScope, succeeded: boolean): void {
    this.#running -= 1;
    this.#instance.unpin();
    let applied = false;
    try {
      // State first: a change that cannot be applied must not leave its message acknowledged.
      if (entry.atomic) scope.endAtomic(succeeded);
      scope.endQueue(succeeded ? "handled" : "failed");
      applied = succeeded;
      if (succeeded) scope.remember();
    } finally {
      if (succeeded && !applied) scope.endQueue("failed");
      scope.unlink();
      scope.onEnd?.(applied);
      this.#instance.outbox.settle();
    }
  }

  #respond(entry: ActionEntry, args: readonly unknown[], output: unknown): MaybePromise<unknown> {
    const { onBeforeActionResponse } = this.#instance.compiled.config;
    if (onBeforeActionResponse === undefined) return output;
    const failed = (error: unknown): unknown => {
      this.#instance.log.error(
        { err: error, action: entry.name },
        "onBeforeActionResponse failed; the output is sent as it was",
      );
      return output;
    };
    try {
      const replaced = this.#instance.inScope((scope) => onBeforeActionResponse(scope, entry.name, [...args], output));
      return isPromise(replaced) ? replaced.catch(failed) : replaced;
    } catch (error) {
      return failed(error);
    }
  }

  /** Runs an action of the actor's own schedule: admitted as `Scheduler`, not judged by `canInvoke` (ruling 6). */
  async runScheduled(row: ScheduleRow, scheduler: AnyParty, finished: (succeeded: boolean) => void): Promise<void> {
    const { runtime, compiled } = this.#instance;
    const started = runtime.host.clock.now();
    const credentials = await runtime.prove(scheduler, {
      channel: { kind: "scheduler", subject: `${this.#instance.ref.name}/${this.#instance.ref.key}` },
      method: "",
      url: "",
      header: () => null,
      body: null,
      frameToken: null,
    });
    const target = { kind: "action", name: row.action } as const;
    const resolution = credentials.resolve(scheduler);
    if (resolution.caller === null) throw resolution.refusal;
    const connection = await this.#instance.connections.open({
      kind: "internal",
      credentials,
      caller: resolution.caller,
      params: undefined,
      request: null,
    });
    const verdict = admitOwn(
      target,
      credentials,
      scheduler,
      (caller) => new InvocationScope(this.#instance, connection, caller),
    );
    const outcome = verdict instanceof Admission ? "ok" : "forbidden";
    runtime.decisions.record(
      started,
      compiled.name,
      this.#instance.ref.key,
      "action",
      row.action,
      resolution.caller,
      outcome,
      "",
      null,
      0,
    );
    if (!(verdict instanceof Admission)) throw verdict;
    if (!compiled.actions.has(row.action)) {
      this.#instance.log.error(
        { action: row.action, schedule: row.id },
        "a schedule names an action that does not exist",
      );
      return;
    }
    (verdict.context as InvocationScope).onEnd = finished;
    await this.runAction(verdict, decode(row.args), connection);
  }

  /** Runs the raw HTTP handler. */
  async runRequest(admission: Admission, request: Request): Promise<Response> {
    Admission.spend(admission);
    const { onRequest } = this.#instance.compiled.config;
    if (onRequest === undefined) throw new Refusal("fault", { reason: "request.no_entry" });
    const scope = admission.context as InvocationScope;
    let response: unknown;
    this.#running += 1;
    try {
      response = await onRequest(scope, request);
      assertSendable(response, this.#instance.compiled.name);
      // What it received is acknowledged in the commit of what it changed, or given back with it; a delivery whose changes
      // cannot be applied is none that was done.
      if (response.status < 500) {
        scope.endHandled();
        scope.remember();
      } else {
        scope.endQueue("failed");
      }
      return response;
    } catch (error) {
      scope.endQueue("failed");
      // Nobody reads what it answered.
      if (response instanceof Response) response.body?.cancel().catch(() => {});
      throw error;
    } finally {
      this.#running -= 1;
      this.#instance.outbox.settle();
    }
  }

  /** Starts the raw socket handler; what it attaches synchronously misses nothing. */
  runWebSocket(admission: Admission, socket: unknown): MaybePromise<unknown> {
    Admission.spend(admission);
    const { onWebSocket } = this.#instance.compiled.config;
    if (onWebSocket === undefined) throw new Refusal("fault", { reason: "websocket.no_entry" });
    try {
      return onWebSocket(admission.context, socket as never);
    } finally {
      this.#instance.outbox.settle();
    }
  }
}

/** `Response.error()` has no status that could be sent. */
function assertSendable(response: unknown, actor: string): asserts response is Response {
  if (response instanceof Response && response.status !== 0) return;
  throw new Refusal("fault", {
    reason: "request.no_response",
    cause: new TypeError(`onRequest of "${actor}" must return a Response that can be sent.`),
  });
}

async function parseInput(entry: ActionEntry, args: readonly unknown[], clock: Clock): Promise<readonly unknown[]> {
  const result = await validated(entry.input!, args[0], clock, "action.input");
  if (result.issues === undefined) return [result.value, ...args.slice(1)];
  throw new Refusal("malformed", {
    reason: "action.input",
    group: "action",
    code: "invalid_request",
    message: "The input does not satisfy its schema",
    metadata: { issues: result.issues.map(({ message, path }) => ({ message, path: path?.map(String) ?? [] })) },
  });
}

export function invalidArguments(message: string): Refusal {
  return new Refusal("malformed", { reason: "action.arguments", group: "action", code: "invalid_request", message });
}

function throwRefusal(refusal: Refusal): never {
  throw refusal;
}
