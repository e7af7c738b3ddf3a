/** Owns what other objects of the Worker may ask of an object, by name of the operation. Nothing else reaches these. */
import { LocalCallee } from "../../actors/callee.ts";
import type { InternalSend, InternalTarget } from "../../actors/callee-port.ts";
import { newCorrelationId } from "../../actors/failure.ts";
import { serveInternal } from "../../actors/internal-upgrade.ts";
import type { Runtime } from "../../actors/runtime.ts";
import { Refusal } from "../../boundary/errors.ts";
import type { InternalCaller } from "../../boundary/scheme.ts";
import type { Mounted } from "../../registry/registry.ts";
import type { Host } from "../port.ts";
import { ENVELOPE_HEADER } from "./callee.ts";
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
  operation: string,
  args: readonly unknown[],
  request: Request | null,
): Promise<Response> {
  const { runtime } = mounted.edge;
  const callee = new LocalCallee(runtime);
  switch (operation) {
    case "fetch":
      return unmarked(await callee.fetch(args[0] as InternalTarget, request!));
    case "events":
      return callee.events(...(args as [InternalTarget, string]), new AbortController().signal);
    default:
      throw new Refusal("fault", { reason: `object.operation:${operation}` });
  }
}

/** Without the mark of an envelope: a handler that passes on what came from outside must not be taken for a refusal. */
export function unmarked(response: Response): Response {
  if (!response.headers.has(ENVELOPE_HEADER)) return response;
  const { status, statusText } = response;
  const headers = new Headers(response.headers);
  headers.delete(ENVELOPE_HEADER);
  return new Response(response.body, { status, statusText, headers });
}

/** Sockets to collect at once, and how long, ms. */
const MAX_TICKETS = 1024;
const TICKET_LIFE = 10_000;

interface Ticket {
  readonly caller: InternalCaller;
  readonly path: string;
  readonly offered: readonly string[];
  readonly until: number;
}

/** Sockets that other objects are about to collect: who comes was said in a call, the ticket is good once. */
export class Tickets {
  readonly #waiting = new Map<string, Ticket>();

  issue(host: Host, [caller, path, offered]: readonly unknown[]): string {
    const now = host.clock.now();
    for (const [ticket, { until }] of this.#waiting) if (until < now) this.#waiting.delete(ticket);
    if (this.#waiting.size >= MAX_TICKETS) throw new Refusal("overloaded", { reason: "object.tickets" });
    const ticket = newCorrelationId(host) + newCorrelationId(host);
    this.#waiting.set(ticket, { caller, path, offered, until: now + TICKET_LIFE } as Ticket);
    return ticket;
  }

  collect(runtime: Runtime, sockets: ObjectSockets, ticket: string): Response {
    const found = this.#waiting.get(ticket);
    this.#waiting.delete(ticket);
    if (found === undefined) throw new Refusal("not_found", { reason: "object.ticket" });
    const { client, socket } = sockets.accept("inside");
    serveInternal(runtime, found.caller, found.path, found.offered, socket);
    return switching(client, "");
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
