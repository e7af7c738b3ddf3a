/**
 * Owns connections whose actor sleeps. The socket stays, the lease goes on: one that expires or is revoked meanwhile is
 * closed at that instant, without waking anybody but for `onDisconnect` (G7). The next message, or an event after the
 * actor woke by itself, finds the connection in its actor again.
 */
import type { MaybePromise } from "../boundary/maybe-promise.ts";
import { OUTCOMES } from "../boundary/outcome.ts";
import type { ActorRef, Clock } from "../hosts/port.ts";
import type { ErrorMessage } from "../protocol/messages.ts";
import type { Connection, ConnectionEnd, ConnectionOwner } from "./connection.ts";

export interface HibernationSource {
  readonly clock: Clock;
  epoch(): number;
  correlationId(): string;
  /** The connection is gone for good. */
  forget(connection: Connection, cause: ConnectionEnd): void;
  /** Wakes the actor so that it learns of the end, where it wants to. */
  wakeForDisconnect(ref: ActorRef, connection: Connection): void;
}

export class Hibernation {
  readonly #source: HibernationSource;
  readonly #asleep = new Map<string, Set<Connection>>();

  constructor(source: HibernationSource) {
    this.#source = source;
  }

  keep(ref: ActorRef, connection: Connection): void {
    const address = `${ref.name}/${ref.key}`;
    const set = this.#asleep.get(address);
    if (set === undefined) this.#asleep.set(address, new Set([connection]));
    else set.add(connection);
    connection.adoptedBy(new Sleeper(this.#source, (cause) => this.#ended(ref, connection, cause)));
  }

  /** A connection that slept out of memory: made for an owner that sleeps, and kept. */
  restore(ref: ActorRef, make: (owner: ConnectionOwner) => Connection): Connection {
    const connection = make(new Sleeper(this.#source, () => {}));
    this.keep(ref, connection);
    return connection;
  }

  /** The connections of an actor that wakes; they are its own again. */
  take(ref: ActorRef): readonly Connection[] {
    const address = `${ref.name}/${ref.key}`;
    const set = this.#asleep.get(address);
    this.#asleep.delete(address);
    return set === undefined ? [] : [...set];
  }

  #ended(ref: ActorRef, connection: Connection, cause: ConnectionEnd): void {
    const address = `${ref.name}/${ref.key}`;
    const set = this.#asleep.get(address);
    set?.delete(connection);
    if (set?.size === 0) this.#asleep.delete(address);
    this.#source.forget(connection, cause);
    this.#source.wakeForDisconnect(ref, connection);
  }
}

/** Owner of a connection whose actor sleeps: nothing is delivered, only ends happen. */
class Sleeper implements ConnectionOwner {
  readonly #source: HibernationSource;
  readonly #end: (cause: ConnectionEnd) => void;

  constructor(source: HibernationSource, end: (cause: ConnectionEnd) => void) {
    this.#source = source;
    this.#end = end;
  }

  now(): number {
    return this.#source.clock.now();
  }
  epoch(): number {
    return this.#source.epoch();
  }
  redecide(): MaybePromise<boolean> {
    return false;
  }
  sendEvent(): void {
    throw new Error("the actor of this connection sleeps [actor/stopping]");
  }
  ended(_connection: Connection, cause: ConnectionEnd): void {
    this.#end(cause);
  }
  createError(outcome: "expired" | "unauthenticated" | "forbidden" | "overloaded", event?: string): ErrorMessage {
    const { group, code, message } = OUTCOMES[outcome];
    return {
      t: "error",
      group,
      code,
      message,
      correlationId: this.#source.correlationId(),
      ...(event === undefined ? {} : { event }),
    };
  }
}
