/**
 * Owns HTTP and WebSocket on one Node port: the transport around an `Edge`. Decides nothing about access but the `Host`
 * rule of loopback serving (ruling 23). Every socket has an error listener from its first moment: a reset while a
 * credential is being verified must not take the process down.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { failureResponse } from "../../actors/inbound.ts";
import { Refusal } from "../../boundary/errors.ts";
import { isPromise, type MaybePromise } from "../../boundary/maybe-promise.ts";
import type { Edge } from "../../registry/edge.ts";
import type { OutboundResponse } from "../port.ts";
import { type InboundOptions, NodeInbound } from "./inbound.ts";
import { NodeSocket } from "./socket.ts";
import { TurnEnd } from "./turn-end.ts";

export interface ServerOptions extends InboundOptions {
  readonly edge: Edge;
  readonly maxPayload: number;
  /** Accepted `Host` names on loopback; null accepts any. */
  readonly hostNames: ReadonlySet<string> | null;
}

const HEARTBEAT_MS = 30_000;

export class NodeServer {
  readonly http: Server;
  readonly #options: ServerOptions;
  readonly #sockets: WebSocketServer;
  readonly #open = new Set<NodeSocket>();
  readonly #protocols = new WeakMap<IncomingMessage, string>();
  readonly #heartbeat: NodeJS.Timeout;
  readonly #turnEnd = new TurnEnd();
  /** The `Host` accepted last, as it came: nearly every request has the same. */
  #acceptedHost: string | null = null;
  #inFlight = 0;
  #draining = false;
  #drained: (() => void) | null = null;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: options.maxPayload,
      perMessageDeflate: false,
      handleProtocols: (_offered, request) => this.#protocols.get(request) || false,
    });
    this.http = createServer({ headersTimeout: 15_000, requestTimeout: 120_000, keepAliveTimeout: 65_000 });
    this.http.on("request", (request, response) => void this.#request(request, response));
    this.http.on("upgrade", (request, socket, head) => void this.#upgrade(request, socket, head));
    this.http.on("clientError", (_error, socket) => answerBroken(socket));
    this.#heartbeat = setInterval(() => {
      for (const socket of this.#open) socket.beat();
    }, HEARTBEAT_MS);
    this.#heartbeat.unref();
  }

  async #request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const settle = this.#begin();
    const inbound = new NodeInbound(request, this.#options);
    response.on("error", ignore);
    try {
      const answering = this.#answer(request, inbound);
      const answer = isPromise(answering) ? await answering : answering;
      // A stream of events ends when its actor stops, which draining comes before: each would wait for the other.
      if (isEventStream(answer)) settle();
      await this.#turnEnd.reached();
      const writing = writeAnswer(response, answer, request.method === "HEAD");
      if (writing !== null) await writing;
      // A body nobody read would block the next request of this connection.
      if (!request.complete) request.resume();
    } catch (error) {
      this.#options.edge.runtime.host.log.error({ err: error }, "a response could not be written");
      response.destroy();
    } finally {
      inbound.answered();
      settle();
    }
  }

  /** Counts a request as in flight until what it returns is called, once or more often. */
  #begin(): () => void {
    this.#inFlight += 1;
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      this.#inFlight -= 1;
      if (this.#draining && this.#inFlight === 0) this.#drained?.();
    };
  }

  #answer(request: IncomingMessage, inbound: NodeInbound): MaybePromise<OutboundResponse> {
    const { edge } = this.#options;
    if (inbound.path === "/healthz") return health(this.#draining);
    if (!this.#isHostAccepted(request)) {
      return failureResponse(edge.runtime, new Refusal("forbidden", { reason: "host.foreign" }), "edge");
    }
    if (this.#draining) {
      return failureResponse(edge.runtime, new Refusal("unavailable", { reason: "draining", retryAfter: 2 }), "edge");
    }
    return edge.handle(inbound);
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on("error", ignore);
    if (!this.#isHostAccepted(request) || this.#draining) {
      socket.end(
        `HTTP/1.1 ${this.#draining ? "503 Service Unavailable" : "403 Forbidden"}\r\nconnection: close\r\n\r\n`,
      );
      return;
    }
    const inbound = new NodeInbound(request, this.#options);
    const upgrade = await this.#options.edge.upgrade(inbound);
    if (socket.destroyed) return;
    this.#protocols.set(request, upgrade.protocol);
    this.#sockets.handleUpgrade(request, socket, head, (ws) => {
      socket.off("error", ignore);
      const open = new NodeSocket(ws, socket, () => this.#open.delete(open));
      this.#open.add(open);
      upgrade.serve(open);
      inbound.release();
    });
  }

  #isHostAccepted(request: IncomingMessage): boolean {
    const { hostNames } = this.#options;
    if (hostNames === null) return true;
    const host = request.headers.host ?? "";
    if (host === this.#acceptedHost) return true;
    if (!hostNames.has(host.replace(/:\d+$/, "").toLowerCase())) return false;
    this.#acceptedHost = host;
    return true;
  }

  /** Stops listening and waits for what is in flight, at most `timeout` ms. */
  async drain(timeout: number): Promise<void> {
    this.#draining = true;
    this.http.close();
    this.http.closeIdleConnections();
    if (this.#inFlight === 0) return;
    await Promise.race([
      new Promise<void>((resolve) => {
        this.#drained = resolve;
      }),
      new Promise<void>((resolve) => setTimeout(resolve, timeout).unref()),
    ]);
  }

  /** Drops what is left. */
  destroy(): void {
    clearInterval(this.#heartbeat);
    for (const socket of this.#open) socket.terminate();
    this.#sockets.close();
    this.http.closeAllConnections();
  }
}

/** For streams whose end is seen elsewhere: without a listener an error would end the process. */
function ignore(): void {}

/** Resolves when the peer has taken what was written, or is gone. */
function roomIn(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      response.off("drain", go);
      response.off("close", go);
      resolve();
    };
    response.once("drain", go);
    response.once("close", go);
  });
}

