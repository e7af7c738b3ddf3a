/**
 * Owns the connections of one actor: opening them in the order of the reference (onBeforeConnect → createConnState →
 * admission → onConnect), events out, and their end. A connection nobody was admitted with is never visible in `c.conns`
 * and has no `onDisconnect`.
 */
import type { SealedCaller } from "../boundary/caller.ts";
import { EXPIRED, withDeadline } from "../boundary/deadline.ts";
import { Refusal } from "../boundary/errors.ts";
import { Lease } from "../boundary/lease.ts";
import { isPromise, type MaybePromise } from "../boundary/maybe-promise.ts";
import { OUTCOMES } from "../boundary/outcome.ts";
import type { Credentials } from "../boundary/verify.ts";
import type { ErrorMessage } from "../protocol/messages.ts";
import {
  Connection,
  type ConnectionEnd,
  type ConnectionKind,
  type ConnectionOwner,
  type Outgoing,
} from "./connection.ts";
import { ConnInitScope, endingQueue, InvocationScope } from "./context.ts";
import type { RuntimeConfig } from "./define.ts";
import type { ResolvedOptions } from "./entrypoints.ts";
import { encodeEvent, validateEvent } from "./events.ts";
import { newCorrelationId } from "./failure.ts";
import { Admission, admit, partiesOf } from "./gate.ts";
import type { ActorInstance, StopCause } from "./instance.ts";
import { KeptDecisions } from "./kept-decisions.ts";
import type { Conn } from "./types.ts";

export interface OpenOptions {
  readonly kind: ConnectionKind;
  readonly credentials: Credentials;
  readonly caller: SealedCaller;
  readonly params: unknown;
  /** The request it came with, made only when user code asks for it. */
  readonly request: (() => Request) | null;
}

export class ConnectionTable implements ConnectionOwner {
  readonly #instance: ActorInstance;
  readonly #connections = new Set<Connection>();
  readonly #subscribers = new Map<string, Set<Connection>>();
  #sequence = 0;

  constructor(instance: ActorInstance) {
    this.#instance = instance;
  }

  /** Connections that keep the actor awake: those that cannot hibernate. */
  get wakeful(): number {
    let count = 0;
    for (const connection of this.#connections) if (!connection.mayHibernate) count += 1;
    return count;
  }
  /** What user code sees as `c.conns`. */
  get view(): ReadonlyMap<string, Conn> {
    const view = new Map<string, Conn>();
    for (const connection of this.#connections) view.set(connection.id, connection.facade);
    return view;
  }

  now(): number {
    return this.#instance.clock.now();
  }
  epoch(): number {
    return this.#instance.runtime.epoch;
  }

  /** Runs the hooks before admission and makes the connection; nobody sees it yet. */
  open(options: OpenOptions): MaybePromise<Connection> {
    const { config } = this.#instance.compiled;
    if (config.onBeforeConnect === undefined && config.createConnState === undefined) {
      const connection = this.#create(options);
      if (config.connState !== undefined) this.#giveState(connection, structuredClone(config.connState));
      return connection;
    }
    return this.#openWithHooks(options);
  }

  async #openWithHooks(options: OpenOptions): Promise<Connection> {
    const { config, options: limits } = this.#instance.compiled;
    const scope = new ConnInitScope(this.#instance, options.caller, options.request);
    return endingQueue(scope, () => this.#runInitHooks(scope, options, config, limits));
  }

  async #runInitHooks(
    scope: ConnInitScope,
    options: OpenOptions,
    config: RuntimeConfig,
    limits: ResolvedOptions,
  ): Promise<Connection> {
    await this.#timed(
      config.onBeforeConnect?.(scope, options.params),
      limits.onBeforeConnectTimeout,
      "onBeforeConnect",
    );
    const connection = this.#create(options);
    if (config.createConnState !== undefined) {
      const made = config.createConnState(scope, options.params);
      this.#giveState(connection, await this.#timed(made, limits.createConnStateTimeout, "createConnState"));
    } else if (config.connState !== undefined) {
      this.#giveState(connection, structuredClone(config.connState));
    }
    return connection;
  }

  async #timed(value: unknown, timeout: number, hook: string): Promise<unknown> {
    if (!isPromise(value)) return value;
    const settled = await withDeadline(value, timeout, this.#instance.clock);
    if (settled === EXPIRED) throw new Refusal("fault", { reason: `${hook}.deadline` });
    return settled;
  }

  #create(options: OpenOptions): Connection {
    const connection = new Connection(this, {
      newId: () => newCorrelationId(this.#instance.runtime.host),
      actorName: this.#instance.ref.name,
      actorKey: this.#instance.ref.key,
      kind: options.kind,
      params: options.params,
      lease: new Lease(options.credentials),
      caller: options.caller,
      request: options.request,
    });
    // Messages come on these alone: elsewhere every decision is the first of its epoch.
    if (options.kind === "rpc" && this.#instance.compiled.isPure) {
      connection.kept = new KeptDecisions(connection.lease, options.params);
    }
    return connection;
  }

  #giveState(connection: Connection, state: unknown): void {
    connection.state = state;
    connection.hasState = true;
  }

