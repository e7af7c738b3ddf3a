/** Owns the hooks of `byward/react`. No suspense: before there is a connection, and on a server, there is none. */
import { useCallback, useEffect, useInsertionEffect, useMemo, useRef, useSyncExternalStore } from "react";
import type { ActorError } from "../errors.ts";
import type {
  ActorConn,
  ActorConnStatus,
  ActorHandle,
  ActorKey,
  ActorName,
  ActorOf,
  Client,
  EventArgs,
  EventName,
  Input,
  Params,
  SubscribeOptions,
} from "../types.ts";
import { type ActorRequest, hashOf, NO_CONNECTION, SharedConnections } from "./shared-connections.ts";

export interface UseActorOptions<Registry, Name extends ActorName<Registry>> {
  readonly name: Name;
  readonly key?: ActorKey;
  readonly params?: Params<ActorOf<Registry, Name>>;
  /** Input for the actor if this connection creates it; the first component's counts. */
  readonly createWithInput?: Input<ActorOf<Registry, Name>>;
  /** False lets go of the connection. Default true. */
  readonly enabled?: boolean;
  /** Do not create the actor: a missing one is `actor/not_found`. Default false. */
  readonly noCreate?: boolean;
}

/** What `useActor` gives. `handle` and `connection` are null until the component is mounted, and while not enabled. */
export interface UseActorResult<Definition> {
  readonly connStatus: ActorConnStatus;
  readonly isConnected: boolean;
  /** The last error; null again once connected. */
  readonly error: ActorError | null;
  readonly handle: ActorHandle<Definition> | null;
  readonly connection: ActorConn<Definition> | null;
  /** Equal for components that share a connection. */
  readonly hash: string;
  /** `useEvent` for this actor: a hook, under the rules of hooks. */
  readonly useEvent: <Name extends EventName<Definition>>(
    name: Name,
    listener: (...args: EventArgs<Definition, Name>) => void,
    options?: SubscribeOptions,
  ) => void;
}

export interface Byward<Registry> {
  /** A live connection to an actor, shared by all components that ask for the same one. */
  useActor<Name extends ActorName<Registry>>(
    options: UseActorOptions<Registry, Name>,
  ): UseActorResult<ActorOf<Registry, Name>>;
  /** Listens to an event while the component is mounted. The listener may change at every render; the newest is called. */
  useEvent<Definition, Name extends EventName<Definition>>(
    actor: Pick<UseActorResult<Definition>, "connection">,
    name: Name,
    listener: (...args: EventArgs<Definition, Name>) => void,
    options?: SubscribeOptions,
  ): void;
}

/**
 * Hooks over a client.
 *
 * ```tsx
 * const { useActor } = createByward(createClient<typeof registry>("https://chat.example"));
 *
 * function Room({ id }: { id: string }) {
 *   const room = useActor({ name: "chatRoom", key: id });
 *   const [messages, setMessages] = useState<Message[]>([]);
 *   room.useEvent("messages", (message) => setMessages((all) => [...all, message]));
 *   return <p>{room.connStatus}: {messages.length}</p>;
 * }
 * ```
 */
export const createByward = <Registry = unknown>(client: Client<Registry>): Byward<Registry> => {
  // Which actors there are is a matter of types alone.
  const connections = new SharedConnections(client as unknown as Client);
  return {
    useActor: ({ enabled = true, ...request }) => {
      const view = useConnection(connections, request, enabled);
      const hash = hashOf(request);
      const result = useMemo(
        () => ({
          ...view,
          isConnected: view.connStatus === "connected",
          hash,
          useEvent: (name: string, listener: (...args: unknown[]) => void, options?: SubscribeOptions) =>
            useConnectionEvent(view.connection, name, listener, options),
        }),
        [view, hash],
      );
      // Members are the same for all actors; the types of one are the interface's to say.
      return result as never;
    },
    useEvent: (actor, name, listener, options) =>
      useConnectionEvent(actor.connection as ActorConn | null, name, listener as (...args: unknown[]) => void, options),
  };
};

const useConnection = (connections: SharedConnections, request: ActorRequest, enabled: boolean) => {
  const hash = hashOf(request);
  const newest = useNewest(request);
  const hold = useCallback(
    (watch: () => void) => (enabled ? connections.hold(hash, newest.current, watch) : () => {}),
    [connections, hash, enabled, newest],
  );
  const view = useCallback(() => (enabled ? connections.view(hash) : NO_CONNECTION), [connections, hash, enabled]);
  return useSyncExternalStore(hold, view, () => NO_CONNECTION);
};

const useConnectionEvent = (
  connection: ActorConn | null,
  name: string,
  listener: (...args: unknown[]) => void,
  options: SubscribeOptions | undefined,
): void => {
  const newest = useNewest({ listener, onDenied: options?.onDenied });
  useEffect(
    () =>
      connection?.on(name, (...args) => newest.current.listener(...args), {
        onDenied: (error) => newest.current.onDenied?.(error),
      }),
    [connection, name, newest],
  );
};

/** The value of the newest committed render, set before that render's own effects run. */
const useNewest = <T>(value: T): { readonly current: T } => {
  const newest = useRef(value);
  useInsertionEffect(() => {
    newest.current = value;
  });
  return newest;
};
