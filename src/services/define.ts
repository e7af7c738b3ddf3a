/**
 * Owns `service()`: the typed configuration and its immediate, strict validation. What is accepted here is a definition; it
 * does nothing until `setup` takes it. G11: a route that nobody has said who may reach is refused here, by type and at run
 * time.
 */
import type { MaybePromise } from "../boundary/maybe-promise.ts";
import type { By } from "../boundary/party.ts";
import type { RateRule } from "../boundary/rate.ts";
import { assertServiceConfig } from "./define-checks.ts";
import type {
  AnyServiceCaller,
  At,
  BodyForm,
  CacheRule,
  CallRef,
  CallsConfig,
  CorsPolicy,
  CronsConfig,
  DecisionContext,
  GivenArgs,
  PayloadProblem,
  QueueRef,
  QueuesConfig,
  ResultOf,
  RoutesConfig,
  SecurityPolicy,
  ServiceInvoke,
  ServiceLimits,
} from "./types.ts";

/** What `service()` takes. */
export interface ServiceConfig<
  B extends By | undefined,
  RouteName extends string,
  RouteBy,
  Params,
  Query,
  Body,
  RouteResult,
  CallName extends string,
  CallBy,
  Given,
  Input,
  Handler,
  QueueBy,
  Sent,
  Message,
  CronBy,
> {
  /** Who may come to routes that say nothing else. Calls, queues and crons have internal parties of their own. */
  readonly by?: B;
  /**
   * The decision for routes and calls, beside their parties and before payloads are read. `true` allows, `false` denies with
   * `forbidden`, anything else is an error.
   */
  readonly canInvoke?: (
    c: DecisionContext<AnyServiceCaller<B, RouteBy, CallName, CallBy>>,
    // A decision that takes any name does not widen what names there are.
    invoke: ServiceInvoke<NoInfer<RouteName>, NoInfer<CallName>>,
  ) => MaybePromise<boolean>;
  /** HTTP routes, by method and path. */
  readonly routes?: RoutesConfig<B, RouteName, RouteBy, Params, Query, Body, RouteResult>;
  /** What other actors and services of the registry may call; unreachable from outside on any transport. */
  readonly calls?: CallsConfig<CallName, CallBy, Given, Input, Handler>;
  /** Durable queues, by name, and their consumers. */
  readonly queues?: QueuesConfig<QueueBy, Sent, Message>;
  /** What runs by the clock, by name. */
  readonly crons?: CronsConfig<CronBy>;
  /** Pages of other origins that may call. Default: what `setup({ cors })` says. */
  readonly cors?: CorsPolicy;
  readonly security?: SecurityPolicy;
  readonly limits?: ServiceLimits;
  /** The members of the body that answers a refused payload, in place of `group`, `code` and `message`. */
  readonly problem?: (problem: PayloadProblem) => Readonly<Record<string, unknown>>;
}

/** A service's definition: configuration and types. */
export interface ServiceDefinition<Calls = unknown, Queues = unknown, Routes = unknown> {
  readonly type: "service";
  readonly config: RuntimeServiceConfig;
  /** Its calls, for `c.call`. */
  readonly calls: Calls;
  /** Its queues, for `c.send` and `registry.send`. */
  readonly queues: Queues;
  readonly "~routes"?: Routes;
}
export type AnyServiceDefinition = ServiceDefinition<unknown, unknown, unknown>;

// biome-ignore lint/suspicious/noExplicitAny: user handlers, erased; each was checked against its own context above
type AnyHandler = (c: any, ...args: any[]) => unknown;

/** The configuration as the runtime reads it, after validation; types of user code are erased here. */
export interface RuntimeServiceConfig {
  readonly by?: By;
  readonly canInvoke?: (c: unknown, invoke: ServiceInvoke) => unknown;
  readonly routes?: Readonly<Record<string, RuntimeRoute>>;
  readonly calls?: Readonly<Record<string, RuntimeCall>>;
  readonly queues?: Readonly<Record<string, RuntimeQueue>>;
  readonly crons?: Readonly<Record<string, RuntimeCron>>;
  readonly cors?: CorsPolicy;
  readonly security?: SecurityPolicy;
  readonly limits?: ServiceLimits;
  readonly problem?: (problem: PayloadProblem) => Readonly<Record<string, unknown>>;
}

type Schema = import("@standard-schema/spec").StandardSchemaV1;

