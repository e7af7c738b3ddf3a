/**
 * Owns the way from a runner's public port to an actor: what is for an actor goes through its tunnel as it came, all else
 * (services, malformed paths, preflights) is answered here. Proof and gate are where the actor is; what proves nobody is
 * refused here by the same code, so that no actor is made or woken for it.
 */
import { failureResponse, presentationOf } from "../../actors/inbound.ts";
import { Refusal } from "../../boundary/errors.ts";
import { isPromise } from "../../boundary/maybe-promise.ts";
import { keyText } from "../../protocol/key.ts";
import { type ActorPath, parseActorPath } from "../../protocol/paths.ts";
import { Edge, type Upgrade } from "../../registry/edge.ts";
import type { InboundRequest, OutboundResponse, Socket } from "../port.ts";
import { ACTOR_TYPE, rivetIdOf, rivetKey } from "./names.ts";
import { IncomingBody, sendBody } from "./tunnel/body.ts";
import { joined } from "./tunnel/frames.ts";
import { headOf, type RequestHead, type ResponseHead } from "./tunnel/inbound.ts";
import type { Stream } from "./tunnel/mux.ts";
import type { Target, TunnelPool } from "./tunnel/pool.ts";

/** Bytes a peer may leave unread at the front before the actor is asked to wait. */
const UNREAD = 1024 * 1024;
/** ms between looks at a peer that does not read. */
const UNREAD_LOOK = 50;

type Config = ConstructorParameters<typeof Edge>[2];

export class RivetFront extends Edge {
  readonly #pool: TunnelPool;
  readonly #basePath: string;

  readonly #isServing: () => boolean;

  /** `isServing`: false while this runner may have been replaced without knowing. */
  constructor(edge: Edge, config: Config, pool: TunnelPool, isServing: () => boolean) {
    super(edge.runtime, edge.services, config);
    this.#pool = pool;
    this.#isServing = isServing;
    this.#basePath = config.basePath;
  }

