/**
 * Owns one attempt at a connection: one socket, or a channel of a shared one, from opening to its end. It knows frames and the handshake, nothing of
 * calls or of what comes after it.
 *
 * Invariants:
 * - `onEnd` is called exactly once, whatever the socket does, and nothing is called after it.
 * - Nothing but `hello` is sent before `ready`.
 */
import type { Codec } from "../../protocol/codec.ts";
import type { ReadyMessage, ServerMessage } from "../../protocol/messages.ts";
import { readServerFrame } from "../../protocol/server-frames.ts";
import { type ActorError, errorOfMessage, MalformedResponseMessage } from "../errors.ts";
import { errorOfClose, type LinkSocket, OPEN_TIMEOUT, openTimeout } from "../open-socket.ts";
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

/** What the server may take to close after it said why, ms. */
const CLOSE_TIMEOUT = 2000;

export class Link {
  readonly #socket: LinkSocket;
  readonly #runtime: Runtime;
  readonly #codec: Codec;
  readonly #events: LinkEvents;
  #phase: "opening" | "ready" | "ended" = "opening";
  #error: ActorError | undefined;
  #cancelTimer: () => void;

  constructor(runtime: Runtime, socket: LinkSocket, codec: Codec, hello: Frame, events: LinkEvents) {
    this.#runtime = runtime;
    this.#codec = codec;
    this.#events = events;
    this.#socket = socket;
    this.#socket.onopen = () => this.#socket.send(hello);
    this.#socket.onmessage = (event) => this.#receive(event.data);
    this.#socket.onclose = (event) => this.#end(event.code, errorOfClose(event));
    this.#cancelTimer = runtime.later(OPEN_TIMEOUT, () => this.#giveUp(openTimeout()));
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
      this.#cancelTimer();
      this.#cancelTimer = this.#runtime.later(CLOSE_TIMEOUT, () => this.#giveUp(this.#error!));
    } else if (this.#phase === "ready") this.#events.onMessage(message);
    else if (message.t === "ready") {
      this.#cancelTimer();
      this.#phase = "ready";
      this.#events.onReady(message);
    }
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
