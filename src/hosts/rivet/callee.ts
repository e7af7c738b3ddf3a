/**
 * Owns internal calls between runners: a callee whose actor is reached through its tunnel, and the answering of such calls.
 * The caller is data minted by the runtime that calls, in a place of the tunnel that nothing from outside gets into
 * (ruling 24).
 */
import { LocalCallee } from "../../actors/callee.ts";
import type { Callee, InternalSend, InternalTarget } from "../../actors/callee-port.ts";
import type { Runtime } from "../../actors/runtime.ts";
import type { InternalCaller } from "../../boundary/scheme.ts";
import { decode, encode } from "../../protocol/json.ts";
import type { Clock, Socket } from "../port.ts";
import { ask } from "./ask.ts";
import { exchange, relaySocket } from "./front.ts";
import { answer } from "./serve-stream.ts";
import { type RequestHead, TunnelInbound } from "./tunnel/inbound.ts";
import type { Stream } from "./tunnel/mux.ts";
import type { Target, TunnelPool } from "./tunnel/pool.ts";
import { TunnelSocket } from "./tunnel/socket.ts";

const NOBODY = new AbortController().signal;

/** One actor, wherever it is. */
export class TunnelCallee implements Callee {
  readonly #pool: TunnelPool;
  readonly #target: Target;
  readonly #clock: Clock;

  constructor(pool: TunnelPool, target: Target, clock: Clock) {
    this.#pool = pool;
    this.#target = target;
    this.#clock = clock;
  }

  async action(target: InternalTarget, name: string, args: readonly unknown[]): Promise<unknown> {
    return this.#ask(["action", target, name, args]);
  }

  async send(target: InternalTarget, queue: string, body: unknown, options: InternalSend): Promise<unknown> {
    return this.#ask(["send", target, queue, body, options]);
  }

  async open(target: InternalTarget): Promise<{ readonly id: string; readonly created: boolean }> {
    // The cast holds because the other side answers with what `open` of a callee gives.
    return (await this.#ask(["open", target])) as { readonly id: string; readonly created: boolean };
  }

  async fetch(target: InternalTarget, request: Request): Promise<Response> {
    return this.#exchange(["fetch", target, request.url], request);
  }

  async events(target: InternalTarget, name: string, signal: AbortSignal): Promise<Response> {
    return this.#exchange(["events", target, name], new Request("http://actor/", { signal }));
  }

  connect(caller: InternalCaller, path: string, offered: readonly string[], socket: Socket): void {
    const internal = encode(["connect", caller, path, offered, socket.protocol]);
    this.#pool.get(this.#target).then(
      (mux) => {
        const stream = mux.open({ ...headFor(internal), kind: "ws" });
        relaySocket(stream, socket, (delay, task) => this.#clock.after(delay, task));
      },
      () => socket.close(1013, "byward/unavailable"),
    );
  }

  async #ask(content: readonly unknown[]): Promise<unknown> {
    return ask(await this.#pool.get(this.#target), "callee", content);
  }

  async #exchange(content: readonly unknown[], request: Request): Promise<Response> {
    const mux = await this.#pool.get(this.#target);
    const head: RequestHead = {
      ...headFor(encode(content)),
      method: request.method,
      headers: [...request.headers],
      hasBody: request.body !== null,
    };
    const sent = { stream: () => request.body as ReadableStream<Uint8Array> | null, signal: request.signal ?? NOBODY };
    const { status, headers, body } = await exchange(mux, head, sent);
    const empty = status === 204 || status === 304;
    return new Response(empty ? null : (body as BodyInit | null), { status, headers: headers as [string, string][] });
  }
}

function headFor(internal: string): RequestHead {
  const nothing = { method: "GET", path: "", query: "", origin: "", address: "", headers: [], hasBody: false };
  return { kind: "http", ...nothing, internal };
}

/** Answers an internal call without streams. */
export function answerCall(runtime: Runtime, content: unknown): Promise<unknown> {
  const callee = new LocalCallee(runtime);
  // The casts hold because `TunnelCallee` above writes these, by method.
  const [method, target, name, more, options] = content as [string, InternalTarget, string, unknown, InternalSend];
  if (method === "action") return callee.action(target, name, more as readonly unknown[]);
  if (method === "send") return callee.send(target, name, more, options);
  return callee.open(target);
}

/** Serves an internal request, event stream or socket. */
export async function serveInternalStream(runtime: Runtime, stream: Stream, head: RequestHead): Promise<void> {
  const callee = new LocalCallee(runtime);
  const [method, ...rest] = decode(head.internal!) as [string, ...unknown[]];
  if (method === "connect") {
    const [caller, path, offered, protocol] = rest as [InternalCaller, string, readonly string[], string];
    const socket = new TunnelSocket(stream);
    socket.protocol = protocol;
    callee.connect(caller, path, offered, socket);
    return;
  }
  const [target, text] = rest as [InternalTarget, string];
  const inbound = new TunnelInbound(stream, head);
  const response =
    method === "events"
      ? await callee.events(target, text, inbound.signal)
      : await callee.fetch(target, requestOf(text, head, inbound));
  await answer(stream, {
    status: response.status,
    headers: [...response.headers],
    body: response.body as ReadableStream<Uint8Array> | null,
  });
}

function requestOf(url: string, head: RequestHead, inbound: TunnelInbound): Request {
  const body = head.hasBody ? { body: inbound.stream(), duplex: "half" } : {};
  const headers = head.headers as [string, string][];
  return new Request(url, { method: head.method, headers, signal: inbound.signal, ...body } as RequestInit);
}
