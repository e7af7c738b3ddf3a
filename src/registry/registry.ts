/**
 * Owns the registry: what `setup` returns. Starts its runtime on first use, once; serves requests and sockets through
 * `edge.ts`; carries the operations an operator has (revoke, bumpEpoch, close).
 */
import type { DecisionSink, DecisionSinkContext } from "../actors/decisions.ts";
import type { CompiledActor } from "../actors/entrypoints.ts";
import type { Fleet } from "../actors/fleet.ts";
import { levelsOf } from "../actors/levels.ts";
import type { RegistryLimits } from "../actors/limits.ts";
import type { DeadMessage } from "../actors/queue.ts";
import type { RevokeReceipt, Runtime } from "../actors/runtime.ts";
import type { QueueRef, ServiceLink, ServiceReceipt, ServiceSendOptions } from "../actors/service-link.ts";
import type { Surroundings } from "../actors/surroundings.ts";
import { ConfigurationError } from "../boundary/errors.ts";
import type { RevokeQuery } from "../boundary/lease.ts";
import type { RateCounters, RateRule } from "../boundary/rate.ts";
import type { Host } from "../hosts/port.ts";
import type { DeliveryBook } from "../services/deliveries.ts";
import type { CompiledService } from "../services/entrypoints.ts";
import type { FarCalls } from "../services/floor.ts";
import type { QueueActors } from "../services/queue-actors.ts";
import { isDeclared } from "./declared.ts";
import type { Edge } from "./edge.ts";
import { inboundOf, toResponse } from "./fetch.ts";
import type { MessageBatch } from "./services-module.ts";
import { byOfServices, ServiceFloorPlan } from "./services-setup.ts";
import type { ActorMap } from "./setup.ts";

/** A registry's configuration after validation. */
export interface RegistryConfig {
  readonly actors: ReadonlyMap<string, CompiledActor>;
  readonly services: readonly CompiledService[];
  readonly limits: RegistryLimits;
  /** Limits by caller over all entrypoints. */
  readonly rate: readonly RateRule[];
  readonly access: "strict" | "open";
  readonly corsOrigins: readonly string[];
  readonly basePath: string;
  readonly publicUrl: string | null;
  readonly trustProxy: readonly string[];
  readonly hosts: readonly string[];
  /** ms */
  readonly skew: number;
  readonly host: Host | (() => Host) | null;
  /** Where decisions go beside memory. */
  readonly decisions: readonly DecisionSink[];
}

export interface ServeOptions {
  /** 0 = any free port. Default 6420, or the next free one. */
  readonly port?: number;
  /** Default `.byward` in the working directory. */
  readonly dataDir?: string;
  /** Address to listen on. Default `127.0.0.1`. */
  readonly hostname?: string;
  /**
   * Threads that run actors, on Node: a number, or `"auto"` for the processors that are left. Actors are spread over them by
   * key; 1 (default) runs them where the program runs. Falls back to 1, and logs why, where threads cannot be had.
   */
  readonly workers?: number | "auto";
  /**
   * With `workers`, the module that the threads run: it exports the registry, as `registry` or by default, or serves it.
   * A path or a `file:` URL; default: the file the program was started with.
   */
  readonly module?: string | URL;
}

/** What an operator may do to a running registry. */
export interface Operator {
  revoke(query: RevokeQuery): Promise<RevokeReceipt>;
  bumpEpoch(): Promise<number>;
}

export interface Served {
  /** Origin, without trailing slash. */
  readonly url: string;
  readonly port: number;
  /** Threads that run actors; 1 when it is the program's own. */
  readonly workers: number;
  /** Stops taking requests, lets those in flight finish, stops every actor cleanly. */
  close(): Promise<void>;
}

/** What a platform adds to a registry: how it listens, or what it is loaded as. */
export interface Platform {
  serve?(registry: Registry, options: ServeOptions): Promise<Served>;
  worker?(registry: Registry): WorkerModule;
  /** What serves the registry where the platform, not the program, says on what it runs. */
  edge?(registry: Registry): Promise<Edge>;
}

/** A registry as a Worker: `export default w.handler; export const BywardActor = w.Actor`. */
export interface WorkerModule {
  readonly handler: WorkerHandler;
  /** The class of Durable Objects that actors live in; bound as `BYWARD_ACTOR`. */
  readonly Actor: new (
    ctx: never,
    env: never,
  ) => object;
  /** The entrypoint that other Workers call services by, over a service binding whose `props` state the `caller`. */
  readonly Calls: new (
    ctx: never,
    env: never,
  ) => object;
}

/** Handlers of the front Worker; each event brings the environment with bindings, variables and secrets. */
export interface WorkerHandler {
  fetch(request: Request, env: object, context?: WorkerContext): Promise<Response>;
  /** Runs the crons of services with this schedule. */
  scheduled(event: { readonly cron: string; readonly scheduledTime: number }, env: object): Promise<void>;
  /** Hands messages of a platform's queue to the service queue of the same name. */
  queue(batch: MessageBatch, env: object): Promise<void>;
}

