/**
 * Owns the contexts user code receives. One shared scope per actor for hooks without a connection; one light scope per
 * invocation with its connection and caller. G5: `c.caller` is the only place identity reaches code.
 */
import type { SealedCaller } from "../boundary/caller.ts";
import { isPromise, type MaybePromise } from "../boundary/maybe-promise.ts";
import { SENT_PARAMS } from "../boundary/pure.ts";
import type { CallerRecord } from "../boundary/scheme.ts";
import type { Connection } from "./connection.ts";
import type { ContextLog } from "./context-log.ts";
import type { Delivery } from "./deliveries.ts";
import type { GateContext } from "./gate.ts";
import type { ActorInstance } from "./instance.ts";
import type { ActorKv } from "./kv.ts";
import type { SaveOptions } from "./outbox.ts";
import type { QueueContext } from "./queue.ts";
import type { Schedule } from "./schedule.ts";
import type { CallRef, QueueRef, ServiceReceipt, ServiceSendOptions } from "./service-link.ts";
import { type Aside, deniedAlready, notInDecision } from "./set-aside.ts";
import type { StagedState } from "./state.ts";
import type { BaseContext, Conn, ContextClient } from "./types.ts";

/** Members every hook has. */
export class ActorScope implements BaseContext {
  protected readonly instance: ActorInstance;
  #queue: QueueContext | null = null;
  #isQueueOver = false;
  #held: StagedState<unknown> | null = null;

  constructor(instance: ActorInstance) {
    this.instance = instance;
  }

  /**
   * The live state. While messages are held, a stage of it: what is changed then is committed with their
   * acknowledgement, seen by nobody before, and dropped when they are given back (G9).
   */
  get state(): unknown {
    if (this.#queue === null || !this.#queue.isHolding) return this.instance.stateView();
    this.#held ??= this.instance.draftState();
    return this.#held.value;
  }
  get vars(): unknown {
    return this.instance.varsView();
  }
  get kv(): ActorKv {
    return this.instance.kv;
  }
  get queue(): BaseContext["queue"] {
    this.#queue ??= this.instance.queues.forContext({
      keep: () => this.#endHeld((held) => held.commit()),
      drop: () => this.#endHeld((held) => held.rollback()),
      until: () => this.receivesUntil(),
      assertMayChange: (what) => this.assertMayQueue(what),
    });
    if (this.#isQueueOver) this.#queue.forsake();
    return this.#queue as BaseContext["queue"];
  }
  #endHeld(how: (held: StagedState<unknown>) => void): void {
    const held = this.#held;
    this.#held = null;
    if (held !== null) how(held);
  }

  /** The invocation of this scope is over: what it received is acknowledged, or given back. */
  endQueue(outcome: "handled" | "failed"): void {
    this.#isQueueOver = true;
    this.#queue?.end(outcome);
  }
  /**
   * It returned: what it received is acknowledged in the commit of what it changed.
   * @throws StateError when that cannot be applied; what it received is given back then
   */
  endHandled(): void {
    try {
      this.endQueue("handled");
    } catch (error) {
      this.endQueue("failed");
      throw error;
    }
  }
  /** Its handler goes on, but what it was for is gone. */
  forsakeQueue(): void {
    this.#isQueueOver = true;
    this.#queue?.forsake();
  }
  get schedule(): Schedule {
    return this.instance.schedule;
  }
  get log(): ContextLog {
    return this.instance.contextLog;
  }
  get actorId(): string {
    return this.instance.id;
  }
  get name(): string {
    return this.instance.compiled.name;
  }
  get key(): readonly string[] {
    return this.instance.key;
  }
  get region(): string {
    return "unknown";
  }
  get conns(): ReadonlyMap<string, Conn> {
    return this.instance.connectionView();
  }
  broadcast(name: string, ...args: unknown[]): void {
    this.instance.broadcast(name, args);
  }
  client<Registry = unknown>(options: { readonly onBehalfOf?: CallerRecord | null } = {}): ContextClient<Registry> {
    return this.instance.internalClient(options.onBehalfOf ?? this.originalCaller()) as ContextClient<Registry>;
  }
  call<Args extends readonly unknown[], Result>(ref: CallRef<Args, Result>): (...args: Args) => Promise<Result> {
    return (...args) =>
      this.instance
        .services()
        .call(ref as CallRef, this.instance.asCaller(this.originalCaller()), args) as Promise<Result>;
  }
  send<Message>(ref: QueueRef<Message>, message: Message, options: ServiceSendOptions = {}): Promise<ServiceReceipt> {
    const caller = this.instance.asCaller(this.originalCaller());
    return this.instance.services().send(ref as QueueRef, caller, message, options.id);
  }
  saveState(options: SaveOptions = {}): Promise<void> {
    return this.instance.saveState(options);
  }
  waitUntil(promise: Promise<unknown>): void {
    this.instance.waitUntil(promise);
  }
  keepAwake<T>(promise: Promise<T>): Promise<T> {
    return this.instance.keepAwake(promise);
  }
  get abortSignal(): AbortSignal {
    return this.instance.stopSignal;
  }
  get aborted(): boolean {
    return this.abortSignal.aborted;
  }
  sleep(): void {
    this.instance.requestSleep();
  }
  destroy(): void {
    this.instance.requestDestroy();
  }

  /** Whom a call made from this scope acts for (ruling 11): nobody, unless an action says otherwise. */
  protected originalCaller(): CallerRecord | null {
    return null;
  }

  /** Ends a wait for messages before the actor's stop does. */
  protected receivesUntil(): AbortSignal | null {
    return null;
  }

  /** @throws Error where what is done to a queue could not be taken back */
  protected assertMayQueue(_what: string): void {}
}

