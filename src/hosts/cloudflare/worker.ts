/** Owns a registry as a Worker: the handlers of its front, and the class of its objects. */
import { env as bindings, DurableObject, waitUntil } from "cloudflare:workers";
import type { Edge } from "../../registry/edge.ts";
import type { Platform, Registry, WorkerModule } from "../../registry/registry.ts";
import { ActorObject } from "./actor-object.ts";
import { DirectoryView } from "./directory-view.ts";
import { Front } from "./front.ts";
import type { ObjectState, PlatformSocket, WorkerEnv } from "./platform.ts";

interface Made {
  readonly front: Front;
  readonly module: WorkerModule;
}

const made = new WeakMap<Registry, Made>();

/**
 * A registry as a Worker with Durable Objects, made once: `export default w.handler; export const BywardActor = w.Actor`, with
 * the class bound as `BYWARD_ACTOR`, SQLite-backed. `registry.worker()` is this function.
 */
export function worker(registry: Registry): WorkerModule {
  return madeOf(registry).module;
}

/** What `setup` of the Workers root binds its registries to. */
export const cloudflarePlatform: Platform = {
  worker,
  edge: (registry): Promise<Edge> => madeOf(registry).front.edge(),
};

function madeOf(registry: Registry): Made {
  const known = made.get(registry);
  if (known !== undefined) return known;
  const view = new DirectoryView();
  const front = new Front({ registry, view, env: () => bindings, waitUntil });
  const one = { front, module: { handler: front.handler, Actor: createActorClass(registry, view) } };
  made.set(registry, one);
  return one;
}

function createActorClass(registry: Registry, view: DirectoryView): WorkerModule["Actor"] {
  return class BywardActor extends DurableObject {
    readonly #object: ActorObject;

    constructor(ctx: ObjectState, env: WorkerEnv) {
      super(ctx, env);
      this.#object = new ActorObject(registry, view, ctx, env);
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
