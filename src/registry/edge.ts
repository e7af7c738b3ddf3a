/**
 * Owns the first look at every request and socket: base path, raw-path routing (once), CORS and origin rules (ruling 23),
 * then the floor below. Nothing here decides access.
 */

import { handleActorRequest } from "../actors/http.ts";
import { cleanRequest, failureResponse, presented, valueOfHeader } from "../actors/inbound.ts";
import { rawProtocol, serveRawSocket } from "../actors/raw-socket.ts";
import { refuseSocket, serveRpc } from "../actors/rpc.ts";
import type { Runtime } from "../actors/runtime.ts";
import { Refusal } from "../boundary/errors.ts";
import type { MaybePromise } from "../boundary/maybe-promise.ts";
import type { InboundRequest, OutboundResponse, Socket } from "../hosts/port.ts";
import { type Codec, jsonCodec } from "../protocol/codec.ts";
import { DecodeError } from "../protocol/errors.ts";
import { SUBPROTOCOL, SUBPROTOCOL_CBOR } from "../protocol/messages.ts";
import { isRawPath, MUX_PATH } from "../protocol/mux.ts";
import { binaryFraming } from "../protocol/mux-binary.ts";
import { textFraming } from "../protocol/mux-text.ts";
import { type ActorPath, parseActorPath } from "../protocol/paths.ts";
import type { ServiceRuntime } from "../services/runtime.ts";
import { type Channel, inboundAt, refuseOn, serveMux, unreadablePath } from "./mux.ts";
import type { RegistryConfig } from "./registry.ts";

/** What a transport does with an upgrade: the subprotocol to select, and what to call with the open socket. */
export interface Upgrade {
  readonly protocol: string;
  serve(socket: Socket): void;
}

/** Takes what is for actors that live in other runtimes of this registry. */
export interface ActorRouter {
  /** Answers a request, as `Edge.answer` does there; null when the actor lives here. Never rejects. */
  request(path: ActorPath, inbound: InboundRequest): Promise<OutboundResponse> | null;
  /** What serves a socket opened with `protocol`; null when the actor lives here. */
  socket(path: ActorPath, inbound: InboundRequest, protocol: string): ((socket: Socket) => void) | null;
}

/** Paths of actors and of the runtime itself. */
const OWN_PATH = /^\/(?:actors|_byward)(?:\/|$)/;

export class Edge {
  readonly runtime: Runtime;
  readonly services: ServiceRuntime;
  /** Null where every actor lives here. */
  router: ActorRouter | null = null;
  readonly #config: RegistryConfig;

  constructor(runtime: Runtime, services: ServiceRuntime, config: RegistryConfig) {
    this.runtime = runtime;
    this.services = services;
    this.#config = config;
  }

  /** Answers a request. Never rejects. */
  handle(inbound: InboundRequest): MaybePromise<OutboundResponse> {
    const path = this.#servicePath(inbound.path);
    // Services have policies of their own for pages of other origins.
    if (path !== null) return this.services.handle(inbound, path);
    const origin = inbound.header("origin");
    if (origin !== null && inbound.method === "OPTIONS") {
      if (inbound.header("access-control-request-method") !== null) return this.#preflight(inbound, origin);
    }
    const answering = this.answer(inbound);
    if (origin === null || !this.#mayRead(origin, inbound)) return answering;
    return answering.then((answer) => ({
      ...answer,
      headers: [...answer.headers, ...this.#corsHeaders(origin)],
    }));
  }

  /** Answers a request to an actor, without what pages of other origins are told. Never rejects. */
  answer(inbound: InboundRequest): Promise<OutboundResponse> {
    try {
      const path = this.#parse(inbound);
      if (path === null) throw new Refusal("not_found", { reason: "route.none" });
      return this.router?.request(path, inbound) ?? handleActorRequest(this.runtime, path, inbound);
    } catch (error) {
      return Promise.resolve(failureResponse(this.runtime, error, "edge"));
    }
  }

  /** The path below the base path where it is a service's; null where it is ours or nobody's. */
  #servicePath(path: string): string | null {
    const { basePath, services } = this.#config;
    if (services.length === 0 || !path.startsWith(basePath)) return null;
    const below = path.slice(basePath.length);
    if (below !== "" && !below.startsWith("/")) return null;
    return OWN_PATH.test(below) ? null : below;
  }

  #parse(inbound: InboundRequest): ActorPath | null {
    const { basePath } = this.#config;
    if (basePath !== "" && !inbound.path.startsWith(`${basePath}/`)) return null;
    try {
      return parseActorPath(inbound.path.slice(basePath.length));
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw new Refusal("malformed", { reason: "path", message: `The path cannot be read: ${error.message}` });
    }
  }

