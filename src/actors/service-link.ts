/** Owns how code refers to services, and what actors need of them: function calls under their own name (ruling 6). */
import type { InternalCaller } from "../boundary/scheme.ts";

/** A call of a service, as `c.call` takes it: `api.calls.total`. Holds no right by itself. */
export interface CallRef<Args extends readonly unknown[] = readonly unknown[], Result = unknown> {
  readonly type: "call";
  readonly name: string;
  /** Identity of the definition it belongs to. */
  readonly service: object;
  readonly "~call"?: (...args: Args) => Result;
}

/** A queue of a service, as `c.send` takes it: `api.queues.mail`. */
export interface QueueRef<Message = unknown> {
  readonly type: "queue";
  readonly name: string;
  readonly service: object;
  readonly "~message"?: (message: Message) => void;
}

export interface ServiceSendOptions {
  /** Idempotency id, at most 256 characters: the same id in the same queue twice is one message. */
  readonly id?: string;
}

/** What a sender is told, after it is durable. */
export interface ServiceReceipt {
  /** True when a message with this id was there already. */
  readonly duplicate: boolean;
}

/** The services of a registry, as its actors reach them. */
export interface ServiceLink {
  /** @throws ConfigurationError `service.unknown_ref`; Refusal, UserError: what the callee answered */
  call(ref: CallRef, caller: InternalCaller, args: readonly unknown[]): Promise<unknown>;
  /** @throws ConfigurationError `service.unknown_ref`; Refusal `queue/…` */
  send(ref: QueueRef, caller: InternalCaller, message: unknown, id: string | undefined): Promise<ServiceReceipt>;
}
