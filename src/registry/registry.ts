/**
 * Owns the registry: what `setup` returns. Starts its runtime on first use, once; serves requests and sockets through
 * `edge.ts`; carries the operations an operator has (revoke, bumpEpoch, close).
 */
import type { CompiledActor } from "../actors/entrypoints.ts";
import type { RegistryLimits } from "../actors/limits.ts";
import { type RevokeReceipt, Runtime } from "../actors/runtime.ts";
import { ConfigurationError } from "../boundary/errors.ts";
import type { RevokeQuery } from "../boundary/lease.ts";
import type { Host } from "../hosts/port.ts";
import { Edge } from "./edge.ts";
import { inboundOf, toResponse } from "./fetch.ts";
import type { ActorMap } from "./setup.ts";

/** A registry's configuration after validation. */
export interface RegistryConfig {
  readonly actors: ReadonlyMap<string, CompiledActor>;
  readonly limits: RegistryLimits;
  readonly access: "strict" | "open";
  readonly corsOrigins: readonly string[];
  readonly basePath: string;
  readonly publicUrl: string | null;
  readonly trustProxy: readonly string[];
  readonly hosts: readonly string[];
  /** ms */
  readonly skew: number;
  readonly host: Host | (() => Host) | null;
}

export interface ServeOptions {
  /** 0 = any free port. Default 6420, or the next free one. */
  readonly port?: number;
  /** Default `.byward` in the working directory. */
  readonly dataDir?: string;
  /** Address to listen on. Default `127.0.0.1`. */
  readonly hostname?: string;
}

export interface Served {
  /** Origin, without trailing slash. */
  readonly url: string;
  readonly port: number;
  /** Stops taking requests, lets those in flight finish, stops every actor cleanly. */
  close(): Promise<void>;
}

/** What a platform adds to a registry: how it listens. */
export interface Platform {
  serve(registry: Registry, options: ServeOptions): Promise<Served>;
}

export class Registry<Actors extends ActorMap = ActorMap> {
  /** Type-only: what clients infer their types from. */
  declare readonly "~actors"?: Actors;
  readonly config: RegistryConfig;
  readonly #platform: Platform | null;
  #edge: Promise<Edge> | null = null;

  constructor(config: RegistryConfig, platform: Platform | null) {
    this.config = config;
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
    if (this.#platform === null) {
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
    return (await this.runtime()).revoke(query);
  }

  /** Raises the policy epoch: standing decisions are taken again before the next delivery. Returns the new epoch. */
  async bumpEpoch(): Promise<number> {
    return (await this.runtime()).bumpEpoch();
  }

  /** Starts on `host`, for platforms and tests; later calls must name no other. */
  start(host: Host): Promise<Edge> {
    if (this.#edge !== null) {
      throw new ConfigurationError("registry.started", "This registry already runs. Make a second one with setup().");
    }
    this.#edge = this.#startOn(host);
    return this.#edge;
  }

  /** What serves it, started with the configured host if nothing started it yet. */
  edge(): Promise<Edge> {
    if (this.#edge === null) {
      const { host } = this.config;
      if (host === null) {
        throw new ConfigurationError(
          "host_required",
          "This registry has no host to keep state on. Use `await registry.serve()` on Node, or setup({ host: memory() }) where nothing has to be durable.",
        );
      }
      this.#edge = this.#startOn(typeof host === "function" ? host() : host);
    }
    return this.#edge;
  }

  async runtime(): Promise<Runtime> {
    return (await this.edge()).runtime;
  }

  /** Stops actors and the store. A served registry is stopped by what `serve` returned. */
  async close(): Promise<void> {
    if (this.#edge === null) return;
    const { runtime } = await this.#edge;
    await runtime.stop();
    await runtime.host.store.close();
  }

  async #startOn(host: Host): Promise<Edge> {
    const runtime = await Runtime.start({
      host,
      actors: this.config.actors,
      extraParties: [],
      limits: this.config.limits,
      skew: this.config.skew,
    });
    void runtime.wakeDue();
    return new Edge(runtime, this.config);
  }
}
