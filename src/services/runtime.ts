/**
 * Owns the services of one registry on one host: routes in one table, limits and policies compiled, crons running, references
 * resolved. Transports and the registry drive it; user code sees contexts only.
 */
import type { CallRef, QueueRef, ServiceLink, ServiceReceipt } from "../actors/service-link.ts";
import { EXPIRED, withDeadline } from "../boundary/deadline.ts";
import { ConfigurationError } from "../boundary/errors.ts";
import type { MaybePromise } from "../boundary/maybe-promise.ts";
import { RateRules } from "../boundary/rate.ts";
import type { InternalCaller } from "../boundary/scheme.ts";
import type { InboundRequest, Logger, OutboundResponse } from "../hosts/port.ts";
import { invokeCall } from "./calls.ts";
import type { ContextSource } from "./context.ts";
import { Crons } from "./crons.ts";
import type { DeliveryBook } from "./deliveries.ts";
import type { CompiledService, QueueConsumer, RouteEntry, ServiceEntry } from "./entrypoints.ts";
import type { ServiceFloor, ServiceNeighbours } from "./floor.ts";
import { type HttpSource, serveHttp } from "./http.ts";
import { deliverMessage } from "./messages.ts";
import { Policy } from "./policy.ts";
import { Router } from "./router.ts";
import type { CorsPolicy, QueueResult, ServiceHost, ServiceMessage } from "./types.ts";

export interface ServiceRuntimeParts {
  readonly floor: ServiceFloor;
  readonly services: readonly CompiledService[];
  readonly neighbours: ServiceNeighbours;
  readonly deliveries: DeliveryBook;
  /** For services without a CORS policy of their own. */
  readonly cors: CorsPolicy | null;
}

/** One table of all routes. @throws ConfigurationError `service.route_duplicate` */
export function routeTable(services: Iterable<CompiledService>): Router<RouteEntry> {
  const router = new Router<RouteEntry>();
  for (const service of services) for (const route of service.routes) router.add(route.path, route);
  return router;
}

export class ServiceRuntime implements HttpSource, ContextSource, ServiceLink {
  readonly floor: ServiceFloor;
  readonly deliveries: DeliveryBook;
  readonly serviceHost: ServiceHost;
  readonly #neighbours: ServiceNeighbours;
  readonly #router: Router<RouteEntry>;
  readonly #byIdentity: ReadonlyMap<object, CompiledService>;
  readonly #policies = new Map<CompiledService, Policy>();
  readonly #rates = new Map<ServiceEntry, readonly RateRules[]>();
  readonly #logs = new Map<CompiledService, Logger>();
  readonly #crons: Crons;
  readonly #waits = new Set<Promise<unknown>>();

