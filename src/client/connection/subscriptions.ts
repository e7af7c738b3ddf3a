/**
 * Owns which events a connection listens to. What the server is asked for is derived from the listeners, on every link
 * anew; nothing about a former link is kept.
 *
 * Invariants:
 * - A denial concerns the listeners of one event only.
 * - The server is asked once per link and event, and told when the last listener has gone.
 */
import type { ErrorMessage } from "../../protocol/messages.ts";
import { ActorError, errorOfMessage } from "../errors.ts";
import type { EventUnsubscribe, SubscribeOptions } from "../types.ts";

/** What subscriptions need of the connection. */
export interface SubscriptionPort {
  /** True while messages of a link can be made. */
  readonly isReady: boolean;
  subscribe(name: string): Promise<unknown>;
  unsubscribe(name: string): void;
  reportError(error: ActorError): void;
  reportThrow(error: unknown): void;
}

interface Listener {
  readonly call: (...args: unknown[]) => void;
  readonly once: boolean;
  readonly onDenied: ((error: ActorError) => void) | undefined;
}

interface Subscription {
  readonly listeners: Set<Listener>;
  /** Asked for on this link, and not denied since. */
  isRequested: boolean;
}

export class Subscriptions {
  readonly #port: SubscriptionPort;
  readonly #byName = new Map<string, Subscription>();

  constructor(port: SubscriptionPort) {
    this.#port = port;
  }

  add(
    name: string,
    call: (...args: unknown[]) => void,
    once: boolean,
    { onDenied }: SubscribeOptions = {},
  ): EventUnsubscribe {
    const subscription = this.#byName.get(name) ?? { listeners: new Set(), isRequested: false };
    this.#byName.set(name, subscription);
    const listener: Listener = { call, once, onDenied };
    subscription.listeners.add(listener);
    if (this.#port.isReady) this.#request(name, subscription);
    return () => this.#remove(name, listener);
  }

  /** A link stands: ask for everything. */
  requestAll(): void {
    for (const [name, subscription] of this.#byName) {
      subscription.isRequested = false;
      this.#request(name, subscription);
    }
  }

  deliver(name: string, args: readonly unknown[]): void {
    for (const listener of [...(this.#byName.get(name)?.listeners ?? [])]) {
      if (listener.once) this.#remove(name, listener);
      this.#guard(() => listener.call(...args));
    }
  }

  /** The server ended a subscription that stood. */
  ended(message: ErrorMessage): void {
    const subscription = this.#byName.get(message.event ?? "");
    if (subscription) this.#denied(subscription, errorOfMessage(message));
  }

  clear(): void {
    this.#byName.clear();
  }

  #request(name: string, subscription: Subscription): void {
    if (subscription.isRequested) return;
    subscription.isRequested = true;
    this.#port.subscribe(name).catch((error: unknown) => {
      // A broken link is the connection's affair, and a subscription given up meanwhile is nobody's.
      if (!(error instanceof ActorError) || error.group === "client") return;
      if (this.#byName.get(name) === subscription) this.#denied(subscription, error);
    });
  }

  #denied(subscription: Subscription, error: ActorError): void {
    subscription.isRequested = false;
    for (const { onDenied } of [...subscription.listeners]) this.#guard(() => onDenied?.(error));
    this.#port.reportError(error);
  }

  #remove(name: string, listener: Listener): void {
    const subscription = this.#byName.get(name);
    if (!subscription?.listeners.delete(listener) || subscription.listeners.size > 0) return;
    this.#byName.delete(name);
    if (this.#port.isReady && subscription.isRequested) this.#port.unsubscribe(name);
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#port.reportThrow(error);
    }
  }
}
