/**
 * Owns the front Worker: routing requests to the objects of actors, and the services, which run here. An actor's object is not
 * woken for a request whose caller does not prove himself; the object proves and decides again, on its own.
 */

import { needsBody } from "../../actors/entrypoints.ts";
import { partiesOf } from "../../actors/gate.ts";
import { failureResponse, presentationOf } from "../../actors/inbound.ts";
import { authenticate } from "../../actors/stateless.ts";
import type { InvokeTarget } from "../../actors/types.ts";
import { Refusal } from "../../boundary/errors.ts";
import type { MaybePromise } from "../../boundary/maybe-promise.ts";
import { MUX_PATH } from "../../protocol/mux.ts";
import { type ActorPath, parseActorPath } from "../../protocol/paths.ts";
import type { Edge } from "../../registry/edge.ts";
import { inboundOf, toResponse } from "../../registry/fetch.ts";
import type { Registry, WorkerContext, WorkerHandler } from "../../registry/registry.ts";
import { deliverBatch } from "../../registry/services-module.ts";
import type { FarCalls } from "../../services/floor.ts";
import type { Host, InboundRequest } from "../port.ts";
import { platformClock } from "./clock.ts";
import { answerTaken, type TakenCall } from "./contexts.ts";
import { RemoteDeliveries } from "./deliveries.ts";
import { type DirectoryView, Learner } from "./directory-view.ts";
import { fleetOf, keeperOf } from "./fleet.ts";
import { cloudflareHost } from "./host.ts";
import { consoleLog } from "./log.ts";
import { NothingKept } from "./nothing-kept.ts";
import { switching } from "./object-calls.ts";
import { socketPair, type WorkerEnv } from "./platform.ts";
import { HoldingSocket } from "./socket.ts";
import { callObject, DIRECTORY, platformFailure, Stubs } from "./stubs.ts";

const OWN_HEADER = /^x-byward-/;

export interface FrontOptions {
  readonly registry: Registry;
  readonly view: DirectoryView;
  /** Services of other Workers. */
  readonly far: FarCalls | null;
  /** Bindings and secrets where no event brings them: `registry.revoke` and the like. */
  readonly env: () => WorkerEnv;
  /** Keeps what is under way alive beyond the answer. */
  readonly waitUntil: (promise: Promise<unknown>) => void;
}

export class Front {
  readonly #options: FrontOptions;
  #edge: Promise<Edge> | null = null;

  constructor(options: FrontOptions) {
    this.#options = options;
  }

  get handler(): WorkerHandler {
    return {
      fetch: (request, env, context) => {
        const answering = this.#fetch(request, env as WorkerEnv, context);
        // A peer that leaves takes all that its request waits for with it, unless the platform is told to go on: handlers
        // run to their end here too, and a delivery that succeeded is recorded.
        context?.waitUntil(answering);
        return answering;
      },
      scheduled: async (event, env) => {
        const { services } = await this.edge(env as WorkerEnv);
        await services.fireCrons(event.cron, event.scheduledTime);
        await services.pending();
      },
      queue: async (batch, env) => {
        const { services } = await this.edge(env as WorkerEnv);
        await deliverBatch(services, this.#options.registry.config.services, batch);
        await services.pending();
      },
    };
  }

  /** Answers a call of another Worker. An envelope; never rejects. */
  async answer(env: WorkerEnv, call: TakenCall): Promise<string> {
    const host = cloudflareHost({ store: NO_STORE, env, log: consoleLog() });
    const answering = answerTaken(this.#options.registry, host, () => this.edge(env), call);
    // Who asked may be gone before it is answered.
    this.#options.waitUntil(answering);
    const answer = await answering;
    const edge = await this.#edge?.catch(() => null);
    const pending = edge?.services.pending() ?? null;
    if (pending !== null) this.#options.waitUntil(pending);
    return answer;
  }

  /** The runtime of the front, started once in an isolate; where it could not start, the next event tries again. */
  edge(env: WorkerEnv = this.#options.env()): Promise<Edge> {
    if (this.#edge !== null) return this.#edge;
    const starting = this.#start(env);
    this.#edge = starting;
    // All requests of the isolate wait for this one's: it must not end with the peer that happened to come first.
    this.#options.waitUntil(starting.catch(() => {}));
    starting.catch(() => {
      if (this.#edge === starting) this.#edge = null;
    });
    return starting;
  }

  async #start(env: WorkerEnv): Promise<Edge> {
    const { registry, view, far, waitUntil } = this.#options;
    const stubs = new Stubs(env);
    const learner = new Learner(view);
    const host: Host = cloudflareHost({
      store: NO_STORE,
      env,
      log: consoleLog(),
      // Keys of identity providers are shared by requests: one that ends must not end another's waiting.
      fetch: (input, init) => {
        const answer = fetch(input, init);
        waitUntil(answer.catch(() => {}));
        return answer;
      },
    });
    const nobody = (): boolean => false;
    let edge: Edge | null = null;
    const update = async (): Promise<void> => {
      await view.update(stubs, () => platformClock.now());
      if (edge !== null) learner.apply(edge.runtime);
    };
    const tell = async (operation: string, ...args: readonly unknown[]): Promise<unknown> => {
      const answer = await callObject(stubs.ofName(DIRECTORY), operation, ...args);
      await update();
      return answer;
    };
    edge = await registry.start(host, {
      deliveries: new RemoteDeliveries(stubs, waitUntil),
      far,
      fleet: fleetOf({ stubs: () => stubs, owns: nobody, runtime: () => edge!.runtime }),
      surroundings: {
        refresh: (): MaybePromise<void> => {
          if (edge === null || !view.isFresh(platformClock.now())) return update();
          learner.apply(edge.runtime);
        },
        enroll: () => {},
        revoke: (row) => tell("revoke", row) as Promise<[]>,
        raiseEpoch: () => tell("raiseEpoch") as Promise<number>,
        farClock: platformClock,
        wakeAt: () => {},
        keeperOf: (name) => keeperOf(stubs, name, nobody),
        idPrefix: "",
      },
    });
    return edge;
  }

  async #fetch(request: Request, env: WorkerEnv, context: WorkerContext | undefined): Promise<Response> {
    const { publicUrl } = this.#options.registry.config;
    const host = cloudflareHost({ store: NO_STORE, env, log: consoleLog() });
    try {
      const edge = await this.edge(env);
      const inbound = inboundOf(request, { publicUrl }, request.headers.get("cf-connecting-ip") ?? "");
      const path = this.#actorOf(inbound);
      if (path === null) return await this.#own(edge, inbound, request, context);
      const sieved = await sieve(edge, path, inbound);
      if (sieved.refused !== null) return sieved.refused;
      return await this.#forward(env, path, request, sieved.body);
    } catch (error) {
      return toResponse(failureResponse({ host }, error, "front"));
    }
  }

  /** The actor a request is for; null where it is the front's to answer, refusals of paths included. */
  #actorOf(inbound: InboundRequest): ActorPath | null {
    const { basePath, actors } = this.#options.registry.config;
    if (basePath !== "" && !inbound.path.startsWith(`${basePath}/`)) return null;
    const isPreflight = inbound.method === "OPTIONS" && inbound.header("access-control-request-method") !== null;
    if (isPreflight && inbound.header("origin") !== null) return null;
    try {
      const path = parseActorPath(inbound.path.slice(basePath.length));
      return path !== null && actors.has(path.name) ? path : null;
    } catch {
      return null;
    }
  }

  /** Services, preflights, and what no actor answers. */
  async #own(
    edge: Edge,
    inbound: InboundRequest,
    request: Request,
    context: WorkerContext | undefined,
  ): Promise<Response> {
    const isUpgrade = request.headers.get("upgrade")?.toLowerCase() === "websocket";
    const { basePath } = this.#options.registry.config;
    if (isUpgrade && inbound.path !== `${basePath}${MUX_PATH}`) {
      const upgrade = await edge.upgrade(inbound);
      const { client, server } = socketPair();
      upgrade.serve(new HoldingSocket(server));
      return switching(client, upgrade.protocol);
    }
    const answer = toResponse(await edge.handle(inbound));
    const pending = edge.services.pending();
    if (pending !== null) context?.waitUntil(pending);
    return answer;
  }

