/**
 * Owns the public types of the client. No code. What a definition carries is read structurally, through the phantom
 * members `~actors` and `~types`, so that a browser's types do not pull in the server's.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { ActorError } from "./errors.ts";

/** What the client reads off a registry's type. */
export interface RegistryLike {
  readonly "~actors"?: Readonly<Record<string, ActorDefinitionLike>>;
}
/** What the client reads off an actor's type. */
export interface ActorDefinitionLike {
  readonly "~types"?: ActorTypes;
}
/**
 * The types of an actor that reach its clients. `actions`: name → `(c, ...args) => result`. `events` and `queues`: name →
 * token or schema, as declared; where nothing is declared names are open.
 */
export interface ActorTypes {
  readonly actions: unknown;
  readonly events: unknown;
  readonly queues: unknown;
  readonly params: unknown;
  readonly input: unknown;
  readonly connState: unknown;
}

type TypesOf<Definition> = Definition extends { readonly "~types"?: infer Types } ? NonNullable<Types> : ActorTypes;
type Part<Definition, Name extends keyof ActorTypes> =
  TypesOf<Definition> extends { readonly [N in Name]: infer P } ? P : unknown;

/** Actors of a registry, by name. */
export type ActorsOf<Registry> = Registry extends { readonly "~actors"?: infer Actors }
  ? NonNullable<Actors>
  : Readonly<Record<string, ActorDefinitionLike>>;
export type ActorName<Registry> = keyof ActorsOf<Registry> & string;
/** One actor's definition. */
export type ActorOf<Registry, Name> = Name extends keyof ActorsOf<Registry>
  ? ActorsOf<Registry>[Name]
  : ActorDefinitionLike;

/** A handler as the client sees it: the context is the server's affair. */
type Handler = (c: never, ...args: never[]) => unknown;
type ClientFunction<F> = F extends (c: never, ...args: infer Args) => infer Result
  ? (...args: Args) => Promise<Awaited<Result>>
  : (...args: unknown[]) => Promise<unknown>;

/** True where nothing is declared, so that any name goes. */
type IsOpen<Declared> = unknown extends Declared ? true : [keyof Declared] extends [never] ? true : false;
type NamesOf<Declared> = IsOpen<Declared> extends true ? string : keyof Declared & string;

/** Names of the declared actions; any string on an untyped client. */
export type ActionName<Definition> =
  unknown extends Part<Definition, "actions"> ? string : keyof Part<Definition, "actions"> & string;
/** One action, as called from a client. */
export type ActionFunction<Definition, Name> = Name extends keyof Part<Definition, "actions">
  ? Part<Definition, "actions">[Name] extends Handler
    ? ClientFunction<Part<Definition, "actions">[Name]>
    : (...args: unknown[]) => Promise<unknown>
  : (...args: unknown[]) => Promise<unknown>;
/** The actions of an actor as methods. Names that a handle or connection has itself are reachable through `action`. */
export type ActionMethods<Definition, Reserved> =
  unknown extends Part<Definition, "actions">
    ? { readonly [name: string]: (...args: unknown[]) => Promise<unknown> }
    : {
        readonly [Name in Exclude<ActionName<Definition>, keyof Reserved>]: ActionFunction<Definition, Name>;
      };

type IsFixedTuple<T> = T extends readonly unknown[] ? (number extends T["length"] ? false : true) : false;
type Spread<T> = unknown extends T
  ? [payload: T]
  : IsFixedTuple<T> extends true
    ? T extends readonly unknown[]
      ? [...T]
      : never
    : [payload: T];
type SchemaOutput<Entry> = Entry extends StandardSchemaV1<infer _Input, infer Output> ? Output : unknown;
type SchemaInput<Entry> = Entry extends StandardSchemaV1<infer Input, infer _Output> ? Input : unknown;

export type EventName<Definition> = NamesOf<Part<Definition, "events">>;
type EventPayload<Entry> = Entry extends { readonly type: "event"; readonly "~payload"?: infer Payload }
  ? Payload
  : SchemaOutput<Entry>;
/** Arguments of a listener. A fixed tuple spreads; anything else is one argument. */
export type EventArgs<Definition, Name> =
  IsOpen<Part<Definition, "events">> extends true
    ? unknown[]
    : Name extends keyof Part<Definition, "events">
      ? Spread<EventPayload<Part<Definition, "events">[Name]>>
      : never;

export type QueueName<Definition> = NamesOf<Part<Definition, "queues">>;
type Token<Message, Reply> = { readonly type: "queue"; readonly "~message"?: Message; readonly "~reply"?: Reply };
type Body<Entry> =
  Entry extends Token<infer Message, infer _Reply>
    ? Message
    : Entry extends { readonly message: infer Message }
      ? Body<Message>
      : SchemaInput<Entry>;
type Reply<Entry> =
  Entry extends Token<infer _Message, infer Answer>
    ? Answer
    : Entry extends { readonly complete: infer Complete }
      ? Complete extends Token<infer Message, infer _Reply>
        ? Message
        : SchemaOutput<Complete>
      : unknown;