/** Runs a hook on a scope of its own; what it received is acknowledged when it has settled, or given back if it failed. */
export function endingQueue<T>(scope: ActorScope, hook: () => MaybePromise<T>): MaybePromise<T> {
  const failed = (error: unknown): never => {
    scope.endQueue("failed");
    throw error;
  };
  const handled = (value: T): T => {
    scope.endHandled();
    return value;
  };
  let result: MaybePromise<T>;
  try {
    result = hook();
  } catch (error) {
    return failed(error);
  }
  return isPromise(result) ? Promise.resolve(result).then(handled, failed) : handled(result);
}

/** Before a connection exists: `onBeforeConnect` and `createConnState`. */
export class ConnInitScope extends ActorScope {
  readonly #caller: SealedCaller;
  readonly #request: (() => Request) | null;

  constructor(instance: ActorInstance, caller: SealedCaller, request: (() => Request) | null) {
    super(instance);
    this.#caller = caller;
    this.#request = request;
  }

  get caller(): SealedCaller {
    return this.#caller;
  }

  get request(): Request | undefined {
    return this.#request?.();
  }
}

/** One invocation: the very object `canInvoke` sees and the handler then gets. */
export class InvocationScope extends ActorScope implements GateContext {
  readonly #caller: SealedCaller;
  /** Told in the turn the handler ends, before its changes are handed over. */
  onEnd: ((succeeded: boolean) => void) | null = null;
  /** The policy epoch in which its decision began: what stands on it is older than one raised meanwhile (G7). */
  readonly decidedIn: number;
  readonly #connection: Connection;
  readonly #delivery: Delivery | null;
  #draft: StagedState<unknown> | null = null;
  #drafting = false;
  #isDenied = false;
  /** From the question to `canInvoke` on; for good where that denies. */
  #isDeciding = false;
  #kvAside: Aside<ActorKv> | null = null;
  #scheduleAside: Aside<Schedule> | null = null;
  /** Events of the decision, and the end or sleep it asks for, when it admits. */
  #told: (() => void)[] | null = null;
  #abort: AbortController | null = null;
  #abandoned: unknown;
  #unlink: (() => void) | null = null;

  constructor(instance: ActorInstance, connection: Connection, caller: SealedCaller, delivery: Delivery | null = null) {
    super(instance);
    this.decidedIn = instance.runtime.epoch;
    this.#connection = connection;
    this.#caller = caller;
    this.#delivery = delivery;
  }