export interface RuntimeRoute {
  readonly by?: By;
  readonly params?: Schema;
  readonly query?: Schema;
  readonly body?: Schema;
  readonly bodyAs?: BodyForm;
  readonly cache?: CacheRule;
  readonly limits?: { readonly maxBody?: number; readonly timeout?: number; readonly rate?: readonly RateRule[] };
  readonly exposeCredentials?: boolean;
  readonly handle: AnyHandler;
}
export interface RuntimeCall {
  readonly by?: By;
  readonly input?: Schema;
  readonly limits?: { readonly timeout?: number; readonly rate?: readonly RateRule[] };
  readonly handle: AnyHandler;
}
export interface RuntimeQueue {
  readonly by?: By;
  readonly message?: Schema;
  readonly maxAttempts?: number;
  readonly concurrency?: number;
  readonly maxSize?: number;
  readonly maxMessageSize?: number;
  readonly handle: AnyHandler;
}
export interface RuntimeCron {
  readonly by?: By;
  readonly schedule: string;
  readonly timezone?: string;
  readonly handle: AnyHandler;
}

/** The references of a service's calls. */
export type CallRefs<Given, Handler> = {
  readonly [Name in keyof Handler]: CallRef<GivenArgs<At<Given, Name>, Handler[Name]>, ResultOf<Handler[Name]>>;
};
/** The references of a service's queues. */
export type QueueRefs<Sent> = { readonly [Name in keyof Sent]: QueueRef<Sent[Name]> };

/** Routes as types, for clients and documents. */
export type RouteTypes<B, RouteBy, Params, Query, Body, Result> = {
  readonly [Key in keyof Result]: {
    readonly by: unknown extends At<RouteBy, Key> ? B : At<RouteBy, Key>;
    readonly params: At<Params, Key>;
    readonly query: At<Query, Key>;
    readonly body: At<Body, Key>;
    readonly result: Awaited<Result[Key]>;
  };
};

type None = Record<never, never>;

/**
 * Defines a service: HTTP routes, calls between services and actors, durable queues and crons behind one gate. Nothing of
 * it runs before `setup` has accepted it and a caller has passed that gate.
 *
 * @throws ConfigurationError `service.unknown_key`, `service.unguarded`, `service.by_invalid`, `service.by_channel`,
 *   `service.route_invalid`, `service.route_reserved`, `service.route_duplicate`, `service.entry_invalid`,
 *   `service.policy_invalid`, `service.limit_invalid`, `service.cache_invalid`, `service.cron_invalid`, `rate.rule_invalid`
 */
export function service<
  const B extends By | undefined = undefined,
  RouteName extends string = never,
  RouteBy = None,
  Params = None,
  Query = None,
  Body = None,
  RouteResult = None,
  CallName extends string = never,
  CallBy = None,
  Given = None,
  Input = None,
  Handler = None,
  QueueBy = None,
  Sent = None,
  Message = None,
  CronBy = None,
>(
  config: ServiceConfig<
    B,
    RouteName,
    RouteBy,
    Params,
    Query,
    Body,
    RouteResult,
    CallName,
    CallBy,
    Given,
    Input,
    Handler,
    QueueBy,
    Sent,
    Message,
    CronBy
  >,
): ServiceDefinition<
  CallRefs<Given, Handler>,
  QueueRefs<Sent>,
  RouteTypes<B, RouteBy, Params, Query, Body, RouteResult>
> {
  // The runtime reads the same object with user types erased; everything it relies on is checked below.
  const runtime = config as unknown as RuntimeServiceConfig;
  assertServiceConfig(runtime);
  const identity = Object.freeze({});
  const refs = (type: "call" | "queue", names: object | undefined): unknown =>
    Object.freeze(
      Object.fromEntries(
        Object.keys(names ?? {}).map((name) => [name, Object.freeze({ type, name, service: identity })]),
      ),
    );
  const definition = Object.freeze({
    type: "service" as const,
    config: runtime,
    calls: refs("call", runtime.calls) as CallRefs<Given, Handler>,
    queues: refs("queue", runtime.queues) as QueueRefs<Sent>,
  });
  IDENTITIES.set(definition, identity);
  return definition;
}

const IDENTITIES = new WeakMap<object, object>();

/** What the references of a definition point to; null for what `service()` did not make. */
export function identityOfService(definition: unknown): object | null {
  return typeof definition === "object" && definition !== null ? (IDENTITIES.get(definition) ?? null) : null;
}
