/**
 * Owns the services of `setup()`: definitions become compiled services of one table of routes, and, at the start, a running
 * service floor beside the actors.
 */

import type { CompiledActor } from "../actors/entrypoints.ts";
import type { createInternalClient } from "../actors/internal-client.ts";
import type { Runtime } from "../actors/runtime.ts";
import type { ServiceLink } from "../actors/service-link.ts";
import { ConfigurationError } from "../boundary/errors.ts";
import type { By } from "../boundary/party.ts";
import { type AnyServiceDefinition, identityOfService } from "../services/define.ts";
import { type DeliveryBook, ServiceDeliveries } from "../services/deliveries.ts";
import { type CompiledService, compileService } from "../services/entrypoints.ts";
import type { FarCalls } from "../services/floor.ts";
import { QueueActors } from "../services/queue-actors.ts";
import { routeTable, ServiceRuntime } from "../services/runtime.ts";

/** Named services of a registry. A list is one service in parts, each with policies of its own. */
export type ServiceMap = Readonly<Record<string, AnyServiceDefinition | readonly AnyServiceDefinition[]>>;

const NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,127}$/;

/**
 * Compiles services; their names are theirs alone, and so is each route.
 * @throws ConfigurationError `setup.name_invalid`, `setup.name_taken`, `setup.not_a_service`, `service.route_duplicate`
 */
export function compileServices(
  services: ServiceMap | undefined,
  actors: ReadonlyMap<string, CompiledActor>,
): readonly CompiledService[] {
  const compiled: CompiledService[] = [];
  const identities = new Set<object>();
  for (const [name, definition] of Object.entries(services ?? {})) {
    if (!NAME.test(name)) {
      throw new ConfigurationError(
        "setup.name_invalid",
        `setup(): service name ${JSON.stringify(name)} must start with a letter, have letters, digits, _, . or -, and at most 128 characters.`,
      );
    }
    if (actors.has(name)) {
      throw new ConfigurationError(
        "setup.name_taken",
        `setup(): an actor and a service are both called "${name}". Callers know them by name; rename one.`,
      );
    }
    const parts = (Array.isArray(definition) ? definition : [definition]) as readonly AnyServiceDefinition[];
    for (const part of parts) {
      assertDefinition(name, part, identities);
      compiled.push(compileService(name, part));
    }
  }
  assertOwnNames(compiled);
  routeTable(compiled);
  return compiled;
}

function assertDefinition(name: string, definition: AnyServiceDefinition, identities: Set<object>): void {
  const identity = identityOfService(definition);
  if (identity === null) {
    throw new ConfigurationError(
      "setup.not_a_service",
      `setup(): services.${name} is not a service definition. Pass what service({ … }) returns.`,
    );
  }
  if (identities.has(identity)) {
    throw new ConfigurationError(
      "setup.not_a_service",
      `setup(): services.${name} is a definition that stands elsewhere already. Call service() twice for two services.`,
    );
  }
  identities.add(identity);
}

/** Parts of one service share its name: their calls, queues and crons must not share theirs. */
function assertOwnNames(services: readonly CompiledService[]): void {
  const seen = new Set<string>();
  for (const service of services) {
    for (const { kind, name } of [...service.calls.values(), ...service.queues.values(), ...service.crons]) {
      const place = `${service.name}\n${kind}\n${name}`;
      if (seen.has(place)) {
        throw new ConfigurationError(
          "setup.name_taken",
          `setup(): two parts of service "${service.name}" declare the ${kind} "${name}". Rename one.`,
        );
      }
      seen.add(place);
    }
  }
}

/** Every `by` of the services, for the parties a runtime prepares. */
export function byOfServices(services: readonly CompiledService[]): readonly By[] {
  return services.flatMap((service) =>
    [...service.routes, ...service.calls.values(), ...service.queues.values(), ...service.crons].map(({ by }) => by),
  );
}

/** What runs beside the actors: the services, and the reserved actors of their queues. */
export class ServiceFloorPlan {
  readonly #services: readonly CompiledService[];
  readonly #queues: QueueActors;
  readonly #corsOrigins: readonly string[];

  constructor(services: readonly CompiledService[], corsOrigins: readonly string[]) {
    this.#services = services;
    this.#queues = new QueueActors(services);
    this.#corsOrigins = corsOrigins;
  }

  /** The registry's actors, and those behind queues of services. */
  withReserved(actors: ReadonlyMap<string, CompiledActor>): ReadonlyMap<string, CompiledActor> {
    return this.#queues.actors.size === 0 ? actors : new Map([...actors, ...this.#queues.actors]);
  }

  get queues(): QueueActors {
    return this.#queues;
  }

  /**
   * Starts the services on a runtime; before actors are woken, so that queues find their consumers. Where they run
   * `elsewhere`, nothing starts here, and that link reaches them. `far` reaches services that are not this registry's.
   */
  start(
    runtime: Runtime,
    createClient: typeof createInternalClient,
    elsewhere: ServiceLink | null = null,
    deliveries: DeliveryBook = new ServiceDeliveries(runtime.host),
    far: FarCalls | null = null,
  ): ServiceRuntime {
    const services = new ServiceRuntime({
      floor: runtime,
      services: this.#services,
      neighbours: {
        client: (caller) => createClient(runtime, caller, runtime.outgoing),
        queues: this.#queues,
        far,
      },
      deliveries,
      cors: this.#corsOrigins.length === 0 ? null : { origins: this.#corsOrigins },
    });
    if (elsewhere !== null) {
      runtime.services = elsewhere;
      return services;
    }
    this.#queues.bind(runtime, (entry, message) => services.deliver(entry, message));
    runtime.services = services;
    // Where each actor has a process of its own, the platform keeps the time of crons.
    if (runtime.surroundings === null) services.start();
    return services;
  }
}
