/**
 * Owns connections, raw sockets and event streams of `c.client()`: the client's own code over sockets that end in this
 * process. What they present is the channel that made them, so they are `Caller` at the callee's gate and nothing else
 * (ruling 24); everything crosses by copy, as over a wire.
 */
import { Refusal } from "../boundary/errors.ts";
import type { InternalCaller, Presentation } from "../boundary/scheme.ts";
import { anySignal } from "../client/abort.ts";
import { withActions } from "../client/action-proxy.ts";
import { type ClientConfig, readConfig } from "../client/config.ts";
import { Connection } from "../client/connection/connection.ts";
import { eventStream } from "../client/event-stream.ts";
import { openRawSocket } from "../client/raw-socket.ts";
import type { Target } from "../client/target.ts";
import { jsonCodec } from "../protocol/codec.ts";
import { SUBPROTOCOL } from "../protocol/messages.ts";
import { type ActorPath, parseActorPath } from "../protocol/paths.ts";
import { newCorrelationId } from "./failure.ts";
import { type LocalNetwork, LocalSocket, type LocalUpgrade } from "./local-socket.ts";
import type { OutgoingLinks } from "./outgoing.ts";
import { rawProtocol, serveRawSocket } from "./raw-socket.ts";
import { refuseSocket, serveRpc } from "./rpc.ts";
import type { Runtime } from "./runtime.ts";
import type { Address } from "./stateless.ts";

/** Where `c.request.url` of a handler reached from inside leads: nowhere. */
const ORIGIN = "http://actor";

/** What a call made through the channel presents. */
export function internalPresentation(caller: InternalCaller): Presentation {
  return { channel: { kind: "caller", caller }, method: "", url: "", header: () => null, body: null, frameToken: null };
}

/** The live half of one internal client. */
export class InternalSockets {
  readonly #config: ClientConfig;
  readonly #outgoing: OutgoingLinks;
  readonly #connections = new Set<Connection>();

  constructor(runtime: Runtime, caller: InternalCaller, outgoing: OutgoingLinks) {
    this.#outgoing = outgoing;
    this.#config = configOf(runtime, networkOf(runtime, caller), outgoing);
  }

  connect(target: Target): object {
    const ended = new AbortController();
    const forget = this.#outgoing.add({ end: (reason) => ended.abort(reason) });
    const signal = anySignal(target.signal, ended.signal);
    const connection: Connection = new Connection(this.#config, { ...target, signal }, () => {
      forget();
      this.#connections.delete(connection);
    });
    this.#connections.add(connection);
    return withActions(connection);
  }

  async webSocket(target: Target, path?: string, protocols?: string | readonly string[]): Promise<WebSocket> {
    const ended = new AbortController();
    const forget = this.#outgoing.add({ end: (reason) => ended.abort(reason) });
    const signal = anySignal(target.signal, ended.signal)!;
    try {
      const socket = await openRawSocket(this.#config, { ...target, signal }, path, protocols);
      const close = (): void => socket.close(1000, "actor/stopping");
      signal.addEventListener("abort", close, { once: true });
      socket.addEventListener("close", () => {
        forget();
        signal.removeEventListener("abort", close);
      });
      if (signal.aborted) close();
      return socket;
    } catch (error) {
      forget();
      throw error;
    }
  }

  /** `open` answers as the server would; it is asked again after each broken stream. */
  events(
    target: Target,
    name: string,
    given: AbortSignal | undefined,
    open: (signal: AbortSignal) => Promise<Response>,
  ): AsyncIterableIterator<unknown[]> {
    const ended = new AbortController();
    const signal = anySignal(target.signal, given, ended.signal)!;
    const fetch = (_input: unknown, init?: RequestInit): Promise<Response> => open(init?.signal ?? signal);
    const config = { ...this.#config, runtime: { ...this.#config.runtime, fetch: fetch as typeof globalThis.fetch } };
    const inner = eventStream(config, { ...target, params: undefined, getParams: undefined }, name, signal);
    let forget: (() => void) | null = null;
    return {
      next: async () => {
        forget ??= this.#outgoing.add({ end: (reason) => ended.abort(reason) });
        try {
          const step = await inner.next();
          if (step.done === true) forget();
          else this.#outgoing.arrived();
          return step;
        } catch (error) {
          forget();
          throw error;
        }
      },
      return: async () => {
        forget?.();
        return inner.return!();
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.#connections].map((connection) => connection.dispose()));
  }
}

function configOf(runtime: Runtime, network: LocalNetwork, outgoing: OutgoingLinks): ClientConfig {
  const { clock, log } = runtime.host;
  class BoundSocket extends LocalSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(network, url, protocols);
      this.addEventListener("message", outgoing.arrived);
    }
  }
  const local: ClientConfig["runtime"] = {
    fetch: () => Promise.reject(new TypeError("nothing inside is reached by requests")),
    // What it lacks of the browser's class the client does not use.
    WebSocket: BoundSocket as unknown as typeof globalThis.WebSocket,
    now: () => clock.now(),
    random: () => runtime.host.random(4).reduce((sum, byte) => (sum + byte) / 256, 0),
    uniqueId: () => newCorrelationId(runtime.host),
    later: (ms, run) => {
      const timer = clock.after(ms, run);
      return () => timer.cancel();
    },
    report: (error) => log.error({ err: error }, "an error of a connection to another actor that nobody listens for"),
  };
  return readConfig({ endpoint: ORIGIN }, local);
}

function networkOf(runtime: Runtime, caller: InternalCaller): LocalNetwork {
  const presentation = internalPresentation(caller);
  return {
    sockets: new Set(),
    upgrade: async (url, offered) => upgrade(runtime, presentation, url, offered),
  };
}

function upgrade(runtime: Runtime, presentation: Presentation, url: URL, offered: readonly string[]): LocalUpgrade {
  // The client wrote the path, from a name and a key.
  const { name, address: at, route } = parseActorPath(url.pathname) as ActorPath;
  const compiled = runtime.actors.get(name);
  if (compiled === undefined || (route.kind !== "connect" && route.kind !== "websocket")) {
    const refusal = new Refusal("not_found", { reason: "actor.unknown_type" });
    return { protocol: offered[0] ?? "", serve: (socket) => refuseSocket(runtime, socket, refusal) };
  }
  const address: Address = at.by === "id" ? { id: at.id } : { key: at.key };
  const common = { runtime, compiled, address, presentation };
  if (route.kind === "connect") {
    const request = (): Request => new Request(`${ORIGIN}/`);
    return { protocol: SUBPROTOCOL, serve: (socket) => serveRpc({ ...common, socket, codec: jsonCodec, request }) };
  }
  const { selected, application } = rawProtocol(offered);
  const request = (): Request => new Request(`${ORIGIN}${route.path}${url.search}`);
  const none = { params: undefined, input: undefined, mode: "getOrCreate" as const, withHello: true };
  return {
    protocol: selected,
    serve: (socket) => serveRawSocket({ ...common, ...none, socket, path: route.path, request, protocol: application }),
  };
}
