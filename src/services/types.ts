/**
 * Owns the public types of services: what handlers see, what configurations may hold, how callers refer to calls and queues.
 * No code.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { CallRef, QueueRef, ServiceReceipt, ServiceSendOptions } from "../actors/service-link.ts";
import type { ContextClient } from "../actors/types.ts";
import type { MaybePromise } from "../boundary/maybe-promise.ts";
import type { By, Caller, CallerOf, Producer, Scheduler } from "../boundary/party.ts";
import type { RateRule } from "../boundary/rate.ts";
import type { CallerRecord } from "../boundary/scheme.ts";
import type { Logger } from "../hosts/port.ts";

export type { CallRef, QueueRef, ServiceReceipt, ServiceSendOptions } from "../actors/service-link.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
/** `"GET /users/:id"`: a method, one space, a path; `:name` stands for one segment. `HEAD` and `OPTIONS` come by themselves. */
export type RouteKey = `${Method} /${string}`;

type PathOf<Key> = Key extends `${string} ${infer Path}` ? Path : never;
type ParamNames<Path> = Path extends `${string}/:${infer Name}/${infer Rest}`
  ? Name | ParamNames<`/${Rest}`>
  : Path extends `${string}/:${infer Name}`
    ? Name
    : never;
/** The path parameters of a route key, percent-decoded. */
export type PathParams<Key> = { readonly [Name in ParamNames<PathOf<Key>>]: string };

/** Time, randomness, settings and network of the host; virtual in tests. */
export interface ServiceHost {
  /** Epoch ms. */
  now(): number;
  random(bytes: number): Uint8Array;
  /** An environment variable or secret by name. */
  env(name: string): string | undefined;
  fetch(input: string, init?: RequestInit): Promise<Response>;
}

/** Members every handler of a service has. */
export interface ServiceContext<Caller = unknown> {
  /** Who calls. The only place identity reaches a handler. */
  readonly caller: Caller;
  /** The service's name in `setup({ services })`. */
  readonly service: string;
  readonly log: Logger;
  readonly host: ServiceHost;
  /** In the log and in the response of this invocation. */
  readonly correlationId: string;
  /** Fires when the peer goes away, the time is up, or the registry closes. */
  readonly abortSignal: AbortSignal;
  /** A client of the registry's actors; its calls carry this service as `Caller`. */
  client<Registry = unknown>(): ContextClient<Registry>;
  /**
   * The call of a service, as a function; arguments and result cross by copy.
   * @throws Refusal, UserError: what the callee's gate or handler answered
   */
  call<Args extends readonly unknown[], Result>(ref: CallRef<Args, Result>): (...args: Args) => Promise<Result>;
  /**
   * Enqueues; resolves when the message is durable.
   * @throws Refusal `queue/full`, `queue/message_too_large`, `queue/invalid_payload`
   */
  send<Message>(ref: QueueRef<Message>, message: Message, options?: ServiceSendOptions): Promise<ServiceReceipt>;
  /** Lets work go on after the reply; a rejection is logged, and closing waits for it. */
  waitUntil(promise: Promise<unknown>): void;
}

/** What a route's handler sees. */
export interface RouteContext<Caller = unknown, Params = unknown, Query = unknown, Body = unknown>
  extends ServiceContext<Caller> {
  readonly method: string;
  readonly params: Params;
  /** What the `query` schema made of the query; undefined without one. */
  readonly query: Query;
  /** What the `body` schema made of the body; undefined without one. */
  readonly body: Body;
  /** The public URL. */
  readonly url: URL;
  /** A request header by name, credentials excepted. */
  header(name: string): string | null;
  /** The request without its credentials (unless `exposeCredentials`); its body is the bytes the gate verified. */
  readonly request: Request;
  /** The id under which this delivery is remembered; null where the party remembers none. */
  readonly deliveryId: string | null;
}

export interface CallContext<Caller = unknown> extends ServiceContext<Caller> {}

export interface CronContext<Caller = unknown> extends ServiceContext<Caller> {
  /** The instant this run was due, epoch ms. */
  readonly scheduledAt: number;
}

export interface MessageContext<Caller = unknown> extends ServiceContext<Caller> {}

/** One delivery of a queued message. */
export interface ServiceMessage<Body = unknown> {
  /** Unique in its queue. */
  readonly id: string;
  readonly body: Body;
  /** 1 at the first delivery. */
  readonly attempt: number;
  /** Epoch ms of the send. */
  readonly createdAt: number;
  /** Who sent it, as data: an actor or a service; null when the program itself did. */
  readonly sender: CallerRecord | null;
}

/** What a consumer answers: nothing or `ack()`, or `retry(reason)`. */
export type QueueResult =
  | { readonly status: "ack" }
  | {
      readonly status: "retry";
      /** For the log. */
      readonly reason: string;
    };