function health(draining: boolean): OutboundResponse {
  return {
    status: draining ? 503 : 200,
    headers: [
      ["content-type", "application/json"],
      ["cache-control", "no-store"],
    ],
    body: draining ? '{"status":"draining"}' : '{"status":"ok"}',
  };
}

function isEventStream({ headers, body }: OutboundResponse): boolean {
  if (!(body instanceof ReadableStream)) return false;
  return headers.some(([name, value]) => name === "content-type" && value.startsWith("text/event-stream"));
}

function answerBroken(socket: Duplex): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = '{"group":"request","code":"invalid_request","message":"Malformed request","correlationId":""}';
  socket.end(
    `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  );
}

/** Null where all is written; else when the rest is. */
function writeAnswer(response: ServerResponse, answer: OutboundResponse, isHead: boolean): Promise<void> | null {
  const headers: string[] = [];
  for (const [name, value] of answer.headers) headers.push(name, value);
  const { body } = answer;
  if (typeof body === "string" || body instanceof Uint8Array) {
    const size = typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
    headers.push("content-length", String(size));
    response.writeHead(answer.status, headers);
    response.end(isHead ? undefined : body);
    return null;
  }
  response.writeHead(answer.status, headers);
  if (body === null || isHead) {
    response.end();
    body?.cancel().catch(() => {});
    return null;
  }
  response.flushHeaders();
  return pipe(body, response);
}

/** Pulls a stream to the peer with back-pressure; a peer that goes away ends it. */
async function pipe(body: ReadableStream<Uint8Array>, response: ServerResponse): Promise<void> {
  const reader = body.getReader();
  const gone = (): void => void reader.cancel().catch(() => {});
  response.once("close", gone);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (!response.write(value)) await roomIn(response);
    }
    response.end();
  } catch {
    // The stream broke on purpose (lease over) or by the handler: the peer must not take what it has for the whole.
    response.destroy();
  } finally {
    response.off("close", gone);
  }
}