  /** Why a connection that is not registered yet, so that no revocation finds it, is dead; null while it lives (G7). */
  endOf(connection: Connection): "expired" | "revoked" | null {
    const { runtime } = this.#instance;
    const end = connection.leaseEnd();
    return end ?? (runtime.refuseRevoked(connection.lease.credentials) === null ? null : "revoked");
  }

  /** The connection is admitted: visible, leased, and `onConnect` runs. */
  register(connection: Connection): void {
    const over = this.endOf(connection);
    if (over !== null) {
      if (over === "revoked") connection.lease.revoke();
      connection.endLease(over);
      return;
    }
    if (this.#instance.isLeaving) {
      connection.close(1001, "actor.stopping");
      return;
    }
    this.#connections.add(connection);
    this.#instance.runtime.connections.add(connection);
    this.#instance.touch();
    if (connection.kind === "rpc" || connection.kind === "raw") connection.armExpiry(this.#instance.runtime.leaseClock);
    const { config, options } = this.#instance.compiled;
    if (config.onConnect === undefined) return;
    const scope = new InvocationScope(this.#instance, connection, connection.caller);
    const end = (): void => {
      scope.endHandled();
      this.#instance.outbox.settle();
    };
    const fail = (error: unknown): void => {
      scope.endQueue("failed");
      this.#instance.outbox.settle();
      this.#instance.log.error({ err: error, connection: connection.id }, "onConnect failed");
      connection.close(1000, "`onConnect` failed");
    };
    try {
      const running = config.onConnect(scope, connection.facade);
      if (!isPromise(running)) {
        end();
        return;
      }
      withDeadline(running, options.onConnectTimeout, this.#instance.clock)
        .then((settled) => {
          if (settled === EXPIRED) fail(new Error(`onConnect took more than ${options.onConnectTimeout} ms`));
          else end();
        })
        .catch(fail);
    } catch (error) {
      fail(error);
    }
  }

  ended(connection: Connection, cause: ConnectionEnd): void {
    this.#instance.runtime.forgetConnection(connection, cause);
    for (const name of connection.subscriptions.keys()) this.#forgetSubscriber(name, connection);
    if (!this.#connections.delete(connection)) return;
    this.#instance.touch();
    this.disconnected(connection);
  }

  /** Tells the actor that a connection is gone. */
  disconnected(connection: Connection): void {
    const { onDisconnect } = this.#instance.compiled.config;
    if (onDisconnect === undefined) return;
    try {
      const running = this.#instance.inScope((scope) => onDisconnect(scope, connection.facade));
      if (isPromise(running)) this.#instance.waitUntil(running.then(() => this.#instance.outbox.settle()));
    } catch (error) {
      this.#instance.log.error({ err: error, connection: connection.id }, "onDisconnect failed");
    }
    this.#instance.outbox.settle();
  }

  /** Begins a subscription that was decided in `epoch`. */
  subscribe(connection: Connection, name: string, epoch: number): void {
    // Its peer went away while it was decided.
    if (connection.closed) return;
    // Who subscribes again loses nothing: what is on its way to him, or held for a decision, stands on this one.
    const before = connection.subscriptions.get(name);
    connection.addSubscription({
      name,
      generation: connection.lease.generation,
      epoch,
      since: before?.since ?? this.#sequence,
      held: null,
    });
    connection.deniedEvents?.delete(name);
    this.#subscribersOf(name).add(connection);
    for (const event of before?.held ?? []) connection.deliver(event, Number.POSITIVE_INFINITY);
  }

  unsubscribe(connection: Connection, name: string): void {
    connection.dropSubscription(name);
    this.#forgetSubscriber(name, connection);
  }

  /** Names are a peer's to choose where none are declared: one that nobody listens to is not kept (G12). */
  #forgetSubscriber(name: string, connection: Connection): void {
    const subscribers = this.#subscribers.get(name);
    if (subscribers?.delete(connection) === true && subscribers.size === 0) this.#subscribers.delete(name);
  }

  /** The lease was renewed: its end moves, and every decision that stood on the old one is taken again. */
  renewed(connection: Connection): void {
    connection.armExpiry(this.#instance.runtime.leaseClock);
    connection.redecideAll();
  }

  /** Sends an event to every subscriber once the state it rests on is durable. */
  broadcast(name: string, args: readonly unknown[]): void {
    this.#broadcast(this.#eventOf(name, args));
  }

  /** An event as it is now, to be sent later; refused now where it cannot be sent. */
  prepareBroadcast(name: string, args: readonly unknown[]): () => void {
    const event = this.#eventOf(name, args);
    return () => this.#broadcast(event);
  }

  #eventOf(name: string, args: readonly unknown[]): Outgoing {
    this.#assertOpen("broadcast");
    const sent = validateEvent(this.#instance.compiled, name, args);
    return encodeEvent(name, sent, this.#instance.runtime.limits.maxOutgoingMessageSize);
  }

  #broadcast(event: Outgoing): void {
    const { name } = event;
    const subscribers = this.#subscribers.get(name);
    const sequence = this.#sequence++;
    if (subscribers === undefined || subscribers.size === 0) return;
    this.#instance.outbox.release(
      () => {
        for (const connection of subscribers) connection.deliver(event, sequence);
      },
      () => {},
    );
  }

  sendEvent(connection: Connection, name: string, args: readonly unknown[]): void {
    this.#assertOpen("conn.send");
    const sent = validateEvent(this.#instance.compiled, name, args);
    if (connection.link === null) {
      this.#instance.log.warn({ connection: connection.id, event: name }, "conn.send on a connection without events");
      return;
    }
    const event = encodeEvent(name, sent, this.#instance.runtime.limits.maxOutgoingMessageSize);
    this.#instance.outbox.release(
      () => {
        const end = connection.leaseEnd();
        if (end !== null) connection.endLease(end);
        else if (!connection.closed && this.#mayReceive(connection, name)) connection.link?.sendEvent(event);
      },
      () => {},
    );
  }

  /** A direct send respects the event's party and a denied subscription, though it needs none. */
  #mayReceive(connection: Connection, name: string): boolean {
    if (connection.deniedEvents?.has(name) === true) return false;
    const by = partiesOf(this.#instance.compiled, { kind: "subscribe", name });
    return connection.lease.credentials.admits(by);
  }

  redecide(connection: Connection, name: string): MaybePromise<boolean> {
    const target = { kind: "subscribe", name } as const;
    const verdict = admit(this.#instance, {
      target,
      by: partiesOf(this.#instance.compiled, target),
      credentials: connection.lease.credentials,
      kept: connection.kept,
      leaseEnd: () => connection.leaseEnd(),
      createContext: (caller) => new InvocationScope(this.#instance, connection, caller),
    });
    const allowed = (settled: unknown): boolean => settled instanceof Admission;
    return isPromise(verdict) ? verdict.then(allowed) : allowed(verdict);
  }

  createError(outcome: "expired" | "unauthenticated" | "forbidden" | "overloaded", event?: string): ErrorMessage {
    const wire = OUTCOMES[outcome];
    return {
      t: "error",
      group: wire.group,
      code: wire.code,
      message: wire.message,
      correlationId: newCorrelationId(this.#instance.runtime.host),
      ...(event === undefined ? {} : { event }),
    };
  }

  /** The actor goes to sleep: connections that may hibernate stay with the runtime, nobody is told. */
  hibernate(): void {
    for (const connection of this.#connections) if (connection.mayHibernate) connection.link?.suspend?.();
    this.giveBack();
  }

  /** Connections that may hibernate sleep on: the actor could not wake. */
  giveBack(): void {
    for (const connection of [...this.#connections]) {
      if (!connection.mayHibernate) continue;
      this.#connections.delete(connection);
      this.#instance.runtime.hibernation.keep(this.#instance.ref, connection);
    }
    this.#subscribers.clear();
  }

  /** The actor wakes: connections it had, if they still may be; no hook runs for them. */
  adopt(connections: Iterable<Connection>): void {
    for (const connection of connections) {
      connection.adoptedBy(this);
      this.#connections.add(connection);
      const end = connection.leaseEnd();
      if (end !== null) {
        connection.endLease(end);
        continue;
      }
      for (const subscription of connection.subscriptions.values()) {
        subscription.since = this.#sequence;
        this.#subscribersOf(subscription.name).add(connection);
      }
    }
  }

  /** The actor is awake: raw sockets it had get their handler again. */
  resume(): void {
    for (const connection of [...this.#connections]) void connection.link?.resume?.(this.#instance);
  }

  #subscribersOf(name: string): Set<Connection> {
    let set = this.#subscribers.get(name);
    if (set === undefined) {
      set = new Set();
      this.#subscribers.set(name, set);
    }
    return set;
  }

  /** The actor stops: peers are told to come again, or that it is gone. */
  closeAll(cause: StopCause): void {
    const reason = cause === "destroy" ? "actor.destroyed" : "actor.stopping";
    const code = cause === "destroy" ? 1000 : 1001;
    for (const connection of [...this.#connections]) connection.close(code, reason);
  }

  #assertOpen(what: string): void {
    const { phase } = this.#instance;
    if (phase === "live" || phase === "starting") return;
    throw new Error(
      `${what} is not possible here: the actor is ${phase}. [actor/${phase === "provisional" ? "not_ready" : "stopping"}]`,
    );
  }
}
