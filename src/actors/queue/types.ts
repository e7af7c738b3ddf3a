/** Owns the types of queues: what handlers see as `c.queue`, and what a queue needs of its actor. No code. */
import type { CallerRecord } from "../../boundary/scheme.ts";
import type { ActorRef, ActorStore, Clock, Logger } from "../../hosts/port.ts";
import type { Outbox } from "../outbox.ts";
import type { QueueToken } from "../tokens.ts";
import type { NameOf, QueueBody, QueueReply } from "../types.ts";

type BodyAt<Queues, Name> = [keyof Queues] extends [never]
  ? unknown
  : Name extends keyof Queues
    ? QueueBody<Queues[Name]>
    : never;
type ReplyAt<Queues, Name> = [keyof Queues] extends [never]
  ? unknown
  : Name extends keyof Queues
    ? QueueReply<Queues[Name]>
    : never;
/** Absent, optional or required, as the declared reply says. */
type ReplyArgs<Reply> = [Reply] extends [never] ? [] : undefined extends Reply ? [reply?: Reply] : [reply: Reply];

export interface QueueMessage<Name extends string = string, Body = unknown> {
  /** Ascending in each actor, from 1, across its queues. */
  readonly id: bigint;
  readonly name: Name;
  readonly body: Body;
  /** Epoch ms. */
  readonly createdAt: number;
  /** 1 at the first delivery. */
  readonly attempt: number;
  /** Who sent it, as data (ruling 18); null for the actor's own sends. */
  readonly caller: CallerRecord | null;
}

export interface CompletableMessage<Name extends string = string, Body = unknown, Reply = unknown>
  extends QueueMessage<Name, Body> {
  /**
   * Acknowledges the message in one commit with the state changed so far; resolves when that is durable. `reply`
   * answers a sender that waits.
   * @throws Refusal `queue/already_completed`, `queue/lease_lost`, `queue/invalid_completion_payload`,
   *   `queue/message_invalid`, `queue/message_too_large`
   */
  complete(...reply: ReplyArgs<Reply>): Promise<void>;
}

export interface ReceiveOptions<Name extends string = string> {
  /** Queues to receive from; all when absent or empty. */
  readonly names?: readonly Name[];
  /** ms to wait at most; 0 = not at all, absent = without limit. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}
export interface BatchOptions<Name extends string = string> extends ReceiveOptions<Name> {
  /** Messages at most, 1 to 256. Waits for the first only, never to fill the batch. */
  readonly count?: number;
}
interface Plain {
  readonly completable?: false;
}
interface Completable {
  /** True: acknowledged by `complete()`. Otherwise with the next receive, or when the handler or `run` ends. */
  readonly completable: true;
}

type MessageOf<Queues, Name> = Name extends string ? QueueMessage<Name, BodyAt<Queues, Name>> : never;
type CompletableOf<Queues, Name> = Name extends string
  ? CompletableMessage<Name, BodyAt<Queues, Name>, ReplyAt<Queues, Name>>
  : never;

export interface DeadMessage<Body = unknown> extends QueueMessage<string, Body> {
  /** Why it was given up, for people. */
  readonly reason: string;
}

export interface SendOptions {
  /** Idempotency id, at most 256 characters: the same id in the same queue twice is one message. */
  readonly id?: string;
}

