/** Owns the face of a connection: the members users see, over the state machine that they do not. */
import { withActions } from "./action-proxy.ts";
import type { ClientConfig } from "./config.ts";
import { Connection } from "./connection/connection.ts";
import type { ActorError } from "./errors.ts";
import { asReceipt } from "./receipt.ts";
import type { Target } from "./target.ts";
import type {
  ActionCall,
  ActorConn,
  ActorConnStatus,
  ConnMembers,
  EventUnsubscribe,
  SendOptions,
  SubscribeOptions,
} from "./types.ts";

type Listener = (...args: unknown[]) => void;

/** Opens at once. `onDispose` runs when it is disposed. */
export const openConnection = (
  config: ClientConfig,
  target: Target,
  onDispose: (conn: ActorConn) => void,
): ActorConn => {
  const face = new ConnFace(config, target, () => onDispose(conn));
  // The proxy adds what the class cannot declare: actions, and the types of one actor.
  const conn = withActions(face, (name, args) => face.action({ name, args })) as unknown as ActorConn;
  return conn;
};

/** Every member by name; their types are the actor's, and erased here. */
class ConnFace implements Readonly<Record<Exclude<keyof ConnMembers, "then">, unknown>> {
  readonly #connection: Connection;

  constructor(config: ClientConfig, target: Target, onDispose: () => void) {
    this.#connection = new Connection(config, target, onDispose);
  }

  action({ name, args = [], signal }: ActionCall<string, unknown[]>): Promise<unknown> {
    return this.#connection.action(name, args, signal);
  }
  send(queue: string, body: unknown, options?: SendOptions): Promise<unknown> {
    return this.#connection.send(queue, body, options ?? {}).then((output) => asReceipt(output, options));
  }

  on(event: string, listener: Listener, options?: SubscribeOptions): EventUnsubscribe {
    return this.#connection.on(event, listener, false, options);
  }
  once(event: string, listener: Listener, options?: SubscribeOptions): EventUnsubscribe {
    return this.#connection.on(event, listener, true, options);
  }
  onError(listener: (error: ActorError) => void): EventUnsubscribe {
    return this.#connection.onError(listener);
  }
  onOpen(listener: () => void): EventUnsubscribe {
    return this.#connection.onOpen(listener);
  }
  onClose(listener: () => void): EventUnsubscribe {
    return this.#connection.onClose(listener);
  }
  onStatusChange(listener: (status: ActorConnStatus) => void): EventUnsubscribe {
    return this.#connection.onStatusChange(listener);
  }

  get connStatus(): ActorConnStatus {
    return this.#connection.status;
  }
  get isConnected(): boolean {
    return this.#connection.status === "connected";
  }
  get actorId(): string | undefined {
    return this.#connection.actorId;
  }
  get connId(): string | undefined {
    return this.#connection.connectionId;
  }
  dispose(): Promise<void> {
    return this.#connection.dispose();
  }

  get $failure(): ActorError | undefined {
    return this.#connection.failure;
  }
  $reconnect(): void {
    this.#connection.reconnect();
  }
}