export interface WorkerContext {
  waitUntil(promise: Promise<unknown>): void;
}

/** Where a runtime stands among others of its registry. */
export interface Spread {
  readonly fleet: Fleet;
  readonly surroundings?: Surroundings;
  /** Counts of rate rules and failed proofs that all of them share. */
  readonly rateCounters?: RateCounters;
  /** Where deliveries to services are judged; absent: in this runtime's store. */
  readonly deliveries?: DeliveryBook;
  /** Services of other deployments that services here may call. */
  readonly far?: FarCalls | null;
  /** Where services run and operators act; absent: here. */
  readonly elsewhere?: { readonly services: ServiceLink; readonly operator: Operator };
}

/** One of several runtimes of a registry. */
export interface Mounted {
  readonly edge: Edge;
  readonly queues: QueueActors;
}

export class Registry<Actors extends ActorMap = ActorMap> {
  /** Type-only: what clients infer their types from. */
  declare readonly "~actors"?: Actors;
  readonly config: RegistryConfig;
  readonly #platform: Platform | null;
  readonly #plan: ServiceFloorPlan;
  #edge: Promise<Edge> | null = null;
  #operator: Operator | null = null;
  readonly #sinks: DecisionSink[] = [];

  constructor(config: RegistryConfig, platform: Platform | null) {
    this.config = config;
    this.#plan = new ServiceFloorPlan(config.services, config.corsOrigins);
    this.#platform = platform;
  }

  /**
   * Answers a request, wherever it came from, as an external one.
   * @throws ConfigurationError `host_required` where no host is configured
   */
  readonly fetch = async (request: Request): Promise<Response> => {
    const edge = await this.edge();
    return toResponse(await edge.handle(inboundOf(request, this.config)));
  };

  /** The same as {@link fetch}, under the name frameworks look for. */
  get handler(): (request: Request) => Promise<Response> {
    return this.fetch;
  }

  /**
   * Listens. On Node: HTTP and WebSocket on one port, state in SQLite under `dataDir`.
   * @throws ConfigurationError `host_required` where the platform cannot listen
   */
  async serve(options: ServeOptions = {}): Promise<Served> {
    if (this.#platform?.serve === undefined) {
      throw new ConfigurationError(
        "host_required",
        "serve() needs a platform that listens. Import `byward` under Node, or use registry.fetch with setup({ host }).",
      );
    }
    return this.#platform.serve(this as unknown as Registry, options);
  }

