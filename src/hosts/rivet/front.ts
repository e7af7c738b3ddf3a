/**
 * Owns the way from a runner's public port to an actor: what is for an actor goes through its tunnel as it came, all else
 * (services, malformed paths, preflights, foreign pages) is answered here. Proof and gate are where the actor is; a
 * credential in a header that proves nobody is refused here by the same code, so that no actor is made or woken for it.
 */
import { handleActorRequest } from "../../actors/http.ts";
import { failureResponse, presentationOf } from "../../actors/inbound.ts";
import type { Runtime } from "../../actors/runtime.ts";
import { Refusal } from "../../boundary/errors.ts";
import { isPromise } from "../../boundary/maybe-promise.ts";
import { keyText } from "../../protocol/key.ts";
import type { ActorPath } from "../../protocol/paths.ts";
import { type ActorRouter, Edge } from "../../registry/edge.ts";
import { HeldSocket } from "../node/shards/held-socket.ts";
import type { PausableSocket } from "../node/shards/sockets.ts";
import type { InboundRequest, OutboundResponse, Socket } from "../port.ts";
import { ACTOR_TYPE, rivetIdOf, rivetKey } from "./names.ts";
import { IncomingBody, sendBody } from "./tunnel/body.ts";
import { joined } from "./tunnel/frames.ts";
import { headOf, type RequestHead, type ResponseHead } from "./tunnel/inbound.ts";
import type { Mux, Stream } from "./tunnel/mux.ts";
import type { Target, TunnelPool } from "./tunnel/pool.ts";

/** Bytes a peer may leave unread at the front before the actor is asked to wait. */
const UNREAD = 1024 * 1024;
/** ms between looks at a peer that does not read. */
const UNREAD_LOOK = 50;

type Config = ConstructorParameters<typeof Edge>[2];

/** The public side of a runner. `isServing`: false while it may have been replaced without knowing. */
export function frontOf(here: Edge, config: Config, pool: TunnelPool, isServing: () => boolean): Edge {
  const front = new Edge(here.runtime, here.services, config);
  front.router = new TunnelRouter(here, pool, isServing);
  return front;
}

class TunnelRouter implements ActorRouter {
  readonly #here: Edge;
  readonly #runtime: Runtime;
  readonly #pool: TunnelPool;
  readonly #isServing: () => boolean;

  constructor(here: Edge, pool: TunnelPool, isServing: () => boolean) {
    this.#here = here;
    this.#runtime = here.runtime;
    this.#pool = pool;
    this.#isServing = isServing;
  }

  request(path: ActorPath, inbound: InboundRequest): Promise<OutboundResponse> | null {
    const target = this.#targetOf(path);
    if (target === null || path.route.kind === "unknown") return null;
    return this.#request(path, inbound, target);
  }

