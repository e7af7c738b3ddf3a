/**
 * Owns the public types of actors: shapes, contexts, hooks. No code. `Shape` carries an actor's types as one bag;
 * contexts are parametrised by it and by the callers that may reach them.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { AnyOf, By, CallerOf, DefaultBy } from "../boundary/party.ts";
import type { CallerRecord } from "../boundary/scheme.ts";
import type { ContextLog } from "./context-log.ts";
import type { ActorKv } from "./kv.ts";
import type { ActorQueue } from "./queue.ts";
import type { Schedule } from "./schedule.ts";
import type { CallRef, QueueRef, ServiceReceipt, ServiceSendOptions } from "./service-link.ts";
import type { EventToken, QueueToken } from "./tokens.ts";

/** All types of an actor in one bag. */
export interface Shape<
  State = unknown,
  Vars = unknown,
  ConnState = unknown,
  Params = unknown,
  Input = unknown,
  Events = unknown,
  Queues = unknown,
> {
  readonly State: State;
  readonly Vars: Vars;
  readonly ConnState: ConnState;
  readonly Params: Params;
  readonly Input: Input;
  readonly Events: Events;
  readonly Queues: Queues;
}
export type AnyShape = Shape;

/** Names a map declares; any string where it declares none (ruling 1). */
export type NameOf<Declared> = [keyof Declared] extends [never] ? string : keyof Declared & string;

/** What `canInvoke` decides on. `method` and `path` are there for raw requests and sockets. */
export type InvokeTarget<
  Actions extends string = string,
  Queues extends string = string,
  Events extends string = string,
> =
  | { readonly kind: "action"; readonly name: Actions }
  | { readonly kind: "queue"; readonly name: Queues }
  | { readonly kind: "subscribe"; readonly name: Events }
  | { readonly kind: "request"; readonly method: string; readonly path: string }
  | { readonly kind: "websocket"; readonly method: string; readonly path: string };

type IsFixedTuple<T> = T extends readonly unknown[] ? (number extends T["length"] ? false : true) : false;
type Spread<T> = IsFixedTuple<T> extends true ? (T extends readonly unknown[] ? [...T] : never) : [payload: T];

/** The payload an entry under `events` declares. */
export type EventPayload<Entry> =
  Entry extends EventToken<infer Payload>
    ? Payload
    : Entry extends StandardSchemaV1<unknown, infer Output>
      ? Output
      : unknown;
/** Arguments of `broadcast` and of a listener. A fixed tuple spreads; anything else is one argument. */
export type EventArgs<Events, Name> = [keyof Events] extends [never]
  ? unknown[]
  : Name extends keyof Events
    ? Spread<EventPayload<Events[Name]>>
    : never;

type PartOf<Part, Key extends "~message" | "~reply"> =
  Part extends QueueToken<infer Message, infer Reply>
    ? Key extends "~message"
      ? Message
      : Reply
    : Part extends StandardSchemaV1<unknown, infer Output>
      ? Output
      : unknown;
export type QueueBody<Entry> = Entry extends { readonly message: infer Part; readonly type?: undefined }
  ? PartOf<Part, "~message">
  : PartOf<Entry, "~message">;
export type QueueReply<Entry> = Entry extends { readonly complete: infer Part; readonly type?: undefined }
  ? PartOf<Part, "~message">
  : Entry extends QueueToken<unknown, infer Reply>
    ? Reply
    : never;

/** A connection: of an RPC client, a raw socket, or one stateless call. */
export interface Conn<S extends AnyShape = AnyShape, Caller = unknown> {
  readonly id: string;
  readonly params: S["Params"];
  /** Readable and assignable; it outlives the actor's sleep, not the process. */
  state: S["ConnState"];
  /** The caller it was opened by. */
  readonly caller: Caller;
  readonly isHibernatable: boolean;
  /** Names it is subscribed to. */
  readonly subscriptions: ReadonlySet<string>;
  /** Sends an event to this connection alone, if it is subscribed to it and its lease lives. */
  send<Name extends NameOf<S["Events"]>>(name: Name, ...args: EventArgs<S["Events"], Name>): void;
  /** Closes it: 1000, or 3003 with `terminal`, after which a client stays away. */
  disconnect(reason?: string, options?: { readonly terminal?: boolean }): Promise<void>;
  /** Ends its lease now: nothing further runs or is delivered under it. Closes 3000. */
  revoke(): void;
}

