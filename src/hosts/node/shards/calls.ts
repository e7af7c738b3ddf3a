/**
 * Owns calls between threads: numbered, each answered once, by a value or a failure. A call whose other side is gone fails
 * as one does after a crash: it may have run, or not.
 */
import { Refusal } from "../../../boundary/errors.ts";
import { type Channel, OP, type Op } from "./channel.ts";
import { errorOf, failureOf, type ThreadFailure } from "./failure.ts";

/** Calls without an answer, each way (G12). */
const MAX_PENDING = 65_536;

/** What is known of a call beside its data. */
export interface CallContext {
  readonly id: number;
  /** Fires when whoever asked went away. Watching begins with the first use. */
  readonly signal: AbortSignal;
}

export type CallHandler = (method: string, data: unknown, context: CallContext) => Promise<unknown>;

interface Pending {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  readonly watch: (() => AbortSignal) | null;
}

export class Calls {
  readonly #channel: Channel;
  readonly #handler: CallHandler;
  readonly #pending = new Map<number, Pending>();
  readonly #watched = new Map<number, AbortController>();
  #last = 0;

  constructor(channel: Channel, handler: CallHandler) {
    this.#channel = channel;
    this.#handler = handler;
  }

  /** Calls on their way. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Calls the other side although too many calls wait already: for what every thread must know. */
  tell(method: string, data: unknown): Promise<unknown> {
    return this.#channel.isOpen ? this.#post(method, data, null) : Promise.reject(threadGone());
  }

  /** Calls the other side. `watch` gives the signal of the peer behind the call, should the other side ask for it. */
  call(method: string, data: unknown, watch: (() => AbortSignal) | null = null): Promise<unknown> {
    if (!this.#channel.isOpen) return Promise.reject(threadGone());
    if (this.#pending.size >= MAX_PENDING) {
      return Promise.reject(new Refusal("overloaded", { reason: "shard.calls", retryAfter: 1 }));
    }
    return this.#post(method, data, watch);
  }

  #post(method: string, data: unknown, watch: (() => AbortSignal) | null): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = ++this.#last;
      this.#pending.set(id, { resolve, reject, watch });
      this.#channel.post(OP.call, id, [method, data]);
    });
  }

  /** True when the triple was about a call. */
  receive(op: Op, id: number, value: unknown): boolean {
    switch (op) {
      case OP.call:
        // The casts hold because the same class on the other side sends these.
        void this.#answer(id, value as readonly [string, unknown]);
        return true;
      case OP.result:
        this.#take(id)?.resolve(value);
        return true;
      case OP.failure:
        this.#take(id)?.reject(errorOf(value as ThreadFailure));
        return true;
      case OP.watch:
        this.#watch(id);
        return true;
      case OP.abort:
        this.#watched.get(id)?.abort(new Error("the peer went away"));
        this.#watched.delete(id);
        return true;
      default:
        return false;
    }
  }

  gone(): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(threadGone());
    for (const controller of this.#watched.values()) controller.abort(new Error("the peer went away"));
    this.#watched.clear();
  }

  /** The peer of a call is of no interest any more. */
  unwatch(id: number): void {
    this.#watched.delete(id);
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  async #answer(id: number, [method, data]: readonly [string, unknown]): Promise<void> {
    const context = this.#context(id);
    try {
      this.#channel.post(OP.result, id, await this.#handler(method, data, context));
    } catch (error) {
      this.#channel.post(OP.failure, id, failureOf(error));
    }
  }

  #context(id: number): CallContext {
    const own = (): AbortSignal => {
      let controller = this.#watched.get(id);
      if (controller === undefined) {
        controller = new AbortController();
        this.#watched.set(id, controller);
        this.#channel.post(OP.watch, id);
      }
      return controller.signal;
    };
    let signal: AbortSignal | null = null;
    return {
      id,
      get signal() {
        signal ??= own();
        return signal;
      },
    };
  }

  #watch(id: number): void {
    const signal = this.#pending.get(id)?.watch?.() ?? null;
    const told = (): void => this.#channel.post(OP.abort, id);
    if (signal?.aborted === true) told();
    else signal?.addEventListener("abort", told, { once: true });
  }
}

/** What a call to a thread that is gone fails with: whether it ran is not known. */
function threadGone(): Refusal {
  return new Refusal("fault", {
    reason: "shard.gone",
    cause: new Error("the thread that runs this actor ended before it answered; it is being started again"),
  });
}