  async #request(path: ActorPath, inbound: InboundRequest, target: Target): Promise<OutboundResponse> {
    try {
      if (!this.#isServing()) throw outOfTouch();
      if (!(await this.#mayBeSomebody(path, inbound))) return await handleActorRequest(this.#runtime, path, inbound);
      return await exchange(await this.#pool.get(target), headOf(inbound, "http"), inbound);
    } catch (error) {
      // The engine does not know the id: the answer is the one an unknown key gives to this caller.
      if (isMissing(error)) return handleActorRequest(this.#runtime, path, inbound);
      return failureResponse(this.#runtime, error, path.name);
    }
  }

  socket(path: ActorPath, inbound: InboundRequest, protocol: string): ((socket: Socket) => void) | null {
    const target = this.#targetOf(path);
    if (target === null) return null;
    return (real) => {
      // What comes before the tunnel stands waits, within a bound.
      const socket = new HeldSocket(real);
      this.#relay(path, inbound, target, socket, protocol).catch((error: unknown) => {
        this.#runtime.host.log.error({ err: error }, "a socket could not be relayed");
        socket.terminate();
      });
    };
  }

  async #relay(
    path: ActorPath,
    inbound: InboundRequest,
    target: Target,
    socket: Socket,
    protocol: string,
  ): Promise<void> {
    let mux: Mux;
    try {
      if (!this.#isServing()) throw outOfTouch();
      if (!(await this.#mayBeSomebody(path, inbound))) throw new Refusal("not_found", { reason: "nobody" });
      mux = await this.#pool.get(target);
    } catch (error) {
      if (isMissing(error)) (await this.#here.upgrade(inbound)).serve(socket);
      else socket.close(1013, "byward/unavailable");
      return;
    }
    relaySocket(mux.open(upgradeHead(inbound, protocol)), socket, (delay, task) =>
      this.#runtime.host.clock.after(delay, task),
    );
  }

  #targetOf(path: ActorPath): Target | null {
    return this.#runtime.actors.has(path.name) ? targetOf(path) : null;
  }

  /** False for a credential in a header that verifies nowhere: it is refused without asking the actor. */
  async #mayBeSomebody(path: ActorPath, inbound: InboundRequest): Promise<boolean> {
    const compiled = this.#runtime.actors.get(path.name)!;
    if (compiled.bases.some((party) => party.scheme.kind === "signature")) return true;
    if (inbound.header("authorization") === null) return true;
    const presentation = await presentationOf({ runtime: this.#runtime, inbound }, false);
    if (this.#runtime.failedProofs.refuse(compiled.bases, presentation) !== null) return false;
    const proving = this.#runtime.proveForConnection(compiled, presentation);
    const credentials = isPromise(proving) ? await proving : proving;
    return credentials.failure === null && this.#runtime.refuseRevoked(credentials) === null;
  }
}

/** An upgrade that offers what was chosen here: a channel of a shared socket speaks another protocol than its socket. */
function upgradeHead(inbound: InboundRequest, protocol: string): RequestHead {
  const head = headOf(inbound, "ws");
  const headers = head.headers.filter(([name]) => name.toLowerCase() !== "sec-websocket-protocol");
  if (protocol !== "") headers.push(["sec-websocket-protocol", protocol]);
  return { ...head, headers };
}

function isMissing(error: unknown): boolean {
  return error instanceof Refusal && error.outcome === "not_found";
}

function outOfTouch(): Refusal {
  return new Refusal("unavailable", { reason: "runner.lapsed", retryAfter: 2 });
}

export function targetOf({ name, address }: Pick<ActorPath, "name" | "address">): Target | null {
  if (address.by === "key") return { type: ACTOR_TYPE, key: rivetKey({ name, key: keyText(address.key) }) };
  const id = rivetIdOf(address.id);
  return id === null ? null : { type: ACTOR_TYPE, id };
}

/** Bodies up to this size are gathered first, so that a small request is one message. */
const SMALL_BODY = 32 * 1024;

/** Sends a request on a stream of its own; resolves with the head of the answer. */
export async function exchange(
  mux: { open(head: unknown): Stream },
  head: RequestHead,
  inbound: Pick<InboundRequest, "stream" | "signal">,
): Promise<OutboundResponse> {
  const sent = head.hasBody ? inbound.stream() : null;
  const small = sent !== null && isSmall(head) ? await gathered(sent) : null;
  return exchangeNow(mux, head, inbound.signal, small ?? sent);
}

function isSmall({ headers }: RequestHead): boolean {
  const length = headers.find(([name]) => name.toLowerCase() === "content-length")?.[1];
  return length !== undefined && Number(length) <= SMALL_BODY;
}

async function gathered(body: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return joined(parts);
}

function exchangeNow(
  mux: { open(head: unknown): Stream },
  head: RequestHead,
  signal: AbortSignal,
  sent: ReadableStream<Uint8Array> | Uint8Array | null,
): Promise<OutboundResponse> {
  const stream = mux.open(head);
  const body = new IncomingBody(stream);
  return new Promise((done, fail) => {
    const leave = (): void => stream.reset("the peer went away");
    signal.addEventListener("abort", leave, { once: true });
    const over = (): void => signal.removeEventListener("abort", leave);
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
    if (sent instanceof ReadableStream) {
      void sendBody(stream, sent, "request");
      return;
    }
    if (sent !== null) void stream.write(sent);
    stream.end();
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
export function relaySocket(stream: Stream, socket: PausableSocket, after: After): void {
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
  let isPaused = false;
  const caughtUp = (): void => {
    if (!stream.isOver && stream.bufferedAmount > 0) {
      after(UNREAD_LOOK, caughtUp);
      return;
    }
    isPaused = false;
    socket.resume?.();
  };
  // The peer is read only as far as the actor takes.
  const holdUp = (): void => {
    if (isPaused || stream.bufferedAmount < UNREAD) return;
    isPaused = true;
    socket.pause?.();
    after(UNREAD_LOOK, caughtUp);
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
    message: (data) => {
      stream.message(data);
      holdUp();
    },
    close: (code, reason) => {
      if (isOver) return;
      isOver = true;
      stream.close(code, reason);
    },
  });
}