  /**
   * Revokes credentials everywhere: durable before it resolves, with the connections it closed (design §7).
   * @throws ConfigurationError `revoke.empty`
   */
  async revoke(query: RevokeQuery): Promise<RevokeReceipt> {
    return (this.#operator ?? (await this.runtime())).revoke(query);
  }

  /** Raises the policy epoch: standing decisions are taken again before the next delivery. Returns the new epoch. */
  async bumpEpoch(): Promise<number> {
    return (this.#operator ?? (await this.runtime())).bumpEpoch();
  }

  /**
   * Enqueues a message on a queue of a service; resolves when it is durable. The sender is the program itself.
   * @throws ConfigurationError `service.unknown_ref`; Refusal `queue/full`, `queue/message_too_large`, `queue/invalid_payload`
   */
  async send<Message>(
    ref: QueueRef<Message>,
    message: Message,
    options: ServiceSendOptions = {},
  ): Promise<ServiceReceipt> {
    this.#assertServices("send()");
    const { services } = await this.edge();
    return services.send(ref as QueueRef, null, message, options.id);
  }

  /** Messages of a service's queue that were given up, in ascending id order: at most `limit` (default 100), after the id `after`. */
  async deadLetters<Message>(
    ref: QueueRef<Message>,
    options: { readonly limit?: number; readonly after?: bigint | number } = {},
  ): Promise<readonly DeadMessage<Message>[]> {
    this.#assertServices("deadLetters()");
    const { services } = await this.edge();
    // The bodies are what the queue's schema accepted when they were sent.
    return this.#plan.queues.dead(services.queueOf(ref as QueueRef), options) as Promise<
      readonly DeadMessage<Message>[]
    >;
  }

  /** Puts dead letters back into their queue, all or those named, with attempts counted anew; resolves to how many. */
  async redrive<Message>(ref: QueueRef<Message>, ids?: readonly (bigint | number)[]): Promise<number> {
    this.#assertServices("redrive()");
    const { services } = await this.edge();
    return this.#plan.queues.redrive(services.queueOf(ref as QueueRef), ids);
  }

  /**
   * The registry as a Worker with Durable Objects: `const w = registry.worker(); export default w.handler;
   * export const BywardActor = w.Actor`.
   * @throws ConfigurationError `host_required` outside of the Workers runtime
   */
  worker(): WorkerModule {
    if (this.#platform?.worker === undefined) {
      throw new ConfigurationError(
        "host_required",
        "worker() needs the Workers runtime: bundle with the export condition `workerd`, as wrangler does.",
      );
    }
    return this.#platform.worker(this as unknown as Registry);
  }

  /** Starts one more runtime, for platforms where each actor has a process of its own. */
  async mount(host: Host, spread: Spread): Promise<Mounted> {
    const plan = new ServiceFloorPlan(this.config.services, this.config.corsOrigins);
    return { edge: await this.#startOn(host, plan, spread), queues: plan.queues };
  }

  #assertServices(what: string): void {
    if (this.#operator === null) return;
    throw new ConfigurationError(
      "registry.elsewhere",
      `${what} of a registry is for the program's main thread, where its services run. Actors have c.send and c.call.`,
    );
  }

  /** Starts on `host`, for platforms and tests; later calls must name no other. */
  start(host: Host, spread?: Spread): Promise<Edge> {
    if (this.#edge !== null) {
      throw new ConfigurationError("registry.started", "This registry already runs. Make a second one with setup().");
    }
    return this.#keepStarting(this.#startOn(host, this.#plan, spread));
  }

  /** One that could not start may be started again, with what was missing. */
  #keepStarting(starting: Promise<Edge>): Promise<Edge> {
    this.#edge = starting;
    starting.catch(() => {
      if (this.#edge === starting) this.#edge = null;
    });
    return starting;
  }

  /** What serves it, started with the configured host if nothing started it yet. */
  edge(): Promise<Edge> {
    if (this.#edge === null) {
      if (this.#platform?.edge !== undefined) return this.#platform.edge(this as unknown as Registry);
      const { host } = this.config;
      if (host === null) {
        throw new ConfigurationError(
          "host_required",
          "This registry has no host to keep state on. Use `await registry.serve()` on Node, or setup({ host: memory() }) where nothing has to be durable.",
        );
      }
      return this.#keepStarting(this.#startOn(typeof host === "function" ? host() : host));
    }
    return this.#edge;
  }

  /** The reserved actors behind queues of services, for hosts that reach them across processes. */
  get queueActors(): QueueActors {
    return this.#plan.queues;
  }

  async runtime(): Promise<Runtime> {
    return (await this.edge()).runtime;
  }

  /** Stops actors and the store. A served registry is stopped by what `serve` returned. */
  async close(): Promise<void> {
    if (this.#edge === null) return;
    const { runtime, services } = await this.#edge;
    await services.stop();
    await runtime.stop();
    await runtime.host.store.close();
    for (const sink of this.#sinks) await sink.close();
  }

  /** Stops what nobody could be let reach, for platforms whose listening failed: it may be started again. */
  async withdraw(): Promise<void> {
    await this.close();
    this.#sinks.length = 0;
    this.#operator = null;
    this.#edge = null;
  }

  /** A registry put on a memory host by a test writes no log of decisions, unless that host is its own. */
  #startSink(runtime: Runtime): void {
    const { decisions, host } = this.config;
    if (decisions.length === 0 || (runtime.host.kind === "memory" && host === null)) return;
    const by = [
      ...[...this.config.actors.values()].flatMap(({ allBy }) => allBy),
      ...byOfServices(this.config.services),
    ];
    const refinements = [...new Set(by)].filter((one) => one.type === "refinement");
    const context: DecisionSinkContext = {
      log: runtime.host.log,
      refinements,
      isDeclared: (target, kind, name) => isDeclared(runtime.actors, target, kind, name),
      levels: () => levelsOf(runtime),
    };
    for (const sink of decisions) {
      if (!this.#sinks.includes(sink)) {
        sink.start(context);
        this.#sinks.push(sink);
      }
      runtime.decisions.subscribe((decision) => sink.record(decision));
    }
  }

  async #startOn(host: Host, plan: ServiceFloorPlan = this.#plan, spread?: Spread): Promise<Edge> {
    const elsewhere = spread?.elsewhere ?? null;
    this.#operator = elsewhere?.operator ?? null;
    // Loaded when a registry starts, not by every program that declares an actor: a third of what there is to load.
    const [{ Runtime }, { createInternalClient }, { Edge }] = await Promise.all([
      import("../actors/runtime.ts"),
      import("../actors/internal-client.ts"),
      import("./edge.ts"),
    ]);
    const runtime = await Runtime.start({
      host,
      actors: elsewhere === null ? plan.withReserved(this.config.actors) : this.config.actors,
      extraParties: [],
      extraBy: byOfServices(this.config.services),
      limits: this.config.limits,
      rate: this.config.rate,
      skew: this.config.skew,
      ...spread,
    });
    if (elsewhere === null) this.#startSink(runtime);
    const services = plan.start(runtime, createInternalClient, elsewhere?.services, spread?.deliveries, spread?.far);
    if (spread === undefined) void runtime.wakeDue();
    return new Edge(runtime, services, this.config);
  }
}
