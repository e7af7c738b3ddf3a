/**
 * Owns the main thread's part in serving by several: it listens, routes, writes to the store, runs services and takes an
 * operator's orders; actors run in the shards. Falls back to one thread where shards cannot be had, and says why.
 */
import type { Decision } from "../../../actors/decisions.ts";
import type { Levels } from "../../../actors/levels.ts";
import type { SealedCaller } from "../../../boundary/caller.ts";
import type { RevokeQuery } from "../../../boundary/lease.ts";
import type { InternalCaller } from "../../../boundary/scheme.ts";
import { decode, encode } from "../../../protocol/json.ts";
import type { Edge } from "../../../registry/edge.ts";
import type { Registry, ServeOptions, Spread } from "../../../registry/registry.ts";
import type { Logger } from "../../port.ts";
import type { SqliteStore } from "../store/sqlite-store.ts";
import type { CallContext } from "./calls.ts";
import { ownerOfCall } from "./far-callee.ts";
import { Ownership } from "./ownership.ts";
import type { Peer } from "./peer.ts";
import { Pool } from "./pool.ts";
import { Router } from "./router.ts";
import { fingerprintOf } from "./seat.ts";
import { moduleFor, workersFor } from "./workers-option.ts";

/** Beside what actors may take to stop by their own options. */
const STOP_PATIENCE_MS = 60_000;
/** Callers of decisions that are remembered, so that sinks know them again. */
const MAX_CALLERS = 4096;

export class Front {
  readonly #registry: Registry;
  readonly #pool: Pool;
  readonly #router: Router;
  readonly #callers = new Map<string, SealedCaller>();
  #edge: Edge | null = null;

  private constructor(registry: Registry, pool: Pool, router: Router) {
    this.#registry = registry;
    this.#pool = pool;
    this.#router = router;
  }

  /** The shards, seated and not started; null where one thread serves. @throws ConfigurationError `serve.workers_invalid` */
  static async seat(registry: Registry, options: ServeOptions, store: SqliteStore, log: Logger): Promise<Front | null> {
    const count = workersFor(options.workers);
    if (count === 1) {
      if (options.workers === "auto") log.info({}, "actors run in one thread: no processor is left for another");
      return null;
    }
    const module = moduleFor(options.module);
    if ("why" in module) return alone(log, module.why);
    const { config } = registry;
    try {
      const pool = await Pool.seat({
        count,
        module: module.url,
        fingerprint: fingerprintOf(config),
        store,
        log,
        // The rules of the registry, then failed proofs: as a runtime makes its counts.
        rateTables: config.rate.length + 1,
        wantsDecisions: config.decisions.length > 0,
        stopPatience: STOP_PATIENCE_MS,
      });
      return new Front(registry, pool, new Router(pool, new Ownership(config.actors.keys(), count), store));
    } catch (error) {
      return alone(log, error instanceof Error ? error.message : String(error));
    }
  }

  get workers(): number {
    return this.#pool.count;
  }

  /** What the registry of this thread is started with. */
  get spread(): Spread {
    return { fleet: this.#router, rateCounters: this.#pool.counters() };
  }

  /** Starts the shards beside the registry of this thread; resolves when all of them serve. */
  async begin(edge: Edge): Promise<void> {
    this.#edge = edge;
    this.#router.bind(edge.runtime);
    edge.router = this.#router;
    await this.#pool.begin({
      call: (from, method, data, context) => this.#answer(edge, from, method, data, context),
      decision: (decision) => edge.runtime.decisions.adopt(this.#decisionOf(decision)),
    });
    void edge.runtime.wakeDue();
  }

  /** Stops services, then the actors of every shard. */
  async stop(): Promise<void> {
    await this.#edge?.services.stop();
    await this.#pool.stop();
  }

  /** Ends the threads at once. */
  async end(): Promise<void> {
    await this.#pool.end();
  }

  async #answer(edge: Edge, from: Peer, method: string, data: unknown, context: CallContext): Promise<unknown> {
    if (ownerOfCall(method, data) !== null) return this.#router.answer(from, method, data, context);
    // The casts hold because shards send these, by method.
    switch (method) {
      case "service.call": {
        const { name, service, content } = this.#serviceOf(data);
        const [caller, args] = content as [InternalCaller, readonly unknown[]];
        return encode(await edge.services.call({ type: "call", name, service }, caller, args), "output");
      }
      case "service.send": {
        const { name, service, content } = this.#serviceOf(data);
        const [caller, message, id] = content as [InternalCaller, unknown, string | undefined];
        return edge.services.send({ type: "queue", name, service }, caller, message, id);
      }
      case "operator.revoke":
        return encode(await this.#registry.revoke(decode(data as string) as RevokeQuery));
      case "operator.bumpEpoch":
        return this.#registry.bumpEpoch();
      case "levels":
        this.#router.levelsOf(from, data as Levels);
        return null;
      default:
        throw new TypeError(`no call is called ${method}`);
    }
  }

  #serviceOf(data: unknown): { readonly name: string; readonly service: object; readonly content: unknown } {
    const [index, name, text] = data as readonly [number, string, string];
    return { name, service: this.#registry.config.services[index]!.identity, content: decode(text) };
  }

  /** A decision of a shard, for sinks. Its caller is one as data: no gate takes it for one. */
  #decisionOf(data: unknown): Decision {
    const decision = data as Omit<Decision, "caller"> & { readonly caller: string | null };
    return { ...decision, caller: decision.caller === null ? null : this.#callerOf(decision.caller) };
  }

  #callerOf(text: string): SealedCaller {
    const known = this.#callers.get(text);
    if (known !== undefined) return known;
    const caller = Object.freeze(decode(text)) as SealedCaller;
    if (this.#callers.size >= MAX_CALLERS) this.#callers.delete(this.#callers.keys().next().value!);
    this.#callers.set(text, caller);
    return caller;
  }
}

function alone(log: Logger, why: string): null {
  log.warn({ why }, "actors run in one thread: worker threads cannot be had");
  return null;
}
