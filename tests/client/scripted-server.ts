/**
 * Owns a server for tests of the client: real sockets on 127.0.0.1, every answer written by the test. It reads frames
 * with the server's own strict reader, so that a client which strays from the protocol fails the test.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { readClientFrame } from "../../src/protocol/client-frames.ts";
import { type Codec, jsonCodec } from "../../src/protocol/codec.ts";
import type { ClientMessage, HelloMessage, ReadyMessage, ServerMessage } from "../../src/protocol/messages.ts";

/** Values in order; waits for the next where there is none yet. */
class Inbox<T> {
  readonly all: T[] = [];
  #taken = 0;
  #waiting: (() => void)[] = [];

  push(value: T): void {
    this.all.push(value);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async next(): Promise<T> {
    while (this.#taken >= this.all.length) await new Promise<void>((wake) => this.#waiting.push(wake));
    return this.all[this.#taken++]!;
  }
}

/** One WebSocket, from the server's side. */
export class Peer {
  readonly path: string;
  /** The subprotocols it offered. */
  readonly offered: string;
  readonly headers: IncomingMessage["headers"];
  /** Everything it sent, message by message. */
  readonly messages = new Inbox<ClientMessage>();
  /** Number of messages in each frame. */
  readonly frames: number[] = [];
  /** What it sent after its first frame, unread: for raw sockets. */
  readonly raw = new Inbox<string | Uint8Array>();
  readonly closed: Promise<number>;
  readonly socket: WebSocket;
  readonly #codec: Codec;
  readonly #isRaw: boolean;

  constructor(socket: WebSocket, request: IncomingMessage, codec: Codec) {
    this.path = request.url ?? "";
    this.offered = request.headers["sec-websocket-protocol"] ?? "";
    this.headers = request.headers;
    this.socket = socket;
    this.#codec = codec;
    this.#isRaw = this.path.includes("/websocket");
    this.closed = new Promise((resolve) => socket.on("close", resolve));
    socket.on("error", () => {});
    socket.on("message", (data: Buffer, isBinary) => this.#receive(isBinary ? new Uint8Array(data) : data.toString()));
  }

  #receive(data: string | Uint8Array): void {
    if (this.#isRaw && this.messages.all.length > 0) {
      this.raw.push(data);
      return;
    }
    const messages = readClientFrame(this.#codec, data);
    this.frames.push(messages.length);
    for (const message of messages) this.messages.push(message);
  }

  /** The next message, which must be of this kind. */
  async expect<Kind extends ClientMessage["t"]>(kind: Kind): Promise<Extract<ClientMessage, { t: Kind }>> {
    const message = await this.messages.next();
    if (message.t !== kind) throw new Error(`expected ${kind}, got ${JSON.stringify(message)}`);
    return message as Extract<ClientMessage, { t: Kind }>;
  }

  /** Several messages are one frame. */
  send(...messages: (ServerMessage | Record<string, unknown>)[]): void {
    this.socket.send(this.#codec.encode(messages.length === 1 ? messages[0] : messages));
  }

  /** Reads `hello` and admits it. */
  async admit(lease: Partial<ReadyMessage> = {}): Promise<HelloMessage> {
    const hello = await this.expect("hello");
    this.send({ t: "ready", actor: "a1", connection: "c1", expiresAt: null, now: Date.now(), ...lease });
    return hello;
  }

  error(group: string, code: string, more: Record<string, unknown> = {}): void {
    this.send({ t: "error", group, code, message: code, correlationId: "x1", ...more });
  }

  /** Reads `hello`, refuses it and closes. */
  async refuse(
    group: string,
    code: string,
    closeCode: number,
    more: Record<string, unknown> = {},
  ): Promise<HelloMessage> {
    const hello = await this.expect("hello");
    this.error(group, code, more);
    this.socket.close(closeCode, `${group}/${code}`);
    return hello;
  }

  /** Cuts the link without a word. */
  cut(): void {
    this.socket.terminate();
  }
}

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export type Answer = (request: SeenRequest, response: ServerResponse) => void | Promise<void>;

export class ScriptedServer {
  readonly peers = new Inbox<Peer>();
  readonly requests: SeenRequest[] = [];
  /** Answers HTTP requests. */
  answer: Answer = (_, response) => {
    response.writeHead(404).end();
  };
  #server: Server | undefined;
  #port = 0;
  #codec: Codec;

  constructor(codec: Codec = jsonCodec) {
    this.#codec = codec;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** On the same port again, after `stop`. */
  async start(): Promise<void> {
    const server = createServer((request, response) => void this.#handle(request, response));
    const sockets = new WebSocketServer({
      server,
      handleProtocols: (offered) => [...offered][0] ?? false,
    });
    sockets.on("connection", (socket, request) => this.peers.push(new Peer(socket, request, this.#codec)));
    await new Promise<void>((listening) => server.listen(this.#port, "127.0.0.1", listening));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** As a killed process: every link is cut. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const peer of this.peers.all) peer.cut();
    if (server === undefined) return;
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }

  async #handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const { method = "", url: path = "", headers } = message;
    const request = { method, path, headers, body: Buffer.concat(chunks).toString() };
    this.requests.push(request);
    await this.answer(request, response);
  }
}

/** A server that stops when the test ends. */
export const startServer = async (codec?: Codec): Promise<ScriptedServer> => {
  const server = new ScriptedServer(codec);
  await server.start();
  onTestFinished(() => server.stop());
  return server;
};

/** Answers with JSON. */
export const reply = (
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void => {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
};

export const errorBody = (group: string, code: string) => ({ group, code, message: code, correlationId: "x1" });
