/** Owns a registry on the memory host with a virtual clock, and sockets without a network: a test decides the order of everything. */
import type { Registry } from "byward";
import { memory } from "byward";
import { SignJWT } from "jose";
import { VirtualClock } from "../../src/hosts/memory/clock.ts";
import { nodeDigests } from "../../src/hosts/node/host.ts";
import type { Logger, Socket, SocketHandlers } from "../../src/hosts/port.ts";
import type { Edge } from "../../src/registry/edge.ts";
import { inboundOf } from "../../src/registry/fetch.ts";

export const SECRET = "a-virtual-secret-of-at-least-32-bytes";

/** A socket whose peer is the test. */
export class TestSocket implements Socket {
  readonly protocol: string;
  bufferedAmount = 0;
  // biome-ignore lint/suspicious/noExplicitAny: parsed frames of a test
  readonly messages: any[] = [];
  closed: { code: number; reason: string } | null = null;
  /** Told of each frame as it was sent. */
  received: (data: string | Uint8Array) => void = () => {};
  #handlers: SocketHandlers | null = null;

  constructor(protocol: string) {
    this.protocol = protocol;
  }
  send(data: string | Uint8Array): void {
    if (this.closed !== null) throw new Error("a frame after the close");
    this.received(data);
    let parsed: unknown = data;
    try {
      parsed = JSON.parse(data as string);
    } catch {
      // A raw frame of an actor is no JSON.
    }
    if (Array.isArray(parsed)) this.messages.push(...parsed);
    else this.messages.push(parsed);
  }
  close(code: number, reason: string): void {
    this.closed ??= { code, reason };
    this.#handlers?.close(code, reason);
  }
  terminate(): void {
    this.close(1006, "");
  }
  attach(handlers: SocketHandlers): void {
    this.#handlers = handlers;
  }
  /** The peer says something. */
  say(message: unknown): void {
    this.#handlers?.message(typeof message === "string" ? message : JSON.stringify(message));
  }
  /** The peer goes away. */
  hangUp(): void {
    this.#handlers?.close(1006, "");
  }
  // biome-ignore lint/suspicious/noExplicitAny: parsed frames of a test
  of(kind: string): any[] {
    return this.messages.filter((message) => message?.t === kind);
  }
}

export interface Virtual {
  readonly clock: VirtualClock;
  readonly edge: Edge;
  readonly registry: Registry;
  readonly faults: unknown[];
  token(sub: string, seconds: number, claims?: Record<string, unknown>): Promise<string>;
  rpc(path: string, hello?: Record<string, unknown>): Promise<TestSocket>;
  raw(path: string, headers?: Record<string, string>, protocols?: string): Promise<TestSocket>;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Lets everything that is ready run, without moving the clock. */
  settle(): Promise<void>;
}

export async function virtual(registry: Registry, env: Record<string, string> = {}): Promise<Virtual> {
  const clock = new VirtualClock();
  const faults: unknown[] = [];
  const log: Logger = {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (fields) => {
      faults.push(fields);
    },
    child: () => log,
  };
  const host = memory({ clock, log, env: { AUTH_JWT_SECRET: SECRET, ...env }, ...nodeDigests });
  const edge = await registry.start(host);
  const origin = "http://localhost";
  const upgrade = async (path: string, headers: Record<string, string>): Promise<TestSocket> => {
    const request = new Request(`${origin}${path}`, { headers });
    const { protocol, serve } = await edge.upgrade(inboundOf(request, { publicUrl: null }));
    const socket = new TestSocket(protocol);
    serve(socket);
    return socket;
  };
  const settle = (): Promise<void> => clock.advance(0);
  return {
    clock,
    edge,
    registry,
    faults,
    settle,
    token: (sub, seconds, claims = {}) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: "HS256", typ: "JWT" })
        .setSubject(sub)
        .setIssuedAt(Math.floor(clock.now() / 1000))
        .setExpirationTime(Math.floor(clock.now() / 1000) + seconds)
        .sign(new TextEncoder().encode(SECRET)),
    rpc: async (path, hello = {}) => {
      const socket = await upgrade(`${path}/connect`, { "sec-websocket-protocol": "byward.v1" });
      socket.say({ t: "hello", ...hello });
      await settle();
      return socket;
    },
    raw: async (path, headers = {}, protocols) => {
      const offered: Record<string, string> = protocols === undefined ? {} : { "sec-websocket-protocol": protocols };
      const socket = await upgrade(path, { ...offered, ...headers });
      await settle();
      return socket;
    },
    fetch: (path, init) => registry.fetch(new Request(`${origin}${path}`, init)),
  };
}
