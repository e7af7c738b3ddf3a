/**
 * Owns one WebSocket on Node, as the runtime's `Socket`: frames in order, bounded waiting for the close handshake.
 *
 * Invariant: `ws` reads, pings and closes; messages are written here, as whole frames, straight to the stream. Frames of the
 * two never mix, because each is written whole in one turn: there is no compression and no blob that `ws` could wait for.
 */
import type { Duplex } from "node:stream";
import type { RawData, WebSocket } from "ws";
import type { SharedFrame, Socket, SocketHandlers } from "../port.ts";
import { frameOf } from "./frame.ts";

const CLOSE_PATIENCE_MS = 5000;
const MAX_REASON_BYTES = 123;
/** `WebSocket.OPEN`: after the close frame nothing may follow (RFC 6455 §5.5.1). */
const OPEN = 1;

export class NodeSocket implements Socket {
  readonly #ws: WebSocket;
  readonly #stream: Duplex;
  #handlers: SocketHandlers | null = null;
  #early: (string | Uint8Array)[] = [];
  #isAlive = true;
  #isClosing = false;

  constructor(ws: WebSocket, stream: Duplex, gone: () => void) {
    this.#ws = ws;
    this.#stream = stream;
    ws.on("message", (data, isBinary) => this.#received(data, isBinary));
    ws.on("pong", () => {
      this.#isAlive = true;
    });
    // `ws` reports protocol errors here and closes by itself; without a listener the process would end.
    ws.on("error", () => {});
    ws.on("close", (code, reason) => {
      gone();
      this.#handlers?.close(code, reason.toString());
    });
  }

  get protocol(): string {
    return this.#ws.protocol;
  }
  get bufferedAmount(): number {
    return this.#stream.writableLength;
  }

  attach(handlers: SocketHandlers): void {
    this.#handlers = handlers;
    const early = this.#early;
    this.#early = [];
    for (const data of early) handlers.message(data);
  }

  #received(data: RawData, isBinary: boolean): void {
    if (this.#isClosing) return;
    const payload = isBinary ? bytesOf(data) : data.toString();
    if (this.#handlers === null) this.#early.push(payload);
    else this.#handlers.message(payload);
  }

  send(data: string | Uint8Array): void {
    if (this.#ws.readyState === OPEN) this.#stream.write(frameOf(data));
  }

  sendShared(shared: SharedFrame): void {
    if (this.#ws.readyState !== OPEN) return;
    shared.prepared ??= frameOf(shared.data);
    this.#stream.write(shared.prepared as Buffer);
  }

  close(code: number, reason: string): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#ws.close(code, closeReason(reason));
    setTimeout(() => this.#ws.terminate(), CLOSE_PATIENCE_MS).unref();
  }

  terminate(): void {
    this.#ws.terminate();
  }

  /** Reads no more until `resume`: who serves it is behind. */
  pause(): void {
    this.#ws.pause();
  }
  resume(): void {
    this.#ws.resume();
  }

  /** Drops peers that did not answer the last ping, pings the others. */
  beat(): void {
    if (!this.#isAlive) {
      this.#ws.terminate();
      return;
    }
    this.#isAlive = false;
    this.#ws.ping();
  }
}

function bytesOf(data: RawData): Uint8Array {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return Array.isArray(data) ? Buffer.concat(data) : data;
}

/** As much of a reason as a close frame takes, 123 bytes (RFC 6455 §5.5); `ws` throws on more, and the link would stay. */
function closeReason(reason: string): string {
  if (reason.length * 3 <= MAX_REASON_BYTES) return reason;
  let end = 0;
  let bytes = 0;
  for (const character of reason) {
    bytes += Buffer.byteLength(character);
    if (bytes > MAX_REASON_BYTES) break;
    end += character.length;
  }
  return reason.slice(0, end);
}
