/**
 * Owns internal calls between threads: a callee whose actors live behind a peer, and the answering of such calls. Callers are
 * data minted by the thread that calls; nothing that comes in from outside takes this way (ruling 24).
 */
import type { Callee, InternalSend, InternalTarget } from "../../../actors/callee-port.ts";
import type { InternalCaller } from "../../../boundary/scheme.ts";
import { decode, encode } from "../../../protocol/json.ts";
import type { Socket } from "../../port.ts";
import type { CallContext } from "./calls.ts";
import type { Peer } from "./peer.ts";

/** What internal calls are called between threads. */
const PREFIX = "callee.";
/** Calls without streams and sockets: they may be passed on as they are. */
const PLAIN: ReadonlySet<string> = new Set(["callee.action", "callee.send", "callee.open"]);

/** An internal call: the owner's number, and what is called, as text. */
type CallData = readonly [owner: number, text: string, ...more: readonly unknown[]];

interface ResponseData {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  /** The number of its stream. */
  readonly body: number | null;
}

/** The actors of one owner, reached through a peer. */
export class FarCallee implements Callee {
  readonly #peer: Peer;
  readonly #owner: number;

  constructor(peer: Peer, owner: number) {
    this.#peer = peer;
    this.#owner = owner;
  }

  async action(target: InternalTarget, name: string, args: readonly unknown[]): Promise<unknown> {
    return decode((await this.#call("action", [target, name, args])) as string);
  }

  async send(target: InternalTarget, queue: string, body: unknown, options: InternalSend): Promise<unknown> {
    return decode((await this.#call("send", [target, queue, body, options])) as string);
  }

  async open(target: InternalTarget): Promise<{ readonly id: string; readonly created: boolean }> {
    // The cast holds because the other side encodes what `open` of a callee gives.
    return decode((await this.#call("open", [target])) as string) as { id: string; created: boolean };
  }

  async fetch(target: InternalTarget, request: Request): Promise<Response> {
    const { method, url, headers, body } = request;
    const { streams } = this.#peer;
    const stream = body === null ? null : streams.offer(() => body);
    const withdraw = (): void => {
      if (stream !== null) streams.withdraw(stream);
    };
    const given = { method, url, headers: [...headers] };
    try {
      return this.#response(await this.#call("fetch", [target, given], stream, () => request.signal), withdraw);
    } catch (error) {
      withdraw();
      throw error;
    }
  }

  async events(target: InternalTarget, name: string, signal: AbortSignal): Promise<Response> {
    return this.#response(await this.#call("events", [target, name], null, () => signal));
  }

  connect(caller: InternalCaller, path: string, offered: readonly string[], socket: Socket): void {
    const { sockets } = this.#peer;
    sockets.offer(socket, (id) => {
      this.#call("connect", [caller, path, offered], [id, socket.protocol]).catch(() => {
        // Nobody took it over. What else is wrong, the callee says on the socket.
        socket.close(1013, "byward/unavailable");
      });
    });
  }

  #call(
    method: string,
    content: readonly unknown[],
    more: unknown = null,
    watch: (() => AbortSignal) | null = null,
  ): Promise<unknown> {
    const data: CallData = [this.#owner, encode(content, "args"), more];
    return this.#peer.calls.call(PREFIX + method, data, watch);
  }

  #response(answer: unknown, over: (() => void) | null = null): Response {
    const { status, headers, body } = answer as ResponseData;
    if (body === null) over?.();
    const stream = body === null ? null : this.#peer.streams.accept(body, over);
    return new Response(stream, { status, headers: headers as [string, string][] });
  }
}

/** Whom a call between threads is for; null when it is no internal call. */
export function ownerOfCall(method: string, data: unknown): number | null {
  return method.startsWith(PREFIX) ? (data as CallData)[0] : null;
}

/** Passes a call on through another peer, unread; null when it has to be taken apart. */
export function passOn(peer: Peer, method: string, data: unknown): Promise<unknown> | null {
  return PLAIN.has(method) ? peer.calls.call(method, data) : null;
}

/** Answers a call that came by `peer` through `callee`. */
export async function answerCall(
  callee: Callee,
  peer: Peer,
  method: string,
  data: unknown,
  context: CallContext,
): Promise<unknown> {
  const [, text, more] = data as CallData;
  // The casts hold because `FarCallee` above writes these, by method.
  const content = decode(text) as readonly unknown[];
  const target = content[0] as InternalTarget;
  switch (method) {
    case "callee.action":
      return encode(await callee.action(target, content[1] as string, content[2] as readonly unknown[]), "output");
    case "callee.send":
      return encode(await callee.send(target, content[1] as string, content[2], content[3] as InternalSend), "output");
    case "callee.open":
      return encode(await callee.open(target));
    case "callee.fetch":
      return answerFetch(callee, peer, target, content[1] as RequestData, more as number | null, context);
    case "callee.events":
      return offerResponse(peer, await callee.events(target, content[1] as string, context.signal), context);
    case "callee.connect": {
      const [id, protocol] = more as readonly [number, string];
      const socket = peer.sockets.accept(id, protocol);
      callee.connect(content[0] as InternalCaller, content[1] as string, content[2] as readonly string[], socket);
      return null;
    }
    default:
      throw new TypeError(`no call is called ${method}`);
  }
}

interface RequestData {
  readonly method: string;
  readonly url: string;
  readonly headers: [string, string][];
}

async function answerFetch(
  callee: Callee,
  peer: Peer,
  target: InternalTarget,
  { method, url, headers }: RequestData,
  stream: number | null,
  context: CallContext,
): Promise<ResponseData> {
  const body = stream === null ? null : peer.streams.accept(stream);
  const init = { method, headers, signal: context.signal, ...(body === null ? {} : { body, duplex: "half" }) };
  return offerResponse(peer, await callee.fetch(target, new Request(url, init as RequestInit)), context);
}

function offerResponse(peer: Peer, { status, headers, body }: Response, { id }: CallContext): ResponseData {
  if (body === null) peer.calls.unwatch(id);
  const over = (): void => peer.calls.unwatch(id);
  return { status, headers: [...headers], body: body === null ? null : peer.streams.offer(() => body, over) };
}
