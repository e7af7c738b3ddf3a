/**
 * Owns services as a module of a platform: `fetch`, `scheduled` and `queue` over the same gate, without a registry. What needs
 * something durable (ids of deliveries, sends to queues, actors) is refused; secrets are those of the environment each event
 * brings, checked when it is first seen (ruling 24).
 */
import { newCorrelationId, toWireFailure } from "../actors/failure.ts";
import { writeFailure } from "../actors/inbound.ts";
import { ConfigurationError } from "../boundary/errors.ts";
import { validated } from "../boundary/schema.ts";
import type { Host } from "../hosts/port.ts";
import { NO_DELIVERIES } from "../services/deliveries.ts";
import type { CompiledService, QueueConsumer } from "../services/entrypoints.ts";
import { ServiceRuntime } from "../services/runtime.ts";
import { inboundOf, toResponse } from "./fetch.ts";
import { compileServices, type ServiceMap } from "./services-setup.ts";
import { type PlatformEnv, StandaloneFloors } from "./services-standalone.ts";

export interface ServiceModuleOptions {
  /** The address of the peer, to count by; on Workers the header `cf-connecting-ip`. Default: not counted. */
  readonly address?: (request: Request) => string;
  /** Clock, secrets, network. Default: the platform's, with secrets from the `env` of each event. */
  readonly host?: Host | ((env: PlatformEnv | undefined) => Host);
}

/** What a platform gives beside an event, as far as it is used. */
export interface PlatformContext {
  waitUntil?(promise: Promise<unknown>): void;
}

/** A platform's cron event. */
export interface ScheduledEvent {
  /** The schedule text, as declared. */
  readonly cron: string;
  /** Epoch ms. */
  readonly scheduledTime: number;
}

/** A platform's queue batch. */
export interface MessageBatch {
  readonly queue: string;
  readonly messages: readonly {
    readonly id: string;
    readonly timestamp: Date;
    readonly body: unknown;
    readonly attempts: number;
    ack(): void;
    retry(): void;
  }[];
}

/** Services as a platform loads them; `services` is for `setup({ services })` elsewhere. */
export interface ServiceModule<Services extends ServiceMap = ServiceMap> {
  readonly services: Services;
  fetch(request: Request, env?: PlatformEnv, context?: PlatformContext): Promise<Response>;
  scheduled(event: ScheduledEvent, env?: PlatformEnv, context?: PlatformContext): Promise<void>;
  queue(batch: MessageBatch, env?: PlatformEnv, context?: PlatformContext): Promise<void>;
}

/**
 * Makes a module of services.
 *
 * @example
 * export default serviceModule({ shop });
 *
 * @throws ConfigurationError `setup.name_invalid`, `setup.not_a_service`, `service.route_duplicate`
 */
export function serviceModule<const Services extends ServiceMap>(
  services: Services,
  options: ServiceModuleOptions = {},
): ServiceModule<Services> {
  const compiled = compileServices(services, new Map());
  const consumers = new Set<string>();
  for (const { queues } of compiled) {
    for (const entry of queues.values()) {
      if (consumers.has(entry.name)) {
        throw new ConfigurationError(
          "service.queue_duplicate",
          `serviceModule(): two services consume the queue "${entry.name}". A platform hands each message to one consumer.`,
        );
      }
      consumers.add(entry.name);
    }
  }
  const bases = [...new Set(compiled.flatMap((service) => service.bases))];
  const floors = new StandaloneFloors(
    bases,
    options.host,
    (floor) =>
      new ServiceRuntime({
        floor,
        services: compiled,
        neighbours: { client: noActors, queues: null },
        deliveries: NO_DELIVERIES,
        cors: null,
      }),
  );
  return Object.freeze<ServiceModule<Services>>({
    services,
    async fetch(request, env, context) {
      let runtime: ServiceRuntime;
      try {
        runtime = await floors.of(env);
      } catch (error) {
        return toResponse(writeFailure(toWireFailure(floors.hostOf(env), error, { target: "services" })));
      }
      const inbound = inboundOf(request, { publicUrl: null }, options.address?.(request) ?? "");
      const answer = await runtime.handle(inbound);
      keepAlive(runtime, context);
      return toResponse(answer);
    },
    async scheduled(event, env, context) {
      const runtime = await floors.of(env);
      await runtime.fireCrons(event.cron, event.scheduledTime);
      keepAlive(runtime, context);
    },
    async queue(batch, env, context) {
      const runtime = await floors.of(env);
      await deliverBatch(runtime, compiled, batch);
      keepAlive(runtime, context);
    },
  });
}

/**
 * Hands a platform's batch to the service that consumes the queue of its name.
 * @throws ConfigurationError `service.unknown_ref` where none does
 */
export async function deliverBatch(
  runtime: ServiceRuntime,
  services: readonly CompiledService[],
  batch: MessageBatch,
): Promise<void> {
  const entry = services.flatMap(({ queues }) => [...queues.values()]).find(({ name }) => name === batch.queue);
  if (entry === undefined) {
    throw new ConfigurationError("service.unknown_ref", `No service consumes the queue "${batch.queue}".`);
  }
  for (const message of batch.messages) await deliver(runtime, entry, message);
}

async function deliver(
  runtime: ServiceRuntime,
  entry: QueueConsumer,
  message: MessageBatch["messages"][number],
): Promise<void> {
  const body = await accepted(runtime, entry, message.body);
  const result =
    body === null
      ? { status: "retry" }
      : await runtime.deliver(entry, {
          id: message.id,
          body: body.value,
          attempt: message.attempts,
          createdAt: message.timestamp.getTime(),
          sender: null,
        });
  if (result.status === "ack") message.ack();
  else message.retry();
}

/** The body as the consumer's schema yields it; null, and logged, where it does not. */
async function accepted(
  runtime: ServiceRuntime,
  entry: QueueConsumer,
  body: unknown,
): Promise<{ readonly value: unknown } | null> {
  if (entry.message === null) return { value: body };
  const where = { queue: entry.name, correlationId: newCorrelationId(runtime.floor.host) };
  try {
    const result = await validated(entry.message, body, runtime.floor.host.clock, "message.schema");
    if (result.issues === undefined) return { value: result.value };
    const issues = result.issues.map(({ message }) => message);
    runtime.logOf(entry).error({ ...where, issues }, "a message is not what its queue takes");
  } catch (error) {
    // The others of its batch are handled all the same.
    runtime.logOf(entry).error({ ...where, err: error }, "the schema of a queue failed");
  }
  return null;
}

function keepAlive(runtime: ServiceRuntime, context: PlatformContext | undefined): void {
  const pending = runtime.pending();
  if (pending !== null) context?.waitUntil?.(pending);
}

function noActors(): never {
  throw new ConfigurationError(
    "host_required",
    "c.client() needs actors, and there is no registry here. Put the services into setup({ use, services }).",
  );
}