  /** Decides how to take an upgrade. Never refuses at HTTP level: a browser could not read it. */
  async upgrade(inbound: InboundRequest): Promise<Upgrade> {
    const offered = (inbound.header("sec-websocket-protocol") ?? "").split(",").map((name) => name.trim());
    try {
      this.#assertOrigin(inbound);
      if (inbound.path === `${this.#config.basePath}${MUX_PATH}`) return await this.#share(inbound, offered);
      const { path, ...common } = this.#standing(inbound);
      if (path.route.kind === "connect") {
        const { codec, protocol } = await rpcCodec(offered);
        const elsewhere = this.router?.socket(path, inbound, protocol) ?? null;
        const here = (socket: Socket): void =>
          serveRpc({ ...common, socket, codec, request: () => cleanRequest(inbound) });
        return { protocol, serve: elsewhere ?? here };
      }
      if (path.route.kind === "websocket") {
        const route = path.route.path;
        const params = valueOfHeader(inbound, "byward-params", this.runtime.limits);
        const input = valueOfHeader(inbound, "byward-input", this.runtime.limits);
        const { selected, application, withHello } = rawProtocol(offered);
        const elsewhere = this.router?.socket(path, inbound, selected) ?? null;
        const here = (socket: Socket): void =>
          serveRawSocket({
            ...common,
            socket,
            path: route,
            request: () => cleanRequest(inbound, route),
            withHello,
            mode: inbound.header("byward-mode") === "get" ? "get" : "getOrCreate",
            params,
            input,
            protocol: application,
          });
        return { protocol: selected, serve: elsewhere ?? here };
      }
      throw new Refusal("not_found", { reason: "route.no_socket" });
    } catch (error) {
      return { protocol: offered[0] ?? "", serve: (socket) => refuseSocket(this.runtime, socket, error) };
    }
  }

  /** Which actor an upgrade is for, and what it presents. */
  #standing(inbound: InboundRequest) {
    const path = this.#parse(inbound);
    const compiled = path === null ? undefined : this.runtime.actors.get(path.name);
    if (path === null || compiled === undefined) throw new Refusal("not_found", { reason: "route.none" });
    const address = path.address.by === "id" ? { id: path.address.id } : { key: path.address.key };
    return { path, runtime: this.runtime, compiled, address, presentation: presented(inbound, null) };
  }

  /** One socket for several connections: each is routed and served as if it had come by itself. */
  async #share(inbound: InboundRequest, offered: readonly string[]): Promise<Upgrade> {
    const { runtime } = this;
    const framing = [textFraming, binaryFraming].find(({ subprotocol }) => offered.includes(subprotocol));
    if (framing === undefined) throw new Refusal("not_found", { reason: "route.no_subprotocol" });
    const { codec } = await rpcCodec([framing === binaryFraming ? SUBPROTOCOL_CBOR : SUBPROTOCOL]);
    const connect = (path: string, socket: Channel): void => {
      try {
        if (!isRawPath(path)) throw unreadablePath();
        const own = inboundAt(inbound, `${this.#config.basePath}${path}`, socket);
        const { path: parsed, ...common } = this.#standing(own);
        if (parsed.route.kind !== "connect") throw new Refusal("not_found", { reason: "route.no_socket" });
        const elsewhere = this.router?.socket(parsed, own, codec.subprotocol) ?? null;
        if (elsewhere === null) serveRpc({ ...common, socket, codec, request: () => cleanRequest(own) });
        else elsewhere(socket);
      } catch (error) {
        refuseOn({ runtime, codec }, socket, error);
      }
    };
    return { protocol: framing.subprotocol, serve: (socket) => serveMux({ runtime, socket, framing, codec, connect }) };
  }

  /** Browsers send `Origin` with every upgrade; programs send none and prove themselves by credential alone. */
  #assertOrigin(inbound: InboundRequest): void {
    const origin = inbound.header("origin");
    if (origin === null || this.#mayRead(origin, inbound)) return;
    throw new Refusal("forbidden", { reason: "origin.foreign" });
  }

  #mayRead(origin: string, inbound: InboundRequest): boolean {
    if (origin === inbound.origin || origin === this.#config.publicUrl) return true;
    return this.#config.corsOrigins.includes(origin) || this.#config.corsOrigins.includes("*");
  }

  #corsHeaders(origin: string): readonly (readonly [string, string])[] {
    const any = this.#config.corsOrigins.includes("*");
    return [
      ["access-control-allow-origin", any ? "*" : origin],
      ["access-control-expose-headers", "byward-correlation-id, byward-duplicate, retry-after"],
      ...(any ? [] : ([["vary", "Origin"]] as const)),
    ];
  }

  #preflight(inbound: InboundRequest, origin: string): OutboundResponse {
    if (!this.#mayRead(origin, inbound)) return { status: 204, headers: [["vary", "Origin"]], body: null };
    return {
      status: 204,
      headers: [
        ...this.#corsHeaders(origin),
        ["access-control-allow-methods", "GET, HEAD, POST, PUT, PATCH, DELETE"],
        [
          "access-control-allow-headers",
          inbound.header("access-control-request-headers") ?? "authorization, content-type",
        ],
        ["access-control-max-age", "600"],
      ],
      body: null,
    };
  }
}

async function rpcCodec(offered: readonly string[]): Promise<{ codec: Codec; protocol: string }> {
  if (offered.includes(SUBPROTOCOL_CBOR) && !offered.includes(SUBPROTOCOL)) {
    return { codec: (await import("../protocol/cbor.ts")).cborCodec, protocol: SUBPROTOCOL_CBOR };
  }
  return { codec: jsonCodec, protocol: offered.includes(SUBPROTOCOL) ? SUBPROTOCOL : "" };
}