/** What `canInvoke` of a service decides on. Crons and deliveries are the service's own and are not asked about. */
export type ServiceInvoke<Routes extends string = string, Calls extends string = string> =
  | { readonly kind: "http"; readonly name: Routes }
  | { readonly kind: "call"; readonly name: Calls };

/** What `canInvoke` of a service sees; payloads are not read yet. */
export interface DecisionContext<Caller = unknown> extends ServiceContext<Caller> {
  /** Path parameters, percent-decoded; empty for calls. */
  readonly params: Readonly<Record<string, string>>;
  /** A request header by name, credentials excepted; null for calls. */
  header(name: string): string | null;
}

/** Which pages of other origins may read answers. */
export interface CorsPolicy {
  /** Exact origins, such as `https://app.example`, or `["*"]` for every page, without credentials. */
  readonly origins: readonly string[];
  /** Request headers a page may send. Default `content-type`, and `authorization` where a route reads it. */
  readonly headers?: readonly string[];
  /** Response headers a page may read besides the safelisted ones. Default: correlation id, duplicate, ETag, Retry-After. */
  readonly expose?: readonly string[];
  /** Lets a page send cookies and HTTP authentication. Byward reads neither; default false. */
  readonly credentials?: boolean;
  /** Seconds a preflight answer may be kept. Default: not said. */
  readonly maxAge?: number;
}

export interface SecurityPolicy {
  /** `X-Content-Type-Options: nosniff`. Default true. */
  readonly nosniff?: boolean;
  /** Seconds of `Strict-Transport-Security`. Default: not sent. Once browsers have seen it there is no way back to http. */
  readonly hsts?: number;
}

export interface RouteLimits {
  /** Bytes of a body, counted as they come. Default: the registry's `maxBodySize`. */
  readonly maxBody?: number;
  /** ms a handler may take before its caller is told `timed_out`. Default 60 000. */
  readonly timeout?: number;
  /** How often callers may come. */
  readonly rate?: readonly RateRule[];
}

export interface ServiceLimits extends RouteLimits {
  /** ms `canInvoke` may take. Default 5000. */
  readonly canInvokeTimeout?: number;
}

export interface CacheRule {
  /** Seconds. */
  readonly maxAge: number;
  /** `public` lets shared caches answer in place of the gate: only where `Visitor` may come. Default `private`. */
  readonly scope?: "public" | "private";
}

/** How a body becomes what its schema sees. `json` needs a JSON content type; `any-json` parses whatever came. */
export type BodyForm = "json" | "any-json" | "form" | "text" | "bytes";

/** Why a payload was refused, for `problem`. */
export interface PayloadProblem {
  readonly part: "params" | "query" | "body";
  /** `schema`: read, but not what the schema wants; `malformed`: not readable at all; `too_large`: over `maxBody`. */
  readonly kind: "schema" | "malformed" | "too_large";
  readonly issues: readonly StandardSchemaV1.Issue[];
  /** With `too_large`: bytes. */
  readonly limit?: number;
}

/** A route's members that its handler's types do not depend on. */
export interface RouteOptions {
  /** How the body is read for `body`. Default `json`. */
  readonly bodyAs?: BodyForm;
  /** `Cache-Control` of a successful answer; `GET` only. */
  readonly cache?: CacheRule;
  readonly limits?: RouteLimits;
  /** Leaves `Authorization` in `c.request` and `c.header`. Default false. */
  readonly exposeCredentials?: boolean;
}

export interface CronOptions {
  /** Five or six fields, as in crontab; the sixth, in front, is seconds. */
  readonly schedule: string;
  /** IANA name. Default `UTC`. */
  readonly timezone?: string;
}

export interface QueueConsumerOptions {
  /** Deliveries before a message is dead-lettered. Default 10. */
  readonly maxAttempts?: number;
  /** Messages handled at a time. Default 1, in order; more gives up the order. */
  readonly concurrency?: number;
  /** Messages that may wait. Default 1000; a full queue refuses. */
  readonly maxSize?: number;
  /** Bytes of one message. Default 1 MiB. */
  readonly maxMessageSize?: number;
}

/** The type a map gives for one of its keys; unknown where it gives none. */
export type At<Map, Key> = Key extends keyof Map ? Map[Key] : unknown;
/** The path parameters, as strings or as their schema yields them. */
export type ParamsAt<Key, Output> = unknown extends Output ? PathParams<Key> : Output;
/** Callers of an entrypoint: of its own `by`, else of the default. */
export type CallerAt<Default, Own> = [Own] extends [By]
  ? CallerOf<Own>
  : [Default] extends [By]
    ? CallerOf<Default>
    : never;
/** What a call's handler gets behind its context. */
// biome-ignore lint/suspicious/noExplicitAny: the constraint of a handler's own parameters
type CallArgs<Input> = unknown extends Input ? any[] : [input: Input];
type OwnArgs<Handler> = Handler extends (c: never, ...args: infer Args) => unknown ? Args : never;
/** What a caller gives: what the input schema takes, or the handler's own parameters. */
export type GivenArgs<Given, Handler> = unknown extends Given ? OwnArgs<Handler> : [input: Given];
/** What a caller gets. */
export type ResultOf<Handler> = Handler extends (c: never, ...args: never) => infer Result ? Awaited<Result> : never;