  override async handle(inbound: InboundRequest): Promise<OutboundResponse> {
    if (!this.#isServing()) return failureResponse(this.runtime, outOfTouch(), "front");
    const path = this.#pathOf(inbound);
    if (path === null || inbound.method === "OPTIONS") return super.handle(inbound);
    const target = targetOf(path);
    if (target === null || !(await this.#mayBeSomebody(path, inbound))) return super.handle(inbound);
    try {
      return await exchange(await this.#pool.get(target), headOf(inbound, "http"), inbound);
    } catch (error) {
      if (error instanceof Refusal && error.outcome === "not_found") return super.handle(inbound);
      return failureResponse(this.runtime, error, "front");
    }
  }

  override async upgrade(inbound: InboundRequest): Promise<Upgrade> {
    // Chooses the subprotocol, and refuses what is no socket of an actor.
    const local = await super.upgrade(inbound);
    const path = this.#pathOf(inbound);
    const target = path === null ? null : targetOf(path);
    if (path === null || target === null || !isSocketRoute(path)) return local;
    if (!(await this.#mayBeSomebody(path, inbound))) return local;
    return {
      protocol: local.protocol,
      serve: (socket) => {
        this.#relay(target, inbound, socket, () => local.serve(socket)).catch((error: unknown) => {
          this.runtime.host.log.error({ err: error }, "a socket could not be relayed");
          socket.terminate();
        });
      },
    };
  }

  async #relay(target: Target, inbound: InboundRequest, socket: Socket, serveHere: () => void): Promise<void> {
    let mux: Awaited<ReturnType<TunnelPool["get"]>>;
    try {
      mux = await this.#pool.get(target);
    } catch (error) {
      if (error instanceof Refusal && error.outcome === "not_found") serveHere();
      else socket.close(1013, "byward/unavailable");
      return;
    }
    relaySocket(mux.open(headOf(inbound, "ws")), socket, (delay, task) => this.runtime.host.clock.after(delay, task));
  }

  /** The actor a path leads to; null for what is answered here. */
  #pathOf(inbound: InboundRequest): ActorPath | null {
    const { path } = inbound;
    if (this.#basePath !== "" && !path.startsWith(`${this.#basePath}/`)) return null;
    try {
      const parsed = parseActorPath(path.slice(this.#basePath.length));
      if (parsed === null || parsed.route.kind === "unknown") return null;
      return this.runtime.actors.has(parsed.name) ? parsed : null;
    } catch {
      return null;
    }
  }

  /** False for a credential in a header that verifies nowhere: it is refused without asking the actor. */
  async #mayBeSomebody(path: ActorPath, inbound: InboundRequest): Promise<boolean> {
    const compiled = this.runtime.actors.get(path.name)!;
    if (compiled.bases.some((party) => party.scheme.kind === "signature")) return true;
    if (inbound.header("authorization") === null) return true;
    const presentation = await presentationOf({ runtime: this.runtime, inbound }, false);
    const proving = this.runtime.proveForConnection(compiled, presentation);
    const credentials = isPromise(proving) ? await proving : proving;
    return credentials.failure === null && this.runtime.refuseRevoked(credentials) === null;
  }
}

function outOfTouch(): Refusal {
  return new Refusal("unavailable", { reason: "runner.lapsed", retryAfter: 2 });
}

function isSocketRoute({ route }: ActorPath): boolean {
  return route.kind === "connect" || route.kind === "websocket";
}

export function targetOf({ name, address }: Pick<ActorPath, "name" | "address">): Target | null {
  if (address.by === "key") return { type: ACTOR_TYPE, key: rivetKey({ name, key: keyText(address.key) }) };
  const id = rivetIdOf(address.id);
  return id === null ? null : { type: ACTOR_TYPE, id };
}

/** Sends a request on a stream of its own; resolves with the head of the answer. */
export function exchange(
  mux: { open(head: unknown): Stream },
  head: RequestHead,
  inbound: Pick<InboundRequest, "stream" | "signal">,
): Promise<OutboundResponse> {
  const stream = mux.open(head);
  const body = new IncomingBody(stream);
  return new Promise((done, fail) => {
    const leave = (): void => stream.reset("the peer went away");
    inbound.signal.addEventListener("abort", leave, { once: true });
    const over = (): void => inbound.signal.removeEventListener("abort", leave);
    stream.handlers = {
      head: (told) => {
        answered(stream, told as ResponseHead, body, over).then(done, fail);
      },
      data: (bytes) => body.data(bytes),
      end: () => {
        body.end();
        over();
        stream.over();
      },
      reset: (reason) => {
        over();
        body.fail(reason);
        fail(new Refusal("unavailable", { reason: `tunnel.${reason.slice(0, 40)}`, retryAfter: 1 }));
      },
    };
    if (!head.hasBody) return;
    const sent = inbound.stream();
    if (sent === null) stream.end();
    else void sendBody(stream, sent);
  });
}

async function answered(
  stream: Stream,
  { status, headers, body: kind }: ResponseHead,
  body: IncomingBody,
  over: () => void,
): Promise<OutboundResponse> {
  if (kind === "none") return { status, headers, body: null };
  if (kind === "whole") {
    const parts: Uint8Array[] = [];
    for (let part = await body.next(); part !== null; part = await body.next()) parts.push(part);
    return { status, headers, body: joined(parts) };
  }
  const cancelled = (): void => {
    over();
    stream.reset("the peer went away");
  };
  return { status, headers, body: body.web(cancelled) };
}

type After = (delay: number, task: () => void) => unknown;

/** Joins a peer's socket with a stream, both ways. */
export function relaySocket(stream: Stream, socket: Socket, after: After): void {
  const took = stream.took.bind(stream);
  // Credit goes back only as far as the peer reads.
  let held = 0;
  stream.took = (count) => {
    held += count;
    release();
  };
  const release = (): void => {
    if (held === 0) return;
    if (socket.bufferedAmount < UNREAD) {
      took(held);
      held = 0;
    } else after(UNREAD_LOOK, release);
  };
  let isOver = false;
  stream.handlers = {
    message: (data) => socket.send(data),
    close: (code, reason) => {
      isOver = true;
      socket.close(code, reason);
    },
    reset: () => {
      if (isOver) return;
      isOver = true;
      socket.close(1013, "byward/unavailable");
    },
  };
  socket.attach({
    message: (data) => stream.message(data),
    close: (code, reason) => {
      if (isOver) return;
      isOver = true;
      stream.close(code, reason);
    },
  });
}
