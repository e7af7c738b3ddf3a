/** Owns a registry as a Worker: the handlers of its front, the class of its objects, and the entrypoint of its calls. */
import { env as bindings, DurableObject, WorkerEntrypoint, waitUntil } from "cloudflare:workers";
import { ConfigurationError } from "../../boundary/errors.ts";
import type { Edge } from "../../registry/edge.ts";
import type { Platform, Registry, WorkerModule } from "../../registry/registry.ts";
import type { FarCalls } from "../../services/floor.ts";
import { ActorObject } from "./actor-object.ts";
import { BoundContexts, type BoundServices } from "./contexts.ts";
import { DirectoryView } from "./directory-view.ts";
import { Front } from "./front.ts";
import type { ObjectState, PlatformSocket, WorkerEnv } from "./platform.ts";

interface Made {
  readonly front: Front;
  readonly module: WorkerModule;
}

const made = new WeakMap<Registry, Made>();

export interface WorkerOptions {
  /** Services of other Workers that services here may call, by the service binding that leads to their `Calls`. */
  readonly consumes?: BoundServices;
}

/**
 * A registry as a Worker with Durable Objects, made once: `export default w.handler; export const BywardActor = w.Actor`, with
 * the class bound as `BYWARD_ACTOR`, SQLite-backed. `registry.worker()` is this function. Exported as `BywardCalls`, `w.Calls`
 * lets other Workers call its services: each binding states its caller in `props`, and no address leads there.
 *
 * @throws ConfigurationError `cloudflare.worker_made` where options come after it was made
 */
export function worker(registry: Registry, options?: WorkerOptions): WorkerModule {
  if (options !== undefined && made.has(registry)) {
    throw new ConfigurationError(
      "cloudflare.worker_made",
      "worker() was given options for a registry that is a Worker already. Call it once, and first.",
    );
  }
  return madeOf(registry, options).module;
}

/** What `setup` of the Workers root binds its registries to. */
export const cloudflarePlatform: Platform = {
  worker: (registry) => worker(registry),
  edge: (registry): Promise<Edge> => madeOf(registry).front.edge(),
};

function madeOf(registry: Registry, { consumes }: WorkerOptions = {}): Made {
  const known = made.get(registry);
  if (known !== undefined) return known;
  const view = new DirectoryView();
  const far = consumes === undefined ? null : new BoundContexts(consumes, () => bindings);
  const front = new Front({ registry, view, far, env: () => bindings, waitUntil });
  const Actor = createActorClass(registry, view, far);
  const one = { front, module: { handler: front.handler, Actor, Calls: createCallsClass(front) } };
  made.set(registry, one);
  return one;
}

function createCallsClass(front: Front): WorkerModule["Calls"] {
  return class BywardCalls extends WorkerEntrypoint {
    call(service: string, name: string, text: string): Promise<string> {
      return front.answer(this.env, { props: this.ctx.props, service, name, text });
    }
  };
}

function createActorClass(registry: Registry, view: DirectoryView, far: FarCalls | null): WorkerModule["Actor"] {
  return class BywardActor extends DurableObject {
    readonly #object: ActorObject;

    constructor(ctx: ObjectState, env: WorkerEnv) {
      super(ctx, env);
      this.#object = new ActorObject(registry, view, far, ctx, env);
    }

    fetch(request: Request): Promise<Response> {
      return this.#object.fetch(request);
    }
    alarm(): Promise<void> {
      return this.#object.alarm();
    }
    webSocketMessage(socket: PlatformSocket, data: string | ArrayBuffer): Promise<void> | void {
      return this.#object.message(socket, data);
    }
    webSocketClose(socket: PlatformSocket, code: number, reason: string): Promise<void> {
      return this.#object.closed(socket, code, reason);
    }
    webSocketError(socket: PlatformSocket): Promise<void> {
      return this.#object.closed(socket, 1006, "");
    }
    call(operation: string, text: string): Promise<string> {
      return this.#object.call(operation, text);
    }
    relay(operation: string, text: string, request: Request | null): Promise<Response> {
      return this.#object.relay(operation, text, request);
    }
  };
}
