/**
 * Owns connections, raw sockets and event streams of `c.client()`: the client's own code over sockets that end in this
 * process. What they present is the channel that made them, so they are `Caller` at the callee's gate and nothing else
 * (ruling 24); everything crosses by copy, as over a wire.
 */
import type { InternalCaller } from "../boundary/scheme.ts";
import { anySignal } from "../client/abort.ts";
import { withActions } from "../client/action-proxy.ts";
import { type ClientConfig, readConfig } from "../client/config.ts";
import { Connection } from "../client/connection/connection.ts";
import { eventStream } from "../client/event-stream.ts";
import { openRawSocket } from "../client/raw-socket.ts";
import type { Target } from "../client/target.ts";
import { SUBPROTOCOL } from "../protocol/messages.ts";
import { type ActorPath, parseActorPath } from "../protocol/paths.ts";
import { newCorrelationId } from "./failure.ts";
import { ORIGIN } from "./internal-upgrade.ts";
import { type LocalNetwork, LocalSocket } from "./local-socket.ts";
import type { OutgoingLinks } from "./outgoing.ts";
import { rawProtocol } from "./raw-socket.ts";
import { refuseSocket } from "./rpc.ts";
import type { Runtime } from "./runtime.ts";

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
  return {
    sockets: new Set(),
    upgrade: async (url, offered) => {
      // The client wrote the path, from a name and a key.
      const { name, address, route } = parseActorPath(url.pathname) as ActorPath;
      const protocol = route.kind === "connect" ? SUBPROTOCOL : rawProtocol(offered).selected;
      try {
        const callee = await runtime.calleeOf(name, address.by === "id" ? { id: address.id } : { key: address.key });
        return { protocol, serve: (socket) => callee.connect(caller, url.pathname + url.search, offered, socket) };
      } catch (error) {
        return { protocol, serve: (socket) => refuseSocket(runtime, socket, error) };
      }
    },
  };
}
