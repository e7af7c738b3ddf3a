/**
 * Owns one attempt at a connection: one socket, from opening to its end. It knows frames and the handshake, nothing of
 * calls or of what comes after it.
 *
 * Invariants:
 * - `onEnd` is called exactly once, whatever the socket does, and nothing is called after it.
 * - Nothing but `hello` is sent before `ready`.
 */
import type { Codec } from "../../protocol/codec.ts";
import type { ReadyMessage, ServerMessage } from "../../protocol/messages.ts";
import { readServerFrame } from "../../protocol/server-frames.ts";
import { type ActorError, clientError, errorOfMessage, HttpRequestError, MalformedResponseMessage } from "../errors.ts";
import type { Runtime } from "../runtime.ts";

type Frame = string | Uint8Array<ArrayBuffer>;

export interface LinkEvents {
  onReady(ready: ReadyMessage): void;
  /** Anything after `ready` that concerns less than the whole connection. */
  onMessage(message: ServerMessage): void;
  onEnd(end: LinkEnd): void;
}

/** Why a link ended. */
export interface LinkEnd {
  /** The close code; 1006 if the link broke. */
  readonly code: number;
  /** What the server said, or what went wrong here. */
  readonly error: ActorError;
}

/** Opening and handshake together, ms. Above the server's 10 s for `hello`, so that its answer comes first. */
const READY_TIMEOUT = 15_000;
/** What the server may take to close after it said why, ms. */
const CLOSE_TIMEOUT = 2000;

export class Link {
  readonly #socket: WebSocket;
  readonly #runtime: Runtime;
  readonly #codec: Codec;
  readonly #events: LinkEvents;
  #phase: "opening" | "ready" | "ended" = "opening";
  #error: ActorError | undefined;
  #cancelTimer: () => void;

  /** @throws ActorError `client/invalid_endpoint` */
  constructor(runtime: Runtime, url: string, codec: Codec, hello: Frame, events: LinkEvents) {
    this.#runtime = runtime;
    this.#codec = codec;
    this.#events = events;
    this.#socket = openSocket(runtime, url, codec);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onopen = () => this.#socket.send(hello);
    this.#socket.onmessage = (event) => this.#receive(event.data);
    // `close` follows and says more; without a listener, some implementations would throw.
    this.#socket.onerror = () => {};
    this.#socket.onclose = (event) => this.#end(event.code, errorOfClose(event));
    this.#cancelTimer = runtime.later(READY_TIMEOUT, () =>
      this.#giveUp(clientError("connect_timeout", `The server did not answer in ${READY_TIMEOUT} ms.`)),
    );
  }

  /** True if a frame can leave now. */
  get isOpen(): boolean {
    return this.#phase === "ready" && this.#socket.readyState === this.#socket.OPEN;
  }

  send(frame: Frame): void {
    this.#socket.send(frame);
  }

  /** Closes on purpose, without `onEnd`. Resolves when the socket is closed, at the latest after two seconds. */
  close(reason: string): Promise<void> {
    this.#phase = "ended";
    this.#cancelTimer();
    if (this.#socket.readyState === this.#socket.CLOSED) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#runtime.later(CLOSE_TIMEOUT, resolve);
      this.#socket.onclose = () => {
        cancel();
        resolve();
      };
      this.#socket.close(1000, reason);
    });
  }

  #receive(data: unknown): void {
    let messages: ServerMessage[] = [];
    try {
      messages = readServerFrame(this.#codec, data);
    } catch (error) {
      this.#giveUp(new MalformedResponseMessage("A frame cannot be read.", error));
    }
    for (const message of messages) this.#take(message);
  }

  #take(message: ServerMessage): void {
    if (this.#phase === "ended" || this.#error) return;
    if (message.t === "error" && message.id === undefined && message.event === undefined) {
      this.#error = errorOfMessage(message);
      this.#restartTimer(CLOSE_TIMEOUT, () => this.#giveUp(this.#error!));
    } else if (this.#phase === "ready") this.#events.onMessage(message);
    else if (message.t === "ready") {
      this.#cancelTimer();
      this.#phase = "ready";
      this.#events.onReady(message);
    }
  }

  #restartTimer(ms: number, run: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#runtime.later(ms, run);
  }

  #giveUp(error: ActorError): void {
    this.#end(1006, error);
    this.#socket.close();
  }

  #end(code: number, error: ActorError): void {
    if (this.#phase === "ended") return;
    this.#phase = "ended";
    this.#cancelTimer();
    this.#events.onEnd({ code, error: this.#error ?? error });
  }
}

const openSocket = (runtime: Runtime, url: string, codec: Codec): WebSocket => {
  try {
    return new runtime.WebSocket(url, codec.subprotocol);
  } catch (error) {
    throw clientError("invalid_endpoint", "The endpoint is not valid for a WebSocket.", error);
  }
};

const errorOfClose = ({ code, reason }: CloseEvent): ActorError => {
  const said = reason === "" ? "" : `, ${reason}`;
  return code === 1006
    ? new HttpRequestError("The connection broke, or could not be opened.")
    : clientError("connection_lost", `The server closed the connection (${code}${said}).`);
};