type QueueEntry<Definition, Name> = Name extends keyof Part<Definition, "queues">
  ? Part<Definition, "queues">[Name]
  : unknown;
export type QueueBody<Definition, Name> = Body<QueueEntry<Definition, Name>>;
export type QueueReply<Definition, Name> = Reply<QueueEntry<Definition, Name>>;

export type Params<Definition> = Part<Definition, "params">;
export type Input<Definition> = Part<Definition, "input">;

/** Nothing is the empty key; a string is a key of one component. */
export type ActorKey = string | readonly string[];

export interface HandleOptions<Definition = ActorDefinitionLike> {
  /** Connection parameters, as the actor's hooks see them. */
  readonly params?: Params<Definition>;
  /** Asked before every call and connection, instead of `params`. */
  readonly getParams?: () => Params<Definition> | Promise<Params<Definition>>;
  /** Ends everything done with the handle; its reason is what calls reject with. */
  readonly signal?: AbortSignal;
}
export interface GetOrCreateOptions<Definition = ActorDefinitionLike> extends HandleOptions<Definition> {
  /** Input for the actor if the first use creates it. */
  readonly createWithInput?: Input<Definition>;
}
export interface CreateOptions<Definition = ActorDefinitionLike> extends HandleOptions<Definition> {
  readonly input?: Input<Definition>;
}

export interface ActionCall<Name, Args> {
  readonly name: Name;
  readonly args?: Args;
  /** Stops waiting; the action itself is not undone. */
  readonly signal?: AbortSignal;
}

export interface SendOptions {
  /** Wait until the message is completed. */
  readonly wait?: boolean;
  /** ms to wait at most; without it, as long as it takes. A message that timed out is still processed. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
  /** Idempotency id: the same id twice is one message. Made up for each call unless given. At most 256 characters. */
  readonly id?: string;
}
/** What a waiting sender learns. */
export type SendReceipt<Answer = unknown> =
  | { readonly status: "completed"; readonly response?: Answer }
  | { readonly status: "timedOut"; readonly response?: undefined };

/** Calls that handles and connections share. */
export interface Callable<Definition> {
  /** Calls an action by name, also one that a member of this object hides. @throws ActorError */
  action<Name extends ActionName<Definition>>(
    call: ActionCall<Name, Parameters<ActionFunction<Definition, Name>>>,
  ): ReturnType<ActionFunction<Definition, Name>>;
  /** Enqueues a message and waits for its completion. Repeated over broken links; it is still one message. */
  send<Name extends QueueName<Definition>>(
    queue: Name,
    body: QueueBody<Definition, Name>,
    options: SendOptions & { readonly wait: true },
  ): Promise<SendReceipt<QueueReply<Definition, Name>>>;
  /** Enqueues a message; resolves when it is durable. Repeated over broken links; it is still one message. */
  send<Name extends QueueName<Definition>>(
    queue: Name,
    body: QueueBody<Definition, Name>,
    options?: SendOptions & { readonly wait?: false },
  ): Promise<void>;
  /** Absent, so that the object can be awaited. */
  readonly then?: undefined;
}

export interface HandleMembers<Definition = ActorDefinitionLike> extends Callable<Definition> {
  /** A raw request to the actor's `onRequest`. HTTP errors resolve; only a failed link rejects. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /** A raw WebSocket to the actor's `onWebSocket`, admitted. Rejects with the refusal. */
  webSocket(path?: string, protocols?: string | readonly string[]): Promise<WebSocket>;
  /** A live connection; it opens at once and keeps itself open. */
  connect(): ActorConn<Definition>;
  /** The actor's id. The handle then stays with that very actor. */
  resolve(): Promise<string>;
  /** One event over Server-Sent Events, as lists of arguments; comes back by itself after a broken link. */
  $events<Name extends EventName<Definition>>(
    name: Name,
    options?: { readonly signal?: AbortSignal },
  ): AsyncIterableIterator<EventArgs<Definition, Name>>;
  readonly $name: string;
  /** Undefined on a handle made from an id. */
  readonly $key: readonly string[] | undefined;
}
/** A handle: stateless calls, nothing is open between them. */
export type ActorHandle<Definition = ActorDefinitionLike> = HandleMembers<Definition> &
  ActionMethods<Definition, HandleMembers<Definition>>;

/** `idle`: disposed. `disconnected`: lost; it comes back by itself unless `$failure` is set. */
export type ActorConnStatus = "idle" | "connecting" | "connected" | "disconnected";
export type EventUnsubscribe = () => void;
export interface SubscribeOptions {
  /** This subscription was refused, or ended by the server; the others stand. */
  readonly onDenied?: (error: ActorError) => void;
}

