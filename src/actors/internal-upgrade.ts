/**
 * Owns the callee's end of connections and raw sockets that other actors and services open: what they present is the channel
 * that made them, so they are `Caller` at the gate and nothing else (ruling 24).
 */
import { Refusal } from "../boundary/errors.ts";
import type { InternalCaller, Presentation } from "../boundary/scheme.ts";
import type { Socket } from "../hosts/port.ts";
import { jsonCodec } from "../protocol/codec.ts";
import { type ActorPath, parseActorPath } from "../protocol/paths.ts";
import { rawProtocol, serveRawSocket } from "./raw-socket.ts";
import { refuseSocket, serveRpc } from "./rpc.ts";
import type { Runtime } from "./runtime.ts";
import type { Address } from "./stateless.ts";

/** Where `c.request.url` of a handler reached from inside leads: nowhere. */
export const ORIGIN = "http://actor";

/** What a call made through the channel presents. */
export function internalPresentation(caller: InternalCaller): Presentation {
  return { channel: { kind: "caller", caller }, method: "", url: "", header: () => null, body: null, frameToken: null };
}

/** Serves a socket to a raw path with its query, as `c.client()` writes them. */
export function serveInternal(
  runtime: Runtime,
  caller: InternalCaller,
  path: string,
  offered: readonly string[],
  socket: Socket,
): void {
  const { pathname, search } = new URL(path, ORIGIN);
  const { name, address: at, route } = parseActorPath(pathname) as ActorPath;
  const compiled = runtime.actors.get(name);
  if (compiled === undefined || (route.kind !== "connect" && route.kind !== "websocket")) {
    refuseSocket(runtime, socket, new Refusal("not_found", { reason: "actor.unknown_type" }));
    return;
  }
  const address: Address = at.by === "id" ? { id: at.id } : { key: at.key };
  const common = { runtime, compiled, address, presentation: internalPresentation(caller), socket };
  if (route.kind === "connect") {
    serveRpc({ ...common, codec: jsonCodec, request: () => new Request(`${ORIGIN}/`) });
    return;
  }
  serveRawSocket({
    ...common,
    path: route.path,
    request: () => new Request(`${ORIGIN}${route.path}${search}`),
    withHello: true,
    mode: "getOrCreate",
    params: undefined,
    input: undefined,
    protocol: rawProtocol(offered).application,
  });
}
