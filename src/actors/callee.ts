/**
 * Owns running an internal call through the gate of the runtime that holds the actor: what `c.client()` calls end in. The
 * caller was minted by the channel that made the call, in this runtime or in one beside it (ruling 24).
 */
import { recordOf } from "../boundary/caller.ts";
import { Refusal } from "../boundary/errors.ts";
import { andThen, type MaybePromise } from "../boundary/maybe-promise.ts";
import type { InternalCaller } from "../boundary/scheme.ts";
import type { Socket } from "../hosts/port.ts";
import { decode, encode } from "../protocol/json.ts";
import type { Callee, InternalSend, InternalTarget } from "./callee-port.ts";
import { Admission, partiesOf } from "./gate.ts";
import { failureResponse } from "./inbound.ts";
import type { ActorInstance } from "./instance.ts";
import { internalPresentation, serveInternal } from "./internal-upgrade.ts";
import { wireReceipt } from "./rpc.ts";
import type { Runtime } from "./runtime.ts";
import { openEventStream } from "./sse.ts";
import { openStanding } from "./standing.ts";
import { invokeStateless, type StatelessCall } from "./stateless.ts";
import type { InvokeTarget } from "./types.ts";

/** Values cross between actors by copy, exactly as they would over the wire. */
export function copy<T>(value: T, what: string): T {
  return decode(encode(value, what)) as T;
}

/** What a call answers, once all that it rests on is on disk; a failure too may rest on what was changed (G8). */
async function onDisk<T>(instance: ActorInstance, run: () => MaybePromise<T>): Promise<T> {
  try {
    return await run();
  } finally {
    if (!instance.outbox.idle) await instance.outbox.durable();
  }
}

/** Internal calls to actors of this runtime. */
export class LocalCallee implements Callee {
  readonly #runtime: Runtime;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  async action(target: InternalTarget, name: string, args: readonly unknown[]): Promise<unknown> {
    const call = this.#stateless(target, { kind: "action", name }, null);
    return invokeStateless(this.#runtime, call, (admission, instance, connection) =>
      onDisk(instance, () =>
        andThen(instance.invocations.runAction(admission, args, connection), (value) => copy(value, "output")),
      ),
    );
  }

  async send(target: InternalTarget, queue: string, body: unknown, options: InternalSend): Promise<unknown> {
    const call = this.#stateless(target, { kind: "queue", name: queue }, null);
    const receipt = await invokeStateless(this.#runtime, call, (admission, instance) => {
      Admission.spend(admission);
      const sent = instance.queues.enqueue({
        name: queue,
        body,
        caller: recordOf(admission.caller),
        wait: options.wait,
        timeout: options.timeout,
        id: options.id,
      });
      instance.outbox.settle();
      return sent;
    });
    return options.wait === true ? wireReceipt(receipt) : undefined;
  }

  async fetch(target: InternalTarget, request: Request): Promise<Response> {
    const entrypoint = { kind: "request", method: request.method, path: new URL(request.url).pathname } as const;
    const call = this.#stateless(target, entrypoint, () => request);
    return invokeStateless(this.#runtime, call, (admission, instance) => {
      const answering = instance.invocations.runRequest(admission, request);
      return onDisk(instance, () => answering).catch((error: unknown) => {
        // Nobody reads what it answered, if it did.
        answering.then(({ body }) => body?.cancel()).catch(() => {});
        throw error;
      });
    });
  }

  async events(target: InternalTarget, name: string, signal: AbortSignal): Promise<Response> {
    const runtime = this.#runtime;
    try {
      const call = this.#stateless(target, { kind: "subscribe", name }, null);
      const { body } = await invokeStateless(
        runtime,
        { ...call, keepConnection: true },
        (admission, instance, connection) => openEventStream(admission, instance, connection, name, signal),
      );
      return new Response(body as ReadableStream<Uint8Array>);
    } catch (error) {
      const { status, headers, body } = failureResponse(runtime, error, target.name);
      return new Response(body as string, { status, headers: headers as [string, string][] });
    }
  }

  async open(target: InternalTarget): Promise<{ readonly id: string; readonly created: boolean }> {
    const runtime = this.#runtime;
    const { instance, connection, created } = await openStanding(runtime, {
      compiled: this.#compiled(target.name),
      address: target.address,
      kind: "stateless",
      presentation: internalPresentation(target.caller),
      mode: target.mode,
      input: target.input,
      params: target.params,
      request: null,
    });
    connection.lost();
    return { id: instance.id, created };
  }

  connect(caller: InternalCaller, path: string, offered: readonly string[], socket: Socket): void {
    serveInternal(this.#runtime, caller, path, offered, socket);
  }

  #compiled(name: string) {
    const compiled = this.#runtime.actors.get(name);
    if (compiled === undefined) throw new Refusal("not_found", { reason: "actor.unknown_type" });
    return compiled;
  }

  #stateless(target: InternalTarget, entrypoint: InvokeTarget, request: (() => Request) | null): StatelessCall {
    const compiled = this.#compiled(target.name);
    return {
      compiled,
      address: target.address,
      target: entrypoint,
      by: partiesOf(compiled, entrypoint),
      kind: "stateless",
      presentation: internalPresentation(target.caller),
      mode: target.mode,
      input: target.input,
      params: target.params,
      request,
      keepConnection: false,
    };
  }
}
