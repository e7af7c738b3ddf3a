/**
 * Owns one connection of an actor: its caller, its lease, its subscriptions and its way out. G7: every delivery checks
 * the lease and that the subscription was decided under the present lease generation and policy epoch.
 */
import type { SealedCaller } from "../boundary/caller.ts";
import type { Lease } from "../boundary/lease.ts";
import { isPromise, type MaybePromise } from "../boundary/maybe-promise.ts";
import type { Clock, SharedFrame, Timer } from "../hosts/port.ts";
import type { Codec } from "../protocol/codec.ts";
import type { ErrorMessage, ServerMessage } from "../protocol/messages.ts";
import type { ActorInstance } from "./instance.ts";
import type { KeptDecisions } from "./kept-decisions.ts";
import type { Conn } from "./types.ts";

export type ConnectionKind = "rpc" | "raw" | "stateless" | "internal";

/** One subscription and the decision it rests on. */
export interface Subscription {
  readonly name: string;
  generation: number;
  epoch: number;
  /** Broadcasts of the present instance numbered below it were sent before it was admitted. */
  since: number;
  /** Events held while a new decision is being taken; null when none is. */
  held: Outgoing[] | null;
}

/** An event encoded once per encoding for all its subscribers. */
export interface Outgoing {
  readonly name: string;
  /** The list of arguments alone, encoded. */
  argsText(): string;
  /** The event as a message of that encoding. */
  shared(codec: Codec): SharedFrame;
}

/** The transport's side of a connection; null for stateless calls. */
export interface ConnectionLink {
  sendMessage(message: ServerMessage): void;
  sendEvent(event: Outgoing): void;
  close(code: number, reason: string, error: ErrorMessage | null): void;
  /** The actor goes to sleep, and the connection stays. */
  suspend?(): void;
  /** The actor is awake again. */
  resume?(instance: ActorInstance): Promise<void>;
}

/** What a connection asks of its actor. */
/** Why a connection is over. */
export type ConnectionEnd = "expired" | "revoked" | "closed";

export interface ConnectionOwner {
  now(): number;
  epoch(): number;
  /** Takes the decision for a subscription again; true = still allowed. */
  redecide(connection: Connection, name: string): MaybePromise<boolean>;
  /** An event may go to this connection alone; validated and released in order by the actor. */
  sendEvent(connection: Connection, name: string, args: readonly unknown[]): void;
  ended(connection: Connection, cause: ConnectionEnd): void;
  createError(outcome: "expired" | "unauthenticated" | "forbidden" | "overloaded", event?: string): ErrorMessage;
}

/** Events held for one subscription while its decision is taken again; past it the subscription ends. */
export const MAX_HELD_EVENTS = 256;

const NO_SUBSCRIPTIONS: ReadonlyMap<string, Subscription> = new Map();

/** Denied names remembered for one connection. */
const MAX_DENIED_EVENTS = 256;

export class Connection {
  #id: string | null = null;
  readonly #newId: () => string;
  readonly actorName: string;
  readonly actorKey: string;
  readonly kind: ConnectionKind;
  readonly params: unknown;
  readonly lease: Lease;
  readonly request: (() => Request) | null;
  /** Both made when first needed: a stateless call has neither. */
  #subscriptions: Map<string, Subscription> | null = null;
  #facade: Conn | null = null;
  caller: SealedCaller;
  link: ConnectionLink | null = null;
  /** What a `pure` decision answered here; null where nothing is kept. */
  kept: KeptDecisions | null = null;
  state: unknown;
  hasState = false;
  closed = false;
  /** True where it outlives its actor's sleep. */
  mayHibernate: boolean;
  /** Events whose last subscription was denied: a direct send does not go round the denial. */
  deniedEvents: Set<string> | null = null;
  #endListeners: Set<(cause: ConnectionEnd) => void> | null = null;
  #owner: ConnectionOwner;
  #expiry: Timer | null = null;

