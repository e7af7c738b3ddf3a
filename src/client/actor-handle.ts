/** Owns handles: stateless calls to one actor. A handle holds nothing open; connections made from it live on their own. */
import { own } from "../protocol/error-body.ts";
import { keyText, toKey } from "../protocol/key.ts";
import { withActions } from "./action-proxy.ts";
import type { ClientConfig } from "./config.ts";
import { Connection } from "./connection/connection.ts";
import { encoding, MalformedResponseMessage } from "./errors.ts";
import { eventStream } from "./event-stream.ts";
import { exchange } from "./http.ts";
import { rawFetch } from "./raw-fetch.ts";
import { openRawSocket } from "./raw-socket.ts";
import { asReceipt } from "./receipt.ts";
import type { Target } from "./target.ts";
import type {
  ActionCall,
  ActorConn,
  ActorHandle,
  ActorKey,
  CreateOptions,
  GetOrCreateOptions,
  HandleMembers,
  HandleOptions,
  SendOptions,
} from "./types.ts";

/** What a handle needs of its client. */
export interface HandleContext {
  readonly config: ClientConfig;
  /** Live connections, so that the client can dispose of them. */
  readonly connections: Set<Connection>;
}

/** @throws ActorError `client/not_encodable` for a key that has no spelling */
export const handleForKey = (
  context: HandleContext,
  name: string,
  key: ActorKey | undefined,
  mode: Target["mode"],
  options: GetOrCreateOptions = {},
): ActorHandle => {
  const address = { by: "key", key: toKey(key) } as const;
  encoding(() => keyText(address.key));
  return createHandle(context, { name, address, mode, input: options.createWithInput, ...commonOf(options) });
};

export const handleForId = (
  context: HandleContext,
  name: string,
  id: string,
  options: HandleOptions = {},
): ActorHandle => createHandle(context, { name, address: { by: "id", id }, mode: "get", ...commonOf(options) });

/** Creates the actor, and gives a handle that stays with it. */
export const createActor = async (
  context: HandleContext,
  name: string,
  key: ActorKey | undefined,
  options: CreateOptions = {},
): Promise<ActorHandle> => {
  const address = { by: "key", key: toKey(key) } as const;
  const target: Target = { name, address, mode: "getOrCreate", ...commonOf(options) };
  const body = options.input === undefined ? {} : { input: options.input };
  const reply = await exchange(context.config, target, {
    method: "POST",
    route: { kind: "actor" },
    body,
    isRepeatable: false,
  });
  return createHandle(context, { ...target, ...pinned(reply) }, address.key);
};

const createHandle = (context: HandleContext, target: Target, key?: readonly string[]): ActorHandle => {
  const face = new HandleFace(context, target, key ?? (target.address.by === "key" ? target.address.key : undefined));
  // The proxy adds what the class cannot declare: actions, and the types of one actor.
  return withActions(face) as unknown as ActorHandle;
};

const commonOf = ({ params, getParams, signal }: HandleOptions): Pick<Target, "params" | "getParams" | "signal"> => ({
  params,
  getParams,
  signal,
});

/** The part of a target that means one very actor. */
const pinned = (reply: unknown): Pick<Target, "address" | "mode" | "input"> => {
  const id = own(reply, "actor");
  if (typeof id !== "string") throw new MalformedResponseMessage("The reply has no actor id.");
  return { address: { by: "id", id }, mode: "get", input: undefined };
};

/** Every member by name; their types are the actor's, and erased here. */
class HandleFace implements Readonly<Record<Exclude<keyof HandleMembers, "then">, unknown>> {
  readonly $name: string;
  readonly $key: readonly string[] | undefined;
  readonly #context: HandleContext;
  #target: Target;

  constructor(context: HandleContext, target: Target, key: readonly string[] | undefined) {
    this.$name = target.name;
    this.$key = key;
    this.#context = context;
    this.#target = target;
  }

  async action({ name, args = [], signal }: ActionCall<string, unknown[]>): Promise<unknown> {
    const reply = await exchange(this.#context.config, this.#target, {
      method: "POST",
      route: { kind: "action", name },
      body: args,
      label: "args",
      signal,
      isRepeatable: false,
    });
    return own(reply, "output");
  }

  async send(queue: string, body: unknown, options: SendOptions = {}): Promise<unknown> {
    const { wait, timeout, signal, id = this.#context.config.runtime.uniqueId() } = options;
    const reply = await exchange(this.#context.config, this.#target, {
      method: "POST",
      route: { kind: "queue", name: queue },
      body: { body, wait, timeout, id },
      label: "message",
      signal,
      isRepeatable: true,
    });
    return asReceipt(reply, options);
  }

  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    return rawFetch(this.#context.config, this.#target, input, init);
  }
  webSocket(path?: string, protocols?: string | readonly string[]): Promise<WebSocket> {
    return openRawSocket(this.#context.config, this.#target, path, protocols);
  }

  connect(): ActorConn {
    const { config, connections } = this.#context;
    const connection: Connection = new Connection(config, this.#target, () => connections.delete(connection));
    connections.add(connection);
    // As with handles.
    return withActions(connection) as unknown as ActorConn;
  }

  async resolve(): Promise<string> {
    const { address, mode, input } = this.#target;
    if (address.by === "id") return address.id;
    const route = { kind: "actor" } as const;
    const creates = mode === "getOrCreate";
    const body = creates ? { body: input === undefined ? {} : { input } } : {};
    // The input goes in the body here, where it may be large.
    const target: Target = { ...this.#target, input: undefined };
    const reply = await exchange(this.#context.config, target, {
      method: creates ? "PUT" : "GET",
      route,
      ...body,
      isRepeatable: true,
    });
    const pin = pinned(reply);
    this.#target = { ...this.#target, ...pin };
    return pin.address.by === "id" ? pin.address.id : "";
  }

  $events(name: string, options: { readonly signal?: AbortSignal } = {}): AsyncIterableIterator<unknown[]> {
    return eventStream(this.#context.config, this.#target, name, options.signal);
  }
}
