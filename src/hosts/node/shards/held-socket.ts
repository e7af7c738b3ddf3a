/** Owns a socket whose handler is still being looked for: what comes meanwhile is held, within a bound. */
import type { SharedFrame, SocketHandlers } from "../../port.ts";
import type { PausableSocket } from "./sockets.ts";

const MAX_HELD_FRAMES = 256;
const MAX_HELD_UNITS = 262_144;

export class HeldSocket implements PausableSocket {
  readonly #socket: PausableSocket;
  #handlers: SocketHandlers | null = null;
  #held: (string | Uint8Array)[] = [];
  #units = 0;
  #end: readonly [code: number, reason: string] | null = null;

  constructor(socket: PausableSocket) {
    this.#socket = socket;
    socket.attach({
      message: (data) => this.#received(data),
      close: (code, reason) => {
        this.#end = [code, reason];
        this.#handlers?.close(code, reason);
      },
    });
  }

  get protocol(): string {
    return this.#socket.protocol;
  }
  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  attach(handlers: SocketHandlers): void {
    this.#handlers = handlers;
    for (const data of this.#held.splice(0)) handlers.message(data);
    if (this.#end !== null) handlers.close(...this.#end);
  }

  send(data: string | Uint8Array): void {
    this.#socket.send(data);
  }
  sendShared(frame: SharedFrame): void {
    if (this.#socket.sendShared === undefined) this.#socket.send(frame.data);
    else this.#socket.sendShared(frame);
  }
  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }
  terminate(): void {
    this.#socket.terminate();
  }
  pause(): void {
    this.#socket.pause?.();
  }
  resume(): void {
    this.#socket.resume?.();
  }

  #received(data: string | Uint8Array): void {
    if (this.#handlers !== null) {
      this.#handlers.message(data);
      return;
    }
    this.#units += data.length;
    this.#held.push(data);
    if (this.#held.length > MAX_HELD_FRAMES || this.#units > MAX_HELD_UNITS) {
      this.#socket.close(1013, "byward/overloaded");
      this.#held = [];
    }
  }
}