/** What a route must have: a key that is one, and a party unless the service has one. */
type RouteCheck<B, Key, Own> = Key extends RouteKey
  ? unknown extends Own
    ? [B] extends [By]
      ? unknown
      : { readonly by: By }
    : Own extends By
      ? unknown
      : { readonly by: By }
  : "a route is named by a method and a path: GET, POST, PUT, PATCH or DELETE, a space, and /path";

export type RoutesConfig<B, RouteName extends string, RouteBy, Params, Query, Body, Result> = {
  readonly [Key in keyof RouteBy]: RouteOptions & {
    /** Who may come; replaces the service's. */
    readonly by?: RouteBy[Key];
  };
} & {
  readonly [Key in keyof Params]: {
    /** Validates the path parameters; any Standard Schema over an object of strings. */
    readonly params?: StandardSchemaV1<unknown, Params[Key]>;
  };
} & {
  readonly [Key in keyof Query]: {
    /** Validates the query; a schema over an object of strings, lists where a name is repeated. */
    readonly query?: StandardSchemaV1<unknown, Query[Key]>;
  };
} & {
  readonly [Key in keyof Body]: {
    /** Validates the body, after the gate. */
    readonly body?: StandardSchemaV1<unknown, Body[Key]>;
  };
} & {
  readonly [Key in keyof Result]: {
    /** Answers: a `Response`, or a value that is sent as JSON with 200; undefined is 204. */
    handle(
      c: RouteContext<CallerAt<B, At<RouteBy, Key>>, ParamsAt<Key, At<Params, Key>>, At<Query, Key>, At<Body, Key>>,
    ): Result[Key];
  };
} & {
  readonly [Key in RouteName]: RouteCheck<B, Key, At<RouteBy, Key>>;
};

export type CallsConfig<CallName extends string, CallBy, Given, Input, Handler> = {
  readonly [Name in keyof CallBy]: {
    /** Which actors and services may call. Default `Caller`: all of this registry. */
    readonly by?: CallBy[Name];
    readonly limits?: Pick<RouteLimits, "timeout" | "rate">;
  };
} & {
  readonly [Name in keyof Given]: { readonly input?: StandardSchemaV1<Given[Name], unknown> };
} & {
  readonly [Name in keyof Input]: {
    /** Validates the first argument. */
    readonly input?: StandardSchemaV1<unknown, Input[Name]>;
    /** Answers a call; what it returns crosses to the caller by copy. */
    handle(c: CallContext<CallerAt<typeof Caller, At<CallBy, Name>>>, ...args: CallArgs<Input[Name]>): unknown;
  };
} & {
  // Takes the handler's own type, its parameters included.
  readonly [Name in keyof Handler]: { readonly handle: Handler[Name] };
} & {
  // Takes the names alone, which are known before any handler's type is.
  readonly [Name in CallName]: unknown;
};

export type QueuesConfig<QueueBy, Sent, Message> = {
  readonly [Name in keyof QueueBy]: QueueConsumerOptions & {
    /** Which queue may deliver. Default `Producer`. */
    readonly by?: QueueBy[Name];
  };
} & {
  readonly [Name in keyof Sent]: { readonly message?: StandardSchemaV1<Sent[Name], unknown> };
} & {
  readonly [Name in keyof Message]: {
    /** Validates a message before it is enqueued. */
    readonly message?: StandardSchemaV1<unknown, Message[Name]>;
    /** Handles one delivery; what it throws, and `retry`, redelivers with backoff. */
    handle(
      c: MessageContext<CallerAt<typeof Producer, At<QueueBy, Name>>>,
      message: ServiceMessage<Message[Name]>,
    ): MaybePromise<QueueResult | void>;
  };
};

export type CronsConfig<CronBy> = {
  readonly [Name in keyof CronBy]: CronOptions & {
    /** Which schedule may run it. Default `Scheduler`. */
    readonly by?: CronBy[Name];
    /** Runs at each instant of the schedule, never twice at a time. What it throws is logged. */
    handle(c: CronContext<CallerAt<typeof Scheduler, CronBy[Name]>>): MaybePromise<unknown>;
  };
};

/** Every caller a service's routes and calls may have. */
export type AnyServiceCaller<B, RouteBy, CallName, CallBy> =
  | (B extends By ? CallerOf<B> : never)
  | { [Key in keyof RouteBy]: CallerAt<B, RouteBy[Key]> }[keyof RouteBy]
  | ([CallName] extends [never] ? never : CallerOf<typeof Caller>)
  | { [Key in keyof CallBy]: CallerAt<typeof Caller, CallBy[Key]> }[keyof CallBy];
