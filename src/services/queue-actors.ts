/**
 * Owns durable queues of services: each is a reserved actor with one queue and a `run` that consumes it, so that order, backoff,
 * idempotency ids, dead letters, sleeping and waking are those of actor queues (G8, G9). Its type name has a slash, which no
 * path and no setup can spell: nothing from outside addresses it.
 */

import { type AnyActorDefinition, actor } from "../actors/define.ts";
import { type CompiledActor, compileActor } from "../actors/entrypoints.ts";
import type { CompletableMessage, DeadMessage, QueueContext } from "../actors/queue.ts";
import type { Runtime } from "../actors/runtime.ts";
import { invokeStateless } from "../actors/stateless.ts";
import { queue } from "../actors/tokens.ts";
import { recordOf } from "../boundary/caller.ts";
import { ConfigurationError, Refusal } from "../boundary/errors.ts";
import { Admission } from "../boundary/gate.ts";
import { Caller } from "../boundary/party.ts";
import type { CallerRecord, InternalCaller } from "../boundary/scheme.ts";
import { keyText } from "../protocol/key.ts";
import type { CompiledService, QueueConsumer } from "./entrypoints.ts";
import { internalPresentation } from "./internal-presentation.ts";
import type { QueueResult, ServiceMessage, ServiceReceipt } from "./types.ts";

/** Hands one delivery to its handler; never rejects. */
export type Deliver = (entry: QueueConsumer, message: ServiceMessage) => Promise<QueueResult>;

const KEY: readonly string[] = [];

export class QueueActors {
  /** Reserved actors by type name, to start the runtime with. */
  readonly actors: ReadonlyMap<string, CompiledActor>;
  readonly #entries = new Map<string, QueueConsumer>();
  #runtime: Runtime | null = null;
  #deliver: Deliver | null = null;