  constructor(parts: ServiceRuntimeParts) {
    const { floor, services } = parts;
    this.floor = floor;
    this.deliveries = parts.deliveries;
    this.#neighbours = parts.neighbours;
    this.#router = routeTable(services);
    this.#byIdentity = new Map(services.map((service) => [service.identity, service]));
    this.serviceHost = serviceHostOf(floor);
    for (const service of services) {
      this.#policies.set(service, new Policy(service, parts.cors));
      this.#logs.set(service, floor.host.log.child({ service: service.name }));
      this.#compileRates(service);
    }
    this.#crons = new Crons(
      this,
      services.flatMap((service) => service.crons),
    );
  }

  /** Answers a request; `path` is raw and below the base path. Never throws, never rejects. */
  handle(inbound: InboundRequest, path: string = inbound.path): MaybePromise<OutboundResponse> {
    return serveHttp(this, this.#router.match(inbound.method, path), inbound);
  }

  /** Starts the crons. */
  start(): void {
    this.#crons.start();
  }

  /** Ends crons and waits, at most the drain timeout, for what `waitUntil` was given. */
  async stop(): Promise<void> {
    const { host, limits } = this.floor;
    const settled = Promise.allSettled([this.#crons.stop(), ...this.#waits]);
    if ((await withDeadline(settled, limits.drainTimeout, host.clock)) === EXPIRED) {
      host.log.warn({ timeout: limits.drainTimeout }, "work of services did not settle in time");
    }
  }

  /** Runs the crons with this schedule text, for platforms that keep time themselves. */
  fireCrons(schedule: string, scheduledAt: number): Promise<void> {
    return this.#crons.fire(schedule, scheduledAt);
  }

  /** Hands one delivery to its consumer. Never rejects. */
  deliver(entry: QueueConsumer, message: ServiceMessage): Promise<QueueResult> {
    return deliverMessage(this, entry, message);
  }

  async call(ref: CallRef, caller: InternalCaller, args: readonly unknown[]): Promise<unknown> {
    const { far } = this.#neighbours;
    const isFar = far != null && !this.#byIdentity.has(ref?.service);
    const answer = isFar ? far.call(ref, caller, args) : null;
    if (answer !== null) return answer;
    const entry = this.#serviceOf(ref, "call").calls.get(ref.name);
    if (entry === undefined) throw unknownRef("call", ref);
    return invokeCall(this, entry, caller, args);
  }

  async send(
    ref: QueueRef,
    caller: InternalCaller | null,
    message: unknown,
    id: string | undefined,
  ): Promise<ServiceReceipt> {
    const entry = this.queueOf(ref);
    const { queues } = this.#neighbours;
    if (queues === null) {
      throw new ConfigurationError(
        "host_required",
        `Queue "${entry.name}" of service "${entry.service.name}" needs a host that keeps messages. Serve it from a registry.`,
      );
    }
    return queues.send(entry, message, caller, id);
  }

  /** The queue behind a reference. @throws ConfigurationError `service.unknown_ref` */
  queueOf(ref: QueueRef): QueueConsumer {
    const entry = this.#serviceOf(ref, "queue").queues.get(ref.name);
    if (entry === undefined) throw unknownRef("queue", ref);
    return entry;
  }

  client(caller: InternalCaller): unknown {
    return this.#neighbours.client(caller);
  }

  waitUntil(promise: Promise<unknown>, entry: ServiceEntry): void {
    const settled = Promise.resolve(promise).catch((error: unknown) => {
      this.logOf(entry).warn({ entrypoint: entry.name, err: error }, "a waitUntil promise was rejected");
    });
    this.#waits.add(settled);
    void settled.finally(() => this.#waits.delete(settled));
  }

  /** What `waitUntil` was given and has not settled, as one promise; null when there is nothing. */
  pending(): Promise<unknown> | null {
    return this.#waits.size === 0 ? null : Promise.allSettled([...this.#waits]);
  }

  policyOf(entry: RouteEntry): Policy {
    return this.#policies.get(entry.service)!;
  }
  logOf(entry: ServiceEntry): Logger {
    return this.#logs.get(entry.service)!;
  }
  ratesOf(entry: ServiceEntry): readonly RateRules[] {
    return this.#rates.get(entry) ?? NO_RATES;
  }

  /** Rules of the registry and of a service are counted across its entrypoints, those of an entrypoint by themselves. */
  #compileRates(service: CompiledService): void {
    const { rates, host } = this.floor;
    const shared = new RateRules(service.config.limits?.rate ?? [], host.clock);
    for (const entry of [...service.routes, ...service.calls.values()]) {
      const own = new RateRules(entry.rate, host.clock);
      const rules = [rates, shared, own].filter(({ isEmpty }) => !isEmpty);
      if (rules.length > 0) this.#rates.set(entry, rules);
    }
  }

  #serviceOf(ref: CallRef | QueueRef, type: "call" | "queue"): CompiledService {
    const service = typeof ref === "object" && ref?.type === type ? this.#byIdentity.get(ref.service) : undefined;
    if (service === undefined) throw unknownRef(type, ref);
    return service;
  }
}

const NO_RATES: readonly RateRules[] = Object.freeze([]);

function unknownRef(type: "call" | "queue", ref: unknown): ConfigurationError {
  const name = (ref as { name?: unknown } | null | undefined)?.name;
  return new ConfigurationError(
    "service.unknown_ref",
    `${typeof name === "string" ? `The ${type} "${name}"` : `What was given as a ${type}`} belongs to no service of this registry. ` +
      "Put its service into setup({ services }), and pass what service() returned: api.calls.total, api.queues.mail.",
  );
}

function serviceHostOf({ host }: ServiceFloor): ServiceHost {
  return Object.freeze({
    now: () => host.clock.now(),
    random: (bytes: number) => host.random(bytes),
    env: (name: string) => host.env(name),
    fetch: (input: string, init?: RequestInit) => host.fetch(input, init),
  });
}