  async #forward(env: WorkerEnv, path: ActorPath, request: Request, body: Uint8Array | null): Promise<Response> {
    const { address } = path;
    const stub = new Stubs(env).ofActor(path.name, address.by === "id" ? { id: address.id } : { key: address.key });
    try {
      return await stub.fetch(clean(request, body));
    } catch (error) {
      throw platformFailure(error);
    }
  }
}

/** Without our own headers, which nobody outside may set, and with the body where it was read. */
function clean(request: Request, body: Uint8Array | null): Request {
  const own = [...request.headers.keys()].filter((name) => OWN_HEADER.test(name));
  if (own.length === 0 && body === null) return request;
  const headers = new Headers(request.headers);
  for (const name of own) headers.delete(name);
  return new Request(request, body === null ? { headers } : { headers, body: body as BodyInit });
}

interface Sieved {
  readonly refused: Response | null;
  /** The body, where a party verified over it. */
  readonly body: Uint8Array | null;
}

const PASSES: Sieved = { refused: null, body: null };

/** Refuses callers who do not prove themselves, before an object is woken for them. Sockets prove themselves in the object. */
async function sieve(edge: Edge, path: ActorPath, inbound: InboundRequest): Promise<Sieved> {
  const { runtime } = edge;
  const compiled = runtime.actors.get(path.name)!;
  const target = targetOf(path, inbound);
  if (target === null) return PASSES;
  const by = partiesOf(compiled, target);
  const withBody = needsBody(by);
  try {
    const presentation = await presentationOf({ runtime, inbound }, withBody);
    await authenticate(runtime, by, presentation);
    return { refused: null, body: bodyOf(presentation.body) };
  } catch (error) {
    if (!(error instanceof Refusal) || error.outcome === "forbidden") {
      return { refused: null, body: withBody ? bodyOf(await inbound.bytes(runtime.limits.maxBodySize)) : null };
    }
    return { refused: toResponse(failureResponse(runtime, error, path.name)), body: null };
  }
}

/** An empty body need not be passed on, and with some methods may not. */
const bodyOf = (bytes: Uint8Array | null): Uint8Array | null => (bytes === null || bytes.length === 0 ? null : bytes);

function targetOf({ route }: ActorPath, { method }: InboundRequest): InvokeTarget | null {
  switch (route.kind) {
    case "action":
    case "queue":
      return { kind: route.kind, name: route.name };
    case "event":
      return { kind: "subscribe", name: route.name };
    case "request":
      return { kind: "request", method, path: route.path };
    default:
      return null;
  }
}

/** A front Worker keeps no rows: they are in the objects of the actors, and what is revoked is in the directory. */
const NO_STORE: Host["store"] = new NothingKept();