  constructor(services: Iterable<CompiledService>) {
    const actors = new Map<string, CompiledActor>();
    for (const service of services) {
      for (const entry of service.queues.values()) {
        const name = typeName(entry);
        actors.set(name, compileActor(name, this.#define(entry)));
        this.#entries.set(name, entry);
      }
    }
    this.actors = actors;
  }

  /** Connects the queues with the runtime that holds them and the handlers that consume them; before anything is woken. */
  bind(runtime: Runtime, deliver: Deliver): void {
    this.#runtime = runtime;
    this.#deliver = deliver;
  }

  /** Enqueues for `caller`; null = the program itself. Resolves when the message is durable. */
  async send(
    entry: QueueConsumer,
    body: unknown,
    caller: InternalCaller | null,
    id: string | undefined,
  ): Promise<ServiceReceipt> {
    const sender = caller === null ? null : await this.#senderOf(caller);
    const ask = this.#running().surroundings?.keeperOf(typeName(entry));
    if (ask != null) return (await ask("send", [body, sender, id])) as ServiceReceipt;
    return this.#enqueue(entry, body, sender, id);
  }

  /** Answers what `keeperOf` was asked, in the runtime that holds the queue called `name`. */
  async answer(name: string, question: string, args: readonly unknown[]): Promise<unknown> {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw new Refusal("not_found", { reason: "queue.unknown" });
    // The arguments are those with which `send`, `dead` and `redrive` ask.
    if (question === "send")
      return this.#enqueue(entry, ...(args as [unknown, CallerRecord | null, string | undefined]));
    if (question === "dead") return this.dead(entry, args[0] as Parameters<QueueActors["dead"]>[1]);
    return this.redrive(entry, args[0] as Parameters<QueueActors["redrive"]>[1]);
  }

  async #enqueue(
    entry: QueueConsumer,
    body: unknown,
    sender: CallerRecord | null,
    id: string | undefined,
  ): Promise<ServiceReceipt> {
    const runtime = this.#running();
    const compiled = this.actors.get(typeName(entry))!;
    const receipt = await invokeStateless(
      runtime,
      {
        compiled,
        address: { key: KEY },
        target: { kind: "queue", name: entry.name },
        by: compiled.by,
        kind: "stateless",
        presentation: internalPresentation({ kind: "producer", subject: `${entry.service.name}/${entry.name}` }),
        mode: "getOrCreate",
        input: undefined,
        params: undefined,
        request: null,
        keepConnection: false,
      },
      (admission, instance) => {
        Admission.spend(admission);
        const sent = instance.queues.enqueue({ name: entry.name, body, caller: sender, id });
        instance.outbox.settle();
        return sent;
      },
    );
    return { duplicate: receipt.status !== "queued" || receipt.duplicate };
  }

  /** Dead-lettered messages in ascending id order, at most `limit`, after the id `after`. */
  async dead(
    entry: QueueConsumer,
    options: { readonly limit?: number; readonly after?: bigint | number },
  ): Promise<readonly DeadMessage[]> {
    const ask = this.#running().surroundings?.keeperOf(typeName(entry));
    if (ask != null) return (await ask("dead", [options])) as readonly DeadMessage[];
    return (await this.#context(entry))?.dead(entry.name, options) ?? [];
  }

  /** Puts dead-lettered messages back, all or those named; how many. */
  async redrive(entry: QueueConsumer, ids: readonly (bigint | number)[] | undefined): Promise<number> {
    const ask = this.#running().surroundings?.keeperOf(typeName(entry));
    if (ask != null) return (await ask("redrive", [ids])) as number;
    return (await this.#context(entry))?.redrive(entry.name, ids) ?? 0;
  }

  async #context(entry: QueueConsumer): Promise<QueueContext | null> {
    const name = typeName(entry);
    const ref = { name, key: keyText(KEY) };
    return (await this.#running().locate(this.actors.get(name)!, ref, KEY))?.queues.forContext() ?? null;
  }

  #running(): Runtime {
    if (this.#runtime !== null) return this.#runtime;
    throw new ConfigurationError("registry.not_started", "The registry does not run yet: serve it, or fetch from it.");
  }

  /** The sender as data (ruling 18), in the words in which a call would name it. */
  async #senderOf(caller: InternalCaller): Promise<CallerRecord | null> {
    const credentials = await this.#running().prove(Caller, internalPresentation({ kind: "caller", caller }));
    const resolved = credentials.resolve(Caller).caller;
    return resolved === null ? null : recordOf(resolved);
  }

  #define(entry: QueueConsumer): AnyActorDefinition {
    const token = queue({
      maxAttempts: entry.maxAttempts,
      ...(entry.message === null ? {} : { message: entry.message }),
    });
    return actor({
      by: entry.by,
      queues: { [entry.name]: token },
      options: { maxQueueSize: entry.maxSize, maxQueueMessageSize: entry.maxMessageSize },
      run: (c) => this.#consume(entry, c.queue as unknown as QueueContext, () => c.aborted),
    });
  }

  async #consume(entry: QueueConsumer, messages: QueueContext, isStopping: () => boolean): Promise<void> {
    const options = { names: [entry.name], count: entry.concurrency, completable: true } as const;
    while (!isStopping()) {
      let batch: readonly CompletableMessage[];
      try {
        batch = await messages.nextBatch(options);
      } catch (error) {
        if (isStopping()) return;
        throw error;
      }
      await Promise.all(batch.map((message) => this.#handle(entry, message)));
      // What was not completed comes again, after a pause.
      messages.releaseHeld();
    }
  }

  async #handle(entry: QueueConsumer, message: CompletableMessage): Promise<void> {
    const { id, body, attempt, createdAt, caller } = message;
    const result = await this.#deliver!(entry, { id: String(id), body, attempt, createdAt, sender: caller });
    if (result.status === "ack") void message.complete();
  }
}

function typeName(entry: QueueConsumer): string {
  return `$queue/${entry.service.name}/${entry.name}`;
}
