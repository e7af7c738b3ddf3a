/**
 * Owns sockets between threads: one side has the real one, the other a face of it that the runtime serves. Frames keep their
 * order with everything else on the channel, so that what was sent before a revocation was confirmed has left before.
 *
 * K1 The far face counts what it sent until this side says it is on the wire: a slow peer is seen, and cut off, where the
 * actor is. K2 When the serving thread is gone, its sockets close with 1012 (service restart).
 */
import type { SharedFrame, Socket, SocketHandlers } from "../../port.ts";
import { type Channel, OP, type Op, ownBytes } from "./channel.ts";

/** A socket whose reading can wait. */
export interface PausableSocket extends Socket {
  pause?(): void;
  resume?(): void;
}

/** Close code of RFC 6455's registry: service restart. */
export const RESTART_CODE = 1012;
const RESTART_REASON = "byward/restarting";
/** What left is told at once past this many units, else a little later. */
const TELL_AT = 65_536;
const TELL_MS = 25;

interface Near {
  readonly socket: PausableSocket;
  sent: number;
  told: number;
}

export class Sockets {
  readonly #channel: Channel;
  readonly #near = new Map<number, Near>();
  readonly #far = new Map<number, FarSocket>();
  /** Sockets of which something left, or may have, since it was last told. */
  readonly #untold = new Set<number>();
  /** Frames for several sockets, of the message that is being received. */
  readonly #shared = new Map<number, SharedFrame>();
  readonly #received: (units: number, socket: PausableSocket) => void;
  #last = 0;
  #timer: NodeJS.Timeout | null = null;

  /** `received` is told of each frame that is handed over, for flow control. */
  constructor(channel: Channel, received: (units: number, socket: PausableSocket) => void = () => {}) {
    this.#channel = channel;
    this.#received = received;
  }

  /** Real sockets that are served on the other side. */
  get size(): number {
    return this.#near.size;
  }

  /**
   * Hands a real socket over; `announce` tells the other side the number for its `accept`, before the first frame follows.
   * `closed` is called when it is over.
   */
  offer(socket: PausableSocket, announce: (id: number) => void, closed: () => void = () => {}): void {
    const id = ++this.#last;
    this.#near.set(id, { socket, sent: 0, told: 0 });
    announce(id);
    socket.attach({
      message: (data) => {
        this.#channel.post(OP.frame, id, typeof data === "string" ? data : ownBytes(data));
        this.#received(data.length, socket);
      },
      close: (code, reason) => {
        closed();
        if (this.#near.delete(id)) this.#channel.post(OP.closed, id, [code, reason]);
      },
    });
  }

  /** The face of a socket that the other side has. */
  accept(id: number, protocol: string, ended: () => void = () => {}): Socket {
    const far = new FarSocket(this.#channel, id, protocol, () => {
      this.#far.delete(id);
      ended();
    });
    this.#far.set(id, far);
    return far;
  }

  /** True when the triple was about a socket. */
  receive(op: Op, id: number, value: unknown): boolean {
    // The casts hold because the same class on the other side sends these.
    switch (op) {
      case OP.frame:
        this.#far.get(id)?.received(value as string | Uint8Array);
        return true;
      case OP.closed: {
        const [code, reason] = value as readonly [number, string];
        this.#far.get(id)?.ended(code, reason);
        return true;
      }
      case OP.written:
        this.#far.get(id)?.wrote(value as number);
        return true;
      case OP.send:
        this.#send(id, value as string | Uint8Array);
        return true;
      case OP.share:
        this.#shared.set(id, { data: value as string | Uint8Array });
        return true;
      case OP.sendShared:
        this.#sendShared(id, this.#shared.get(value as number)!);
        return true;
      case OP.close: {
        const [code, reason] = value as readonly [number, string];
        this.#near.get(id)?.socket.close(code, reason);
        return true;
      }
      case OP.terminate:
        this.#near.get(id)?.socket.terminate();
        return true;
      default:
        return false;
    }
  }

