/** Owns a WebSocket on a stream, as the runtime's `Socket`. */
import type { Socket, SocketHandlers } from "../../port.ts";
import type { Stream } from "./mux.ts";

export class TunnelSocket implements Socket {
  /** Set before the socket is served. */
  protocol = "";
  readonly #stream: Stream;
  #handlers: SocketHandlers | null = null;
  #early: (string | Uint8Array)[] = [];
  #end: { readonly code: number; readonly reason: string } | null = null;

  /** Made at once when its stream comes: what arrives before it is served is kept. */
  constructor(stream: Stream) {
    this.#stream = stream;
    stream.handlers = {
      message: (data) => {
        if (this.#handlers === null) this.#early.push(data);
        else this.#handlers.message(data);
      },
      close: (code, reason) => this.#ended(code, reason),
      reset: (reason) => this.#ended(1006, reason),
    };
  }

  get bufferedAmount(): number {
    return this.#stream.bufferedAmount;
  }

  attach(handlers: SocketHandlers): void {
    this.#handlers = handlers;
    for (const data of this.#early.splice(0)) handlers.message(data);
    if (this.#end !== null) handlers.close(this.#end.code, this.#end.reason);
  }

  send(data: string | Uint8Array): void {
    this.#stream.message(data);
  }

  /** The front closes the peer and answers with what the peer said; a peer that says nothing is the front's matter. */
  close(code: number, reason: string): void {
    this.#stream.close(code, reason);
    queueMicrotask(() => this.#ended(code, reason));
  }

  terminate(): void {
    this.#stream.reset("terminated");
    this.#ended(1006, "terminated");
  }

  #ended(code: number, reason: string): void {
    if (this.#end !== null) return;
    this.#end = { code, reason };
    this.#handlers?.close(code, reason);
  }
}