/** Members of every context. */
export interface BaseContext<S extends AnyShape = AnyShape> {
  /** Tracked and mutable in place; durable before the reply. */
  readonly state: S["State"];
  /** In memory only, new at every start. */
  readonly vars: S["Vars"];
  readonly kv: ActorKv;
  readonly queue: ActorQueue<S["Queues"]>;
  readonly schedule: Schedule;
  readonly log: ContextLog;
  readonly actorId: string;
  readonly name: string;
  readonly key: readonly string[];
  readonly region: string;
  /** Admitted connections, by id. */
  readonly conns: ReadonlyMap<string, Conn<S>>;
  /** Sends an event to every live subscriber, after the state it rests on is durable. */
  broadcast<Name extends NameOf<S["Events"]>>(name: Name, ...args: EventArgs<S["Events"], Name>): void;
  /** A client whose calls carry this actor as `Caller`. */
  client<Registry = unknown>(options?: { readonly onBehalfOf?: CallerRecord | null }): ContextClient<Registry>;
  /** A call of a service of this registry, as a function; it carries this actor as `Caller`. */
  call<Args extends readonly unknown[], Result>(ref: CallRef<Args, Result>): (...args: Args) => Promise<Result>;
  /** Enqueues on a queue of a service; resolves when that is durable, which is not the commit of this actor's own changes. */
  send<Message>(ref: QueueRef<Message>, message: Message, options?: ServiceSendOptions): Promise<ServiceReceipt>;
  /**
   * Resolves when everything changed so far is saved. Where `durability` is `relaxed`: on disk with `immediate`, else handed
   * over with the next save, at the latest after `maxWait` ms.
   */
  saveState(options?: SaveStateOptions): Promise<void>;
  /** Keeps the actor awake until it settles; a rejection is logged. */
  waitUntil(promise: Promise<unknown>): void;
  /** Keeps the actor awake until it settles; resolves or rejects as it does. */
  keepAwake<T>(promise: Promise<T>): Promise<T>;
  /** Fires when the actor stops; in an action also when the call is abandoned, timed out, or its caller's lease ends. */
  readonly abortSignal: AbortSignal;
  readonly aborted: boolean;
  sleep(): void;
  destroy(): void;
}

export interface SaveStateOptions {
  readonly immediate?: boolean;
  /** ms. */
  readonly maxWait?: number;
  /** Accepted for porting: a stopping actor may save. */
  readonly allowStoppingState?: boolean;
}

/** The client type a context hands out; narrowed by the registry type argument. */
export type ContextClient<Registry> = import("../client/types.ts").Client<Registry>;

export interface CreateContext<S extends AnyShape = AnyShape> extends BaseContext<S> {}
export interface ConnInitContext<S extends AnyShape = AnyShape, Caller = unknown> extends BaseContext<S> {
  readonly caller: Caller;
  readonly request: Request | undefined;
}
export interface ConnContext<S extends AnyShape = AnyShape, Caller = unknown> extends BaseContext<S> {
  readonly conn: Conn<S, Caller>;
  readonly caller: Caller;
  readonly request: Request | undefined;
}
export interface ActionContext<S extends AnyShape = AnyShape, Caller = unknown> extends ConnContext<S, Caller> {}
export interface RequestContext<S extends AnyShape = AnyShape, Caller = unknown> extends ConnContext<S, Caller> {
  readonly request: Request;
}
export interface WebSocketContext<S extends AnyShape = AnyShape, Caller = unknown> extends ConnContext<S, Caller> {
  readonly request: Request;
}
export interface RunContext<S extends AnyShape = AnyShape> extends BaseContext<S> {}

/** A raw socket as handlers see it: the parts of the web `WebSocket` that a server side has. */
export interface RawSocket {
  readonly readyState: 0 | 1 | 2 | 3;
  readonly protocol: string;
  readonly url: string;
  readonly bufferedAmount: number;
  binaryType: "arraybuffer" | "uint8array";
  send(data: string | ArrayBuffer | ArrayBufferView | Blob): void;
  close(code?: number, reason?: string): void;
  addEventListener<Type extends keyof RawSocketEvents>(
    type: Type,
    listener: (event: RawSocketEvents[Type]) => void,
  ): void;
  removeEventListener<Type extends keyof RawSocketEvents>(
    type: Type,
    listener: (event: RawSocketEvents[Type]) => void,
  ): void;
  onopen: ((event: RawSocketEvents["open"]) => void) | null;
  onmessage: ((event: RawSocketEvents["message"]) => void) | null;
  onclose: ((event: RawSocketEvents["close"]) => void) | null;
  onerror: ((event: RawSocketEvents["error"]) => void) | null;
}
export interface RawSocketEvents {
  readonly open: { readonly type: "open" };
  readonly message: { readonly type: "message"; readonly data: string | ArrayBuffer | Uint8Array };
  readonly close: {
    readonly type: "close";
    readonly code: number;
    readonly reason: string;
    readonly wasClean: boolean;
  };
  readonly error: { readonly type: "error"; readonly message: string };
}

