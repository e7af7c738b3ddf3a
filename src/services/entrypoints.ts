/**
 * Owns a service compiled for one registry: every entrypoint with the parties that may reach it and its limits, defaults
 * applied. The gate, the matrix and the documents read entrypoints from here, so none can be forgotten.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { basesOf, needsBody } from "../actors/entrypoints.ts";
import { type AnyParty, type By, Caller, Producer, Scheduler } from "../boundary/party.ts";
import type { RateRule } from "../boundary/rate.ts";
import { type AnyServiceDefinition, identityOfService, type RuntimeServiceConfig } from "./define.ts";
import { parseRouteKey, type RoutePath } from "./route-key.ts";
import type { BodyForm, CacheRule, Method } from "./types.ts";

// biome-ignore lint/suspicious/noExplicitAny: user handlers, erased
type Handler = (c: any, ...args: any[]) => unknown;

interface Entry<Kind extends string> {
  readonly kind: Kind;
  readonly service: CompiledService;
  /** `GET /users/:id` for routes, else the name. */
  readonly name: string;
  readonly by: By;
  readonly bases: readonly AnyParty[];
  readonly handle: Handler;
  /** ms */
  readonly timeout: number;
  readonly rate: readonly RateRule[];
}

export interface RouteEntry extends Entry<"http"> {
  readonly method: Method;
  readonly path: RoutePath;
  /** True when a party verifies over the body. */
  readonly needsBody: boolean;
  readonly params: StandardSchemaV1 | null;
  readonly query: StandardSchemaV1 | null;
  readonly body: StandardSchemaV1 | null;
  readonly bodyAs: BodyForm;
  /** Bytes; null = the registry's default. */
  readonly maxBody: number | null;
  /** `Cache-Control` of a good answer; null = the default. */
  readonly cacheControl: string | null;
  readonly cache: CacheRule | null;
  readonly exposeCredentials: boolean;
}

export interface CallEntry extends Entry<"call"> {
  readonly input: StandardSchemaV1 | null;
}

export interface QueueConsumer extends Entry<"message"> {
  readonly message: StandardSchemaV1 | null;
  readonly maxAttempts: number;
  readonly concurrency: number;
  readonly maxSize: number;
  /** Bytes. */
  readonly maxMessageSize: number;
}

export interface CronEntry extends Entry<"cron"> {
  readonly schedule: string;
  readonly timezone: string;
}

export type ServiceEntry = RouteEntry | CallEntry | QueueConsumer | CronEntry;

export interface CompiledService {
  readonly name: string;
  readonly config: RuntimeServiceConfig;
  /** What its references point to. */
  readonly identity: object;
  readonly routes: readonly RouteEntry[];
  readonly calls: ReadonlyMap<string, CallEntry>;
  readonly queues: ReadonlyMap<string, QueueConsumer>;
  readonly crons: readonly CronEntry[];
  /** ms */
  readonly canInvokeTimeout: number;
  /** Every base party of its entrypoints. */
  readonly bases: readonly AnyParty[];
}

const DEFAULT_TIMEOUT = 60_000;
const DEFAULT_CAN_INVOKE_TIMEOUT = 5000;
const DEFAULT_QUEUE = { maxAttempts: 10, concurrency: 1, maxSize: 1000, maxMessageSize: 1_048_576 } as const;

/** Compiles a definition under the name it has in `setup({ services })`. */
export function compileService(name: string, definition: AnyServiceDefinition): CompiledService {
  const { config } = definition;
  const routes: RouteEntry[] = [];
  const calls = new Map<string, CallEntry>();
  const queues = new Map<string, QueueConsumer>();
  const crons: CronEntry[] = [];
  const service: CompiledService = {
    name,
    config,
    identity: identityOfService(definition) ?? definition,
    routes,
    calls,
    queues,
    crons,
    canInvokeTimeout: config.limits?.canInvokeTimeout ?? DEFAULT_CAN_INVOKE_TIMEOUT,
    get bases() {
      const entries: readonly ServiceEntry[] = [...routes, ...calls.values(), ...queues.values(), ...crons];
      return [...new Set(entries.flatMap((entry) => entry.bases))];
    },
  };
  for (const key of Object.keys(config.routes ?? {})) routes.push(compileRoute(service, key));
  for (const callName of Object.keys(config.calls ?? {})) calls.set(callName, compileCall(service, callName));
  for (const queueName of Object.keys(config.queues ?? {})) queues.set(queueName, compileQueue(service, queueName));
  for (const cronName of Object.keys(config.crons ?? {})) crons.push(compileCron(service, cronName));
  return service;
}

function compileRoute(service: CompiledService, key: string): RouteEntry {
  const { config } = service;
  const route = config.routes![key]!;
  const by = route.by ?? config.by!;
  const path = parseRouteKey(key);
  const limits = { ...config.limits, ...route.limits };
  return {
    kind: "http",
    service,
    name: key,
    by,
    bases: basesOf(by),
    handle: (c, ...args) => route.handle(c, ...args),
    timeout: limits.timeout ?? DEFAULT_TIMEOUT,
    rate: route.limits?.rate ?? [],
    method: path.method,
    path,
    needsBody: needsBody(by),
    params: route.params ?? null,
    query: route.query ?? null,
    body: route.body ?? null,
    bodyAs: route.bodyAs ?? "json",
    maxBody: limits.maxBody ?? null,
    cacheControl: route.cache === undefined ? null : `${route.cache.scope ?? "private"}, max-age=${route.cache.maxAge}`,
    cache: route.cache ?? null,
    exposeCredentials: route.exposeCredentials ?? false,
  };
}

function compileCall(service: CompiledService, name: string): CallEntry {
  const call = service.config.calls![name]!;
  const by = call.by ?? Caller;
  return {
    kind: "call",
    service,
    name,
    by,
    bases: basesOf(by),
    handle: (c, ...args) => call.handle(c, ...args),
    timeout: call.limits?.timeout ?? service.config.limits?.timeout ?? DEFAULT_TIMEOUT,
    rate: call.limits?.rate ?? [],
    input: call.input ?? null,
  };
}

function compileQueue(service: CompiledService, name: string): QueueConsumer {
  const queue = service.config.queues![name]!;
  const by = queue.by ?? Producer;
  return {
    kind: "message",
    service,
    name,
    by,
    bases: basesOf(by),
    handle: (c, ...args) => queue.handle(c, ...args),
    timeout: service.config.limits?.timeout ?? DEFAULT_TIMEOUT,
    rate: [],
    message: queue.message ?? null,
    maxAttempts: queue.maxAttempts ?? DEFAULT_QUEUE.maxAttempts,
    concurrency: queue.concurrency ?? DEFAULT_QUEUE.concurrency,
    maxSize: queue.maxSize ?? DEFAULT_QUEUE.maxSize,
    maxMessageSize: queue.maxMessageSize ?? DEFAULT_QUEUE.maxMessageSize,
  };
}

function compileCron(service: CompiledService, name: string): CronEntry {
  const cron = service.config.crons![name]!;
  const by = cron.by ?? Scheduler;
  return {
    kind: "cron",
    service,
    name,
    by,
    bases: basesOf(by),
    handle: (c, ...args) => cron.handle(c, ...args),
    timeout: Number.POSITIVE_INFINITY,
    rate: [],
    schedule: cron.schedule,
    timezone: cron.timezone ?? "UTC",
  };
}