  constructor(
    owner: ConnectionOwner,
    options: {
      readonly newId: () => string;
      readonly actorName: string;
      readonly actorKey: string;
      readonly kind: ConnectionKind;
      readonly params: unknown;
      readonly lease: Lease;
      readonly caller: SealedCaller;
      readonly request: (() => Request) | null;
    },
  ) {
    this.#owner = owner;
    this.#newId = options.newId;
    this.actorName = options.actorName;
    this.actorKey = options.actorKey;
    this.kind = options.kind;
    this.mayHibernate = options.kind === "rpc";
    this.params = options.params;
    this.lease = options.lease;
    this.caller = options.caller;
    this.request = options.request;
  }

  /** What user code sees of it. */
  get facade(): Conn {
    this.#facade ??= new ConnectionFacade(this, () => this.#owner);
    return this.#facade;
  }

  get subscriptions(): ReadonlyMap<string, Subscription> {
    return this.#subscriptions ?? NO_SUBSCRIPTIONS;
  }
  addSubscription(subscription: Subscription): void {
    this.#subscriptions ??= new Map();
    this.#subscriptions.set(subscription.name, subscription);
  }
  dropSubscription(name: string): void {
    this.#subscriptions?.delete(name);
  }

  /** Another owner takes it over: its actor went to sleep, or woke. */
  adoptedBy(owner: ConnectionOwner): void {
    this.#owner = owner;
  }

  /** Ends the connection when its lease does, awake or not; again after each renewal. */
  armExpiry(clock: Clock): void {
    this.#expiry?.cancel();
    this.#expiry = null;
    const { endsAt } = this.lease;
    if (endsAt === Number.POSITIVE_INFINITY || this.closed) return;
    this.#expiry = clock.after(Math.max(0, endsAt - clock.now()), () => {
      const end = this.leaseEnd();
      if (end !== null) this.endLease(end);
      else this.armExpiry(clock);
    });
  }

  /** Made when first read: most stateless calls never need it. */
  get id(): string {
    this.#id ??= this.#newId();
    return this.#id;
  }

  /** Calls `listener` once when the connection ends, at once if it has. Returns how to forget it. */
  onEnd(listener: (cause: ConnectionEnd) => void): () => void {
    if (this.closed) {
      listener("closed");
      return () => {};
    }
    this.#endListeners ??= new Set();
    this.#endListeners.add(listener);
    return () => this.#endListeners?.delete(listener);
  }

  /** The subscription to this event was refused: direct sends of it stop too. */
  denyEvent(name: string): void {
    this.deniedEvents ??= new Set();
    if (this.deniedEvents.size < MAX_DENIED_EVENTS) this.deniedEvents.add(name);
  }

  /** The parameters as the peer sent them, whatever the actor has made of them since. */
  get sentParams(): unknown {
    return this.kept === null ? this.params : this.kept.params;
  }

  leaseEnd(now = this.#owner.now()): "expired" | "revoked" | null {
    return this.lease.endAt(now);
  }

  /** Hands an event to the link if this connection may see it at this instant. */
  deliver(event: Outgoing, sequence: number): void {
    const subscription = this.subscriptions.get(event.name);
    if (subscription === undefined || this.closed || this.link === null || sequence < subscription.since) return;
    const end = this.lease.endAt(this.#owner.now());
    if (end !== null) {
      this.endLease(end);
      return;
    }
    if (subscription.held !== null) {
      this.#hold(subscription, event);
      return;
    }
    if (subscription.generation === this.lease.generation && subscription.epoch === this.#owner.epoch()) {
      this.link.sendEvent(event);
      return;
    }
    subscription.held = [event];
    this.#redecide(subscription);
  }

  /** Takes every subscription's decision again, after a renewal or a new policy epoch. */
  redecideAll(): void {
    for (const subscription of this.subscriptions.values()) {
      if (subscription.held !== null) continue;
      subscription.held = [];
      this.#redecide(subscription);
    }
  }

  /** The lease is over: nothing further runs or is delivered; the link closes 3000. */
  endLease(cause: "expired" | "revoked"): void {
    if (this.closed) return;
    const error = this.#owner.createError(cause === "expired" ? "expired" : "unauthenticated");
    this.link?.close(3000, error.code, error);
    this.#end(cause);
  }

  close(code: number, reason: string, error: ErrorMessage | null = null): void {
    if (this.closed) return;
    this.link?.close(code, reason, error);
    this.#end("closed");
  }

  /** The peer went away. */
  lost(): void {
    if (!this.closed) this.#end("closed");
  }

  #end(cause: ConnectionEnd): void {
    this.closed = true;
    this.#expiry?.cancel();
    const listeners = this.#endListeners;
    this.#endListeners = null;
    this.#owner.ended(this, cause);
    for (const listener of listeners ?? []) listener(cause);
  }

  #hold(subscription: Subscription, event: Outgoing): void {
    if (subscription.held!.length < MAX_HELD_EVENTS) {
      subscription.held!.push(event);
      return;
    }
    this.#endSubscription(subscription, "overloaded");
  }

  #redecide(subscription: Subscription): void {
    const { generation } = this.lease;
    const epoch = this.#owner.epoch();
    const verdict = this.#owner.redecide(this, subscription.name);
    if (isPromise(verdict)) {
      verdict.then(
        (allowed) => this.#redecided(subscription, allowed, generation, epoch),
        () => this.#redecided(subscription, false, generation, epoch),
      );
    } else {
      this.#redecided(subscription, verdict, generation, epoch);
    }
  }

  #redecided(subscription: Subscription, allowed: boolean, generation: number, epoch: number): void {
    if (this.closed || this.subscriptions.get(subscription.name) !== subscription) return;
    if (!allowed) {
      this.#endSubscription(subscription, "forbidden");
      return;
    }
    const held = subscription.held ?? [];
    subscription.generation = generation;
    subscription.epoch = epoch;
    subscription.held = null;
    for (const event of held) this.deliver(event, Number.POSITIVE_INFINITY);
  }

  #endSubscription(subscription: Subscription, outcome: "forbidden" | "overloaded"): void {
    this.dropSubscription(subscription.name);
    subscription.held = null;
    if (outcome === "forbidden") this.denyEvent(subscription.name);
    this.link?.sendMessage(this.#owner.createError(outcome, subscription.name));
  }
}