/** Guards of one entrypoint. They narrow who may come; `canInvoke` is still asked. */
export interface EntryGuard {
  readonly by?: By;
}
export interface ActionGuard extends EntryGuard {
  /** Validates the first argument; any Standard Schema, sync or async. The action gets its output. */
  readonly input?: StandardSchemaV1;
  /** Drops what the action changed when it throws. */
  readonly atomic?: boolean;
  /** One at a time: starts after the previous call of this action was answered, be it with `timed_out` while its handler goes on. */
  readonly serial?: boolean;
}

export type CallersOf<B> = [B] extends [undefined] ? CallerOf<DefaultBy> : CallerOf<B>;

type GuardOf<G, Kind extends string, Name> = G extends { readonly [K in Kind]: infer Map }
  ? Name extends keyof Map
    ? Map[Name]
    : undefined
  : undefined;
/** Callers that may reach one action, event or queue. */
export type CallerAt<B, G, Kind extends string, Name> =
  GuardOf<G, Kind, Name> extends { readonly by: infer Narrowed } ? CallerOf<Narrowed> : CallersOf<B>;
/** Callers that may reach a raw handler. */
export type CallerAtRaw<B, G, Kind extends "request" | "websocket"> = G extends {
  readonly [K in Kind]: { readonly by: infer Narrowed };
}
  ? CallerOf<Narrowed>
  : CallersOf<B>;

type GuardCallers<G> = G extends object
  ? {
      [Kind in keyof G]: G[Kind] extends { readonly by: infer Narrowed }
        ? CallerOf<Narrowed>
        : G[Kind] extends object
          ? {
              [Name in keyof G[Kind]]: G[Kind][Name] extends { readonly by: infer Narrowed }
                ? CallerOf<Narrowed>
                : never;
            }[keyof G[Kind]]
          : never;
    }[keyof G]
  : never;
/** Every caller `canInvoke` may see. */
export type AnyCallerOf<B, G> = CallersOf<B> | GuardCallers<G>;

/** Arguments of an action: what its input schema yields, where one is declared. */
export type ActionArgs<G, Name> =
  GuardOf<G, "actions", Name> extends { readonly input: infer Schema }
    ? Schema extends StandardSchemaV1<unknown, infer Output>
      ? [input: Output, ...rest: unknown[]]
      : // biome-ignore lint/suspicious/noExplicitAny: see above
        any[]
    : // biome-ignore lint/suspicious/noExplicitAny: see above
      any[];

export interface ActorOptions {
  readonly name?: string;
  readonly icon?: string;
  /** All times in ms. */
  readonly createVarsTimeout?: number;
  readonly createConnStateTimeout?: number;
  readonly onBeforeConnectTimeout?: number;
  readonly onConnectTimeout?: number;
  readonly onSleepTimeout?: number;
  readonly onDestroyTimeout?: number;
  readonly canInvokeTimeout?: number;
  readonly actionTimeout?: number;
  readonly waitUntilTimeout?: number;
  readonly runStopTimeout?: number;
  readonly sleepTimeout?: number;
  readonly noSleep?: boolean;
  /** Of `relaxed` actors: at most one save of their state in this time. Default 10,000. */
  readonly stateSaveInterval?: number;
  /** Accepted for porting; the transport keeps connections alive. */
  readonly connectionLivenessTimeout?: number;
  readonly connectionLivenessInterval?: number;
  readonly maxQueueSize?: number;
  /** Bytes. */
  readonly maxQueueMessageSize?: number;
  /** Bytes of encoded state. */
  readonly maxStateSize?: number;
  /** Raw sockets stay open while the actor sleeps. On waking the decision is taken again and `onWebSocket` runs again. */
  readonly canHibernateWebSocket?: boolean | ((request: Request) => boolean);
  /** `durable` (default): on disk before the reply. `relaxed`: state is saved once per `stateSaveInterval`; a crash may lose what was acknowledged since. */
  readonly durability?: "durable" | "relaxed";
}

export type { AnyOf, By };