export interface ConnMembers<Definition = ActorDefinitionLike> extends Callable<Definition> {
  on<Name extends EventName<Definition>>(
    event: Name,
    listener: (...args: EventArgs<Definition, Name>) => void,
    options?: SubscribeOptions,
  ): EventUnsubscribe;
  once<Name extends EventName<Definition>>(
    event: Name,
    listener: (...args: EventArgs<Definition, Name>) => void,
    options?: SubscribeOptions,
  ): EventUnsubscribe;
  /** Every error that no call carries: refused subscriptions, lost links, failed renewals, listeners that throw. */
  onError(listener: (error: ActorError) => void): EventUnsubscribe;
  onOpen(listener: () => void): EventUnsubscribe;
  onClose(listener: () => void): EventUnsubscribe;
  onStatusChange(listener: (status: ActorConnStatus) => void): EventUnsubscribe;
  readonly connStatus: ActorConnStatus;
  readonly isConnected: boolean;
  /** Undefined until the first connection stood. */
  readonly actorId: string | undefined;
  /** Undefined while not connected. */
  readonly connId: string | undefined;
  /** Closes for good and rejects what was under way. Resolves when the socket is closed. */
  dispose(): Promise<void>;
  /** Why the connection gave up, if it did. */
  readonly $failure: ActorError | undefined;
  /** Tries again now, after `$failure` too, such as when the user has signed in. */
  $reconnect(): void;
}
/** A live connection: actions, events and queue sends over one socket. */
export type ActorConn<Definition = ActorDefinitionLike> = ConnMembers<Definition> &
  ActionMethods<Definition, ConnMembers<Definition>>;

/** Ways to an actor of one type. */
export interface ActorAccessor<Definition = ActorDefinitionLike> {
  /** An existing actor; calls to a missing one reject with `actor/not_found`. */
  get(key?: ActorKey, options?: HandleOptions<Definition>): ActorHandle<Definition>;
  /** Creates the actor at first use. */
  getOrCreate(key?: ActorKey, options?: GetOrCreateOptions<Definition>): ActorHandle<Definition>;
  getForId(id: string, options?: HandleOptions<Definition>): ActorHandle<Definition>;
  /** Creates it now. @throws ActorError `actor/duplicate_key` */
  create(key?: ActorKey, options?: CreateOptions<Definition>): Promise<ActorHandle<Definition>>;
}

/** The accessors again, for names that are data. */
export interface ClientMembers<Registry = unknown> {
  get<Name extends ActorName<Registry>>(
    name: Name,
    key?: ActorKey,
    options?: HandleOptions<ActorOf<Registry, Name>>,
  ): ActorHandle<ActorOf<Registry, Name>>;
  getOrCreate<Name extends ActorName<Registry>>(
    name: Name,
    key?: ActorKey,
    options?: GetOrCreateOptions<ActorOf<Registry, Name>>,
  ): ActorHandle<ActorOf<Registry, Name>>;
  getForId<Name extends ActorName<Registry>>(
    name: Name,
    id: string,
    options?: HandleOptions<ActorOf<Registry, Name>>,
  ): ActorHandle<ActorOf<Registry, Name>>;
  create<Name extends ActorName<Registry>>(
    name: Name,
    key?: ActorKey,
    options?: CreateOptions<ActorOf<Registry, Name>>,
  ): Promise<ActorHandle<ActorOf<Registry, Name>>>;
  /** Disposes every live connection. */
  dispose(): Promise<void>;
  readonly then?: undefined;
  /** Type only: the registry, for those who take a client and give its types on. */
  readonly "~registry"?: Registry;
}
/** A client of a registry: one member per actor. Without a type argument every name goes, typed loosely. */
export type Client<Registry = unknown> = ClientMembers<Registry> & {
  readonly [Name in Exclude<ActorName<Registry>, keyof ClientMembers>]: ActorAccessor<ActorOf<Registry, Name>>;
};

export interface TokenRequest {
  /** The last token was refused, or is about to expire: one kept from before will not do. */
  readonly fresh: boolean;
}
/** A token, or what gives one: asked before every call and connection, so it should remember its own. */
export type TokenSource =
  | string
  | ((request: TokenRequest) => string | null | undefined | Promise<string | null | undefined>);

export interface ClientOptions {
  /** Origin, with or without a base path. Default: the page's origin in a browser, else `http://127.0.0.1:6420`. */
  readonly endpoint?: string;
  /** Travels in `Authorization` or in the first frame, never in a URL. */
  readonly token?: TokenSource;
  readonly params?: unknown;
  readonly getParams?: () => unknown;
  /** Default `json`. `cbor` is loaded when first used; bytes are then smaller on the wire. */
  readonly encoding?: "json" | "cbor";
  /** Added to HTTP requests. Browsers let nobody add headers to WebSockets. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly fetch?: typeof globalThis.fetch;
  readonly WebSocket?: typeof globalThis.WebSocket;
  /**
   * Connections of this client share sockets: one, or as many as `sockets` says. Default false, a socket for each. Where the
   * server does not offer it, each has a socket of its own all the same.
   */
  readonly multiplex?: boolean | { readonly sockets?: number };
  /** Calls held while a connection is not open; more are rejected with `client/buffer_full`. Default 1000. */
  readonly maxBuffered?: number;
}