/** `c.queue`: durable FIFO queues of one actor. */
export interface ActorQueue<Queues = unknown> {
  /**
   * The next message, or undefined when the timeout passed.
   * @throws Refusal `actor/aborted` when the actor stops or the signal fires, `queue/previous_message_not_completed`
   */
  next<Name extends NameOf<Queues> = NameOf<Queues>>(
    options?: ReceiveOptions<Name> & Plain,
  ): Promise<MessageOf<Queues, Name> | undefined>;
  next<Name extends NameOf<Queues> = NameOf<Queues>>(
    options: ReceiveOptions<Name> & Completable,
  ): Promise<CompletableOf<Queues, Name> | undefined>;
  /** The next message if one is there now. */
  tryNext<Name extends NameOf<Queues> = NameOf<Queues>>(
    options?: Omit<ReceiveOptions<Name>, "timeout"> & Plain,
  ): Promise<MessageOf<Queues, Name> | undefined>;
  tryNext<Name extends NameOf<Queues> = NameOf<Queues>>(
    options: Omit<ReceiveOptions<Name>, "timeout"> & Completable,
  ): Promise<CompletableOf<Queues, Name> | undefined>;
  /** As `next`, several at once; empty when the timeout passed. */
  nextBatch<Name extends NameOf<Queues> = NameOf<Queues>>(
    options?: BatchOptions<Name> & Plain,
  ): Promise<MessageOf<Queues, Name>[]>;
  nextBatch<Name extends NameOf<Queues> = NameOf<Queues>>(
    options: BatchOptions<Name> & Completable,
  ): Promise<CompletableOf<Queues, Name>[]>;
  tryNextBatch<Name extends NameOf<Queues> = NameOf<Queues>>(
    options?: Omit<BatchOptions<Name>, "timeout"> & Plain,
  ): Promise<MessageOf<Queues, Name>[]>;
  tryNextBatch<Name extends NameOf<Queues> = NameOf<Queues>>(
    options: Omit<BatchOptions<Name>, "timeout"> & Completable,
  ): Promise<CompletableOf<Queues, Name>[]>;
  /** One message a step; ends quietly when the actor stops or the signal fires. */
  iter<Name extends NameOf<Queues> = NameOf<Queues>>(
    options?: Omit<ReceiveOptions<Name>, "timeout"> & Plain,
  ): AsyncIterableIterator<MessageOf<Queues, Name>>;
  iter<Name extends NameOf<Queues> = NameOf<Queues>>(
    options: Omit<ReceiveOptions<Name>, "timeout"> & Completable,
  ): AsyncIterableIterator<CompletableOf<Queues, Name>>;
  /**
   * Enqueues in the commit of this handler's changes; resolves as soon as that is staged.
   * @throws Refusal `queue/full`, `queue/message_too_large`, `queue/message_invalid`, `queue/invalid_payload`
   */
  send<Name extends NameOf<Queues>>(
    name: Name,
    body: BodyAt<Queues, Name>,
    options?: SendOptions,
  ): Promise<MessageOf<Queues, Name>>;
  /** Dead-lettered messages in ascending id order, at most `limit` (default 100, at most 1000), after the id `after`. */
  dead<Name extends NameOf<Queues>>(
    name: Name,
    options?: { readonly limit?: number; readonly after?: bigint | number },
  ): Promise<DeadMessage<BodyAt<Queues, Name>>[]>;
  /**
   * Puts dead-lettered messages back, all or those named, with attempts counted anew, as far as the queue has room.
   * @returns how many
   */
  redrive<Name extends NameOf<Queues>>(name: Name, ids?: readonly (bigint | number)[]): Promise<number>;
}

/** What queues need of the actor they belong to. */
export interface QueueCore {
  readonly ref: ActorRef;
  readonly clock: Clock;
  readonly store: ActorStore;
  readonly outbox: Outbox;
  readonly log: Logger;
  readonly limits: { readonly maxQueueSize: number; readonly maxQueueMessageSize: number };
  /** Null where the actor declares no `queues`: names are open. */
  readonly declared: ReadonlyMap<string, { readonly token: QueueToken }> | null;
  /** Rows in each queue when the actor was loaded. */
  readonly counts: Readonly<Record<string, { readonly ready: number; readonly dead: number }>>;
  /** Takes the next message id. */
  nextId(): number;
  isStopping(): boolean;
  readonly stopSignal: AbortSignal;
  /** True if the sender of a stored message has been revoked since. */
  isRevoked(caller: CallerRecord): boolean;
  /** The earliest instant of `ActorQueues.earliest` may have changed. */
  onChange(): void;
  /** A message came in: the actor is in use. */
  onActivity(): void;
  /** Hands staged writes over; `outbox.settle()` when absent. An actor may hold it back while a handler runs. */
  settle?(): void;
}

/** A send from outside the actor, admitted by the gate. */
export interface EnqueueRequest {
  readonly name: string;
  readonly body: unknown;
  readonly caller: CallerRecord | null;
  readonly id?: string | undefined;
  /** Waits for the message to be completed. */
  readonly wait?: boolean | undefined;
  /** ms; with `wait`. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a sender is told, after it is durable (G8). */
export type QueueReceipt =
  | { readonly status: "queued"; readonly id: bigint; readonly duplicate: boolean }
  | { readonly status: "completed"; readonly response?: unknown }
  | { readonly status: "timedOut" };