  /** All of a message was received. */
  settled(): void {
    if (this.#shared.size > 0) this.#shared.clear();
  }

  gone(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const near = [...this.#near.values()];
    this.#near.clear();
    for (const { socket } of near) socket.close(RESTART_CODE, RESTART_REASON);
    const far = [...this.#far.values()];
    this.#far.clear();
    for (const socket of far) socket.ended(RESTART_CODE, RESTART_REASON);
  }

  #send(id: number, data: string | Uint8Array): void {
    const near = this.#near.get(id);
    if (near === undefined) return;
    near.socket.send(data);
    this.#sent(id, near, data.length);
  }

  #sendShared(id: number, frame: SharedFrame): void {
    const near = this.#near.get(id);
    if (near === undefined) return;
    if (near.socket.sendShared === undefined) near.socket.send(frame.data);
    else near.socket.sendShared(frame);
    this.#sent(id, near, frame.data.length);
  }

  #sent(id: number, near: Near, units: number): void {
    near.sent += units;
    if (near.sent - near.told >= TELL_AT) this.#tell(id, near);
    else this.#later(id);
  }

  #later(id: number): void {
    this.#untold.add(id);
    this.#timer ??= setTimeout(() => this.#tellAll(), TELL_MS).unref();
  }

  #tellAll(): void {
    this.#timer = null;
    const untold = [...this.#untold];
    this.#untold.clear();
    for (const id of untold) {
      const near = this.#near.get(id);
      if (near !== undefined) this.#tell(id, near);
    }
  }

  #tell(id: number, near: Near): void {
    const waiting = near.socket.bufferedAmount;
    const left = waiting === 0 ? near.sent : Math.max(near.told, near.sent - waiting);
    if (left > near.told) {
      near.told = left;
      this.#channel.post(OP.written, id, left);
    }
    if (waiting > 0) this.#later(id);
  }
}

/** A socket whose real one is in another thread. */
class FarSocket implements Socket {
  readonly protocol: string;
  readonly #channel: Channel;
  readonly #id: number;
  readonly #forget: () => void;
  #handlers: SocketHandlers | null = null;
  #early: (string | Uint8Array)[] = [];
  #sent = 0;
  #left = 0;
  #isClosing = false;
  #end: readonly [code: number, reason: string] | null = null;

  constructor(channel: Channel, id: number, protocol: string, forget: () => void) {
    this.#channel = channel;
    this.#id = id;
    this.protocol = protocol;
    this.#forget = forget;
  }

  get bufferedAmount(): number {
    return this.#sent - this.#left;
  }

  attach(handlers: SocketHandlers): void {
    this.#handlers = handlers;
    const early = this.#early;
    this.#early = [];
    for (const data of early) handlers.message(data);
    if (this.#end !== null) handlers.close(...this.#end);
  }

  send(data: string | Uint8Array): void {
    if (this.#isClosing || this.#end !== null) return;
    this.#sent += data.length;
    this.#channel.post(OP.send, this.#id, typeof data === "string" ? data : ownBytes(data));
  }

  sendShared(frame: SharedFrame): void {
    if (this.#isClosing || this.#end !== null) return;
    this.#sent += frame.data.length;
    this.#channel.postShared(this.#id, frame);
  }

  close(code: number, reason: string): void {
    if (this.#isClosing || this.#end !== null) return;
    this.#isClosing = true;
    this.#channel.post(OP.close, this.#id, [code, reason]);
  }

  terminate(): void {
    if (this.#end === null) this.#channel.post(OP.terminate, this.#id);
  }

  received(data: string | Uint8Array): void {
    if (this.#isClosing) return;
    if (this.#handlers === null) this.#early.push(data);
    else this.#handlers.message(data);
  }

  wrote(left: number): void {
    this.#left = left;
  }

  ended(code: number, reason: string): void {
    if (this.#end !== null) return;
    this.#end = [code, reason];
    this.#forget();
    this.#handlers?.close(code, reason);
  }
}
