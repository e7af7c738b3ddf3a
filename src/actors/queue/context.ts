/**
 * Owns `c.queue` of one context: what was received through it, and the rule that one completable message is completed
 * before the next is received.
 */
import type { QueueRow } from "../../hosts/port.ts";
import { decode } from "../../protocol/json.ts";
import { alreadyCompleted, invalidOption, leaseLost, previousNotCompleted } from "./errors.ts";
import { WINDOW } from "./lane.ts";
import { Holder, type Lease } from "./leases.ts";
import type { ReceiveRequest } from "./receivers.ts";
import type { ActorQueue, BatchOptions, DeadMessage, QueueMessage, ReceiveOptions, SendOptions } from "./types.ts";

/** What contexts need of the queues of their actor. */
export interface ContextSource {
  receive(request: ReceiveRequest): Promise<readonly Lease[]>;
  acknowledge(holder: Holder): void;
  release(holder: Holder): void;
  expireLater(holder: Holder): void;
  move(from: Holder, to: Holder): void;
  complete(lease: Lease, reply: unknown): Promise<void>;
  /** `held`: the send belongs to the handling of a message and goes to disk with its acknowledgement. */
  send(name: string, body: unknown, id: string | undefined, held: () => boolean): Promise<QueueRow>;
  dead(name: string, limit: number, after: number): Promise<readonly QueueRow[]>;
  redrive(name: string, ids: readonly number[] | null): Promise<number>;
  /** Ends waits of this context; null where only the actor's stop does. */
  until(): AbortSignal | null;
  /** @throws Error in a decision, whose denial could not take it back (ruling 10) */
  assertMayChange(what: string): void;
}

type AnyOptions = BatchOptions & { readonly completable?: boolean };

const DEFAULT_DEAD = 100;
const MAX_DEAD = 1000;

/** The queue face of one context; `end` it when the context's invocation ends. */
export class QueueContext implements ActorQueue {
  readonly #source: ContextSource;
  readonly #holder = new Holder();
  /** Iterators hold apart: what one of two loops handles is not acknowledged by the other's receive. */
  readonly #iterators = new Set<Holder>();
  #isOver = false;

  constructor(source: ContextSource) {
    this.#source = source;
  }

