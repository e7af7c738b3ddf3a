/**
 * Owns internal calls to actors in other objects, both ends. The caller is data that only this channel carries: no request and
 * no header from outside can be mistaken for one (ruling 24).
 */
import type { Callee, InternalSend, InternalTarget } from "../../actors/callee-port.ts";
import { refuseSocket } from "../../actors/rpc.ts";
import type { Runtime } from "../../actors/runtime.ts";
import { Refusal } from "../../boundary/errors.ts";
import type { InternalCaller } from "../../boundary/scheme.ts";
import type { Socket } from "../port.ts";
import { opened } from "./envelope.ts";
import type { PlatformSocket } from "./platform.ts";
import { HoldingSocket } from "./socket.ts";
import { callObject, type ObjectStub, relayObject } from "./stubs.ts";

/** Calls to the actor of another object. */
export class RemoteCallee implements Callee {
  readonly #runtime: () => Runtime;
  readonly #stub: ObjectStub;

  constructor(runtime: () => Runtime, stub: ObjectStub) {
    this.#runtime = runtime;
    this.#stub = stub;
  }

  action(target: InternalTarget, name: string, args: readonly unknown[]): Promise<unknown> {
    return callObject(this.#stub, "action", target, name, args);
  }

  send(target: InternalTarget, queue: string, body: unknown, options: InternalSend): Promise<unknown> {
    return callObject(this.#stub, "send", target, queue, body, options);
  }

  async open(target: InternalTarget): Promise<{ readonly id: string; readonly created: boolean }> {
    // The other end answers with what its own `open` gave.
    return (await callObject(this.#stub, "open", target)) as { id: string; created: boolean };
  }

  fetch(target: InternalTarget, request: Request): Promise<Response> {
    return answered(relayObject(this.#stub, "fetch", [target], request));
  }

  events(target: InternalTarget, name: string, _signal: AbortSignal): Promise<Response> {
    // Who reads the stream ends it by cancelling; that reaches the other end by itself.
    return answered(relayObject(this.#stub, "events", [target, name], null));
  }

  connect(caller: InternalCaller, path: string, offered: readonly string[], socket: Socket): void {
    const wire = new Wire(socket);
    this.#collect(caller, path, offered).then(
      (far) => wire.join(far),
      (error: unknown) => refuseSocket(this.#runtime(), socket, error),
    );
  }

  /** Sockets do not pass through calls of the platform: the call says who comes, and a ticket collects the socket. */
  async #collect(caller: InternalCaller, path: string, offered: readonly string[]): Promise<PlatformSocket> {
    const ticket = await callObject(this.#stub, "connect", caller, path, offered);
    const request = new Request(`http://object${TICKET_PATH}${String(ticket)}`, { headers: { upgrade: "websocket" } });
    const { webSocket } = (await this.#stub.fetch(request)) as unknown as { webSocket: PlatformSocket | null };
    if (webSocket === null) throw new Refusal("unavailable", { reason: "object.no_socket" });
    return webSocket;
  }
}

/** Where a socket is collected. The front sends no request on to an object but those of actors' paths. */
export const TICKET_PATH = "/_byward/ticket/";

/** A refusal comes as an envelope under a status that no handler's answer has. */
export const ENVELOPE_HEADER = "x-byward-envelope";

async function answered(relayed: Promise<Response>): Promise<Response> {
  const response = await relayed;
  if (response.headers.get(ENVELOPE_HEADER) === null) return response;
  opened(await response.text());
  return response;
}

/** Carries frames of a socket that ends in this object to one that ends in another, both ways; those before it stands wait. */
class Wire {
  readonly #near: Socket;
  #far: HoldingSocket | null = null;
  #early: (string | Uint8Array)[] = [];
  #isOver = false;

  constructor(near: Socket) {
    this.#near = near;
    near.attach({
      message: (data) => {
        if (this.#far === null) this.#early.push(data);
        else this.#far.send(data);
      },
      close: (code, reason) => {
        this.#isOver = true;
        this.#far?.close(code, reason);
      },
    });
  }

  join(socket: PlatformSocket): void {
    const far = new HoldingSocket(socket);
    if (this.#isOver) {
      far.close(1001, "");
      return;
    }
    this.#far = far;
    for (const data of this.#early) far.send(data);
    this.#early = [];
    far.attach({
      message: (data) => this.#near.send(data),
      close: (code, reason) => this.#near.close(code, reason),
    });
  }
}
