/** Owns what other objects of the Worker may ask of an object, by name of the operation. Nothing else reaches these. */
import { LocalCallee } from "../../actors/callee.ts";
import type { InternalSend, InternalTarget } from "../../actors/callee-port.ts";
import { serveInternal } from "../../actors/internal-upgrade.ts";
import { Refusal } from "../../boundary/errors.ts";
import type { InternalCaller } from "../../boundary/scheme.ts";
import type { Mounted } from "../../registry/registry.ts";
import type { ObjectSockets } from "./object-sockets.ts";
import type { PlatformSocket } from "./platform.ts";

/** Calls for the actor of this object. The arguments are those that `RemoteCallee` and `keeperOf` send. */
export async function answerCall(mounted: Mounted, operation: string, args: readonly unknown[]): Promise<unknown> {
  const { edge, queues } = mounted;
  const callee = new LocalCallee(edge.runtime);
  const [target, ...rest] = args as readonly [InternalTarget, ...unknown[]];
  switch (operation) {
    case "action":
      return callee.action(target, ...(rest as [string, readonly unknown[]]));
    case "send":
      return callee.send(target, ...(rest as [string, unknown, InternalSend]));
    case "open":
      return callee.open(target);
    case "queue":
      return queues.answer(...(args as [string, string, readonly unknown[]]));
    default:
      throw new Refusal("fault", { reason: `object.operation:${operation}` });
  }
}

/** The same for what is answered with a stream or a socket. */
export async function answerRelay(
  mounted: Mounted,
  sockets: ObjectSockets,
  operation: string,
  args: readonly unknown[],
  request: Request | null,
): Promise<Response> {
  const { runtime } = mounted.edge;
  const callee = new LocalCallee(runtime);
  switch (operation) {
    case "fetch":
      return callee.fetch(args[0] as InternalTarget, request!);
    case "events":
      return callee.events(...(args as [InternalTarget, string]), new AbortController().signal);
    case "connect": {
      const { client, socket } = sockets.accept(false);
      serveInternal(runtime, ...(args as [InternalCaller, string, readonly string[]]), socket);
      return switching(client, "");
    }
    default:
      throw new Refusal("fault", { reason: `object.operation:${operation}` });
  }
}

/** The answer to an upgrade. */
export function switching(client: PlatformSocket, protocol: string): Response {
  const headers = protocol === "" ? undefined : { "sec-websocket-protocol": protocol };
  return new Response(null, {
    status: 101,
    webSocket: client,
    ...(headers === undefined ? {} : { headers }),
  } as object);
}