  // The implementations take the widest options; the overloads of `ActorQueue` give callers the narrow ones.
  async next(options: ReceiveOptions & { readonly completable?: boolean } = {}): Promise<never> {
    return (await this.#receive(this.#holder, options))[0] as never;
  }

  async tryNext(options: AnyOptions = {}): Promise<never> {
    return (await this.#receive(this.#holder, { ...options, timeout: 0 }))[0] as never;
  }

  async nextBatch(options: AnyOptions = {}): Promise<never[]> {
    return (await this.#receive(this.#holder, options, options.count)) as never[];
  }

  async tryNextBatch(options: AnyOptions = {}): Promise<never[]> {
    return (await this.#receive(this.#holder, { ...options, timeout: 0 }, options.count)) as never[];
  }

  iter(options: AnyOptions = {}): AsyncIterableIterator<never> {
    const holder = new Holder();
    this.#iterators.add(holder);
    const end = (): IteratorReturnResult<undefined> => {
      this.#iterators.delete(holder);
      return { done: true, value: undefined };
    };
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      next: async () => {
        if (!this.#iterators.has(holder)) return { done: true, value: undefined };
        try {
          // Without a timeout an answer always has a message.
          const [message] = await this.#receive(holder, { ...options, timeout: undefined });
          return { done: false, value: message as never };
        } catch (error) {
          end();
          this.#source.move(holder, this.#holder);
          if (isAbort(error)) return { done: true, value: undefined };
          throw error;
        }
      },
      // `break`: the last message counts as handled with the context's next receive or end.
      return: async () => {
        this.#source.move(holder, this.#holder);
        return end();
      },
    };
  }

  async send(name: string, body: unknown, options: SendOptions = {}): Promise<never> {
    this.#source.assertMayChange("c.queue.send");
    return messageOf(await this.#source.send(name, body, options.id, () => this.isHolding), body) as never;
  }

  async dead(
    name: string,
    options: { readonly limit?: number; readonly after?: bigint | number } = {},
  ): Promise<DeadMessage<never>[]> {
    const limit = Math.max(1, Math.min(MAX_DEAD, options.limit ?? DEFAULT_DEAD));
    const rows = await this.#source.dead(name, limit, Number(options.after ?? 0));
    return rows.map((row) => ({ ...messageOf(row, decode(row.body)), reason: row.deadReason ?? "" })) as never[];
  }

  async redrive(name: string, ids?: readonly (bigint | number)[]): Promise<number> {
    this.#source.assertMayChange("c.queue.redrive");
    return this.#source.redrive(name, ids === undefined ? null : ids.map(Number));
  }

  /** True while messages received here are not acknowledged: their effect on state must not be committed alone. */
  get isHolding(): boolean {
    return this.#holders().some((holder) => holder.leases.size > 0);
  }

  /** Acknowledges what was received without `completable`. */
  acknowledgeHeld(): void {
    for (const holder of this.#holders()) this.#source.acknowledge(holder);
  }

  /** Gives back everything received here and not acknowledged. */
  releaseHeld(): void {
    for (const holder of this.#holders()) this.#source.release(holder);
  }

  /**
   * The invocation this context belongs to is over. Handled: messages are acknowledged, and those that wait for
   * `complete()` keep their lease for the visibility timeout. Failed: all of them are delivered again.
   */
  end(outcome: "handled" | "failed"): void {
    this.#isOver = true;
    if (outcome === "failed") this.releaseHeld();
    else this.acknowledgeHeld();
    for (const holder of this.#holders()) this.#source.expireLater(holder);
  }

  /** Nothing waits for the rest of this context: what it holds is delivered again after its lease, unless it is ended. */
  forsake(): void {
    this.#isOver = true;
    for (const holder of this.#holders()) this.#source.expireLater(holder);
  }

  #holders(): Holder[] {
    return [this.#holder, ...this.#iterators];
  }

  async #receive(holder: Holder, options: AnyOptions, count = 1): Promise<QueueMessage[]> {
    if (this.#holders().some((one) => one.hasUncompleted)) throw previousNotCompleted();
    if (this.isHolding) this.#source.assertMayChange("To receive again, which acknowledges what was received before,");
    const request = requestOf(holder, options, count, options.timeout === 0 ? null : this.#source.until());
    // In the same turn as the call: what the handler changed before it is in the same commit as the acknowledgement.
    this.#source.acknowledge(holder);
    const leases = await this.#source.receive(request);
    // Nothing ends these any more but `complete`, the next receive, or time.
    if (this.#isOver) this.#source.expireLater(holder);
    return leases.map((lease) => this.#message(lease));
  }

  #message(lease: Lease): QueueMessage {
    const message = messageOf(lease.row, decode(lease.row.body));
    if (!lease.completable) return message;
    return Object.assign(message, { complete: (reply?: unknown) => this.#complete(lease, reply) });
  }

  #complete(lease: Lease, reply: unknown): Promise<void> {
    const completed = this.#completeNow(lease, reply);
    // A handler may leave the promise alone; a failed commit stops the actor by itself.
    completed.catch(() => {});
    return completed;
  }

  async #completeNow(lease: Lease, reply: unknown): Promise<void> {
    if (lease.state === "done") throw alreadyCompleted();
    if (lease.state === "lost") throw leaseLost();
    this.#source.assertMayChange("To complete a message");
    await this.#source.complete(lease, reply);
  }
}

function requestOf(holder: Holder, options: AnyOptions, count: number, until: AbortSignal | null): ReceiveRequest {
  const { names, timeout, signal, completable } = options;
  if (timeout !== undefined && Number.isNaN(timeout)) throw invalidOption("`timeout` is a number of ms");
  return {
    holder,
    names: names === undefined || names.length === 0 ? null : [...new Set(names)],
    count: Math.max(1, Math.min(WINDOW, Math.floor(count) || 1)),
    timeout: timeout === undefined || timeout === Number.POSITIVE_INFINITY ? null : Math.max(0, timeout),
    signal: signal === undefined || until === null ? (signal ?? until) : AbortSignal.any([signal, until]),
    completable: completable ?? false,
  };
}

function messageOf(row: QueueRow, body: unknown): QueueMessage {
  return {
    id: BigInt(row.id),
    name: row.queue,
    body,
    createdAt: row.createdAt,
    attempt: row.attempt,
    caller: row.caller,
  };
}

function isAbort(error: unknown): boolean {
  return (error as { group?: unknown }).group === "actor" && (error as { code?: unknown }).code === "aborted";
}