/** What user code sees as `conn`: the reference's members and nothing of ours. */
class ConnectionFacade implements Conn {
  readonly #connection: Connection;
  readonly #owner: () => ConnectionOwner;

  constructor(connection: Connection, owner: () => ConnectionOwner) {
    this.#connection = connection;
    this.#owner = owner;
  }

  get id(): string {
    return this.#connection.id;
  }
  get params(): unknown {
    return this.#connection.params;
  }
  get caller(): unknown {
    return this.#connection.caller;
  }
  get state(): unknown {
    if (!this.#connection.hasState) {
      throw new Error(
        "This actor has no connection state. Declare `connState` or `createConnState`. [actor/conn_state_not_enabled]",
      );
    }
    return this.#connection.state;
  }
  set state(value: unknown) {
    if (!this.#connection.hasState) {
      throw new Error(
        "This actor has no connection state. Declare `connState` or `createConnState`. [actor/conn_state_not_enabled]",
      );
    }
    this.#connection.state = value;
  }
  get isHibernatable(): boolean {
    return this.#connection.mayHibernate;
  }
  get subscriptions(): ReadonlySet<string> {
    return new Set(this.#connection.subscriptions.keys());
  }
  send(name: string, ...args: unknown[]): void {
    this.#owner().sendEvent(this.#connection, name, args);
  }
  async disconnect(reason = "", options: { readonly terminal?: boolean } = {}): Promise<void> {
    const terminal = options.terminal === true;
    this.#connection.close(terminal ? 3003 : 1000, reason, terminal ? this.#owner().createError("forbidden") : null);
  }
  revoke(): void {
    this.#connection.lease.revoke();
    this.#connection.endLease("revoked");
  }
}