  /** The context of a decision that is taken in place of this one's, for the same call. */
  successor(caller: SealedCaller): InvocationScope {
    return new InvocationScope(this.instance, this.#connection, caller, this.#delivery);
  }

  /** The id of the delivery this call is, where its party names one. */
  deliveryId(): string | undefined {
    return this.#delivery?.id;
  }
  /** The handler succeeded: a delivery is remembered in the commit of what it changed. */
  remember(): void {
    this.#delivery?.succeeded();
  }

  /** Its handler goes on, and the call ends. */
  outlive(): void {
    this.#delivery?.outlive();
  }
  endOutlived(): void {
    this.#delivery?.endOutlived();
  }

  /** No setter: code of the actor cannot put another caller in its place (G5). */
  get caller(): SealedCaller {
    return this.#caller;
  }
  get conn(): Conn {
    return this.#connection.facade;
  }
  get request(): Request | undefined {
    return this.#connection.request?.();
  }
  get [SENT_PARAMS](): unknown {
    return this.#connection.sentParams;
  }

  override get state(): unknown {
    if (!this.#drafting) return super.state;
    this.#draft ??= this.instance.draftState();
    if (this.#isDenied) this.#draft.rollback();
    return this.#draft.value;
  }

  override get kv(): ActorKv {
    if (!this.#isDeciding) return super.kv;
    this.#kvAside ??= this.instance.kv.setAside();
    if (this.#isDenied) this.#kvAside.drop();
    return this.#kvAside.value;
  }
  override get schedule(): Schedule {
    if (!this.#isDeciding) return super.schedule;
    this.#scheduleAside ??= this.instance.schedule.setAside();
    if (this.#isDenied) this.#scheduleAside.drop();
    return this.#scheduleAside.value;
  }
  override broadcast(name: string, ...args: unknown[]): void {
    if (!this.#isDeciding) {
      super.broadcast(name, ...args);
      return;
    }
    this.#tell(this.instance.connections.prepareBroadcast(name, args));
  }
  override sleep(): void {
    if (this.#isDeciding) this.#tell(() => super.sleep());
    else super.sleep();
  }
  override destroy(): void {
    if (this.#isDeciding) this.#tell(() => super.destroy());
    else super.destroy();
  }
  #tell(leave: () => void): void {
    if (this.#isDenied) throw deniedAlready();
    this.#told ??= [];
    this.#told.push(leave);
  }

  override get abortSignal(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.#isDeciding && this.#isDenied) this.#abort.abort(deniedAlready());
      else if (this.#abandoned !== undefined) this.#abort.abort(this.#abandoned);
      else this.#unlink = this.instance.linkAbort(this.#abort, this.#connection);
    }
    return this.#abort.signal;
  }

  /** The call was given up (timeout, lease end, peer gone): tells the handler, if it listens. */
  abandon(reason: unknown): void {
    this.#abandoned ??= reason;
    this.#abort?.abort(reason);
  }

  /** Its handler is over: the actor and the connection, which may live long, forget its signal. */
  unlink(): void {
    this.#unlink?.();
    this.#unlink = null;
  }

  /** From here on, changes made through this context are kept apart. */
  beginDecision(): void {
    this.#drafting = true;
    this.#isDeciding = true;
  }
  /** From here on, changes of the state are. */
  beginAtomic(): void {
    this.#drafting = true;
  }
  /** @throws Refusal, StateError where what was changed cannot be kept; nothing of it is then */
  endDecision(keep: boolean): void {
    if (keep) this.#scheduleAside?.assertRoom?.();
    this.endAtomic(keep);
    if (!keep) {
      this.#kvAside?.drop();
      this.#scheduleAside?.drop();
      this.#told = null;
      // What it waits for, it waits for in vain; and each denial would leave a listener on an actor that lives long.
      this.#abort?.abort(deniedAlready());
      this.unlink();
      return;
    }
    this.#isDeciding = false;
    this.#kvAside?.keep();
    this.#scheduleAside?.keep();
    for (const leave of this.#told ?? []) leave();
    this.#kvAside = null;
    this.#scheduleAside = null;
    this.#told = null;
  }
  endAtomic(keep: boolean): void {
    if (!keep) {
      // What goes on after a denial (it may have come by the deadline) reads, and changes nothing any more.
      this.#isDenied = true;
      // What a denied decision received, nobody handles.
      this.endQueue("failed");
      this.#draft?.rollback();
      return;
    }
    // Where it cannot be applied it stays, over: what goes on writes nowhere else.
    this.#draft?.commit();
    this.#drafting = false;
    this.#draft = null;
  }

  protected override originalCaller(): CallerRecord | null {
    return this.instance.recordOfOriginal(this.caller);
  }

  protected override assertMayQueue(what: string): void {
    if (this.#isDeciding) throw notInDecision(what);
  }

  /** A call that is given up, or whose connection is gone, must not take messages that nobody will handle. */
  protected override receivesUntil(): AbortSignal {
    return this.abortSignal;
  }
}
