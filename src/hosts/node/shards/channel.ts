/**
 * Owns the port between the main thread and one shard: what either side says in one turn of the event loop leaves as one
 * message, a flat list of triples. Cloning one flat list costs a fraction of cloning a message per frame.
 *
 * C1 What is posted arrives in order. C2 After the port closed nothing arrives, and what is posted is dropped.
 */
import type { MessagePort } from "node:worker_threads";
import type { SharedFrame } from "../../port.ts";

/** What a triple is about; the middle is a number of the sender's or the receiver's, by operation. */
export const OP = {
  /** A call, by the caller's number. */
  call: 0,
  result: 1,
  failure: 2,
  /** The receiver of a call wants to know when its peer goes away; and that it did. */
  watch: 3,
  abort: 4,
  /** A socket, by the number of whoever has the real one. Towards the far face: frames, the end. */
  frame: 5,
  closed: 6,
  /** How many units of all that was sent to it have left for good. */
  written: 7,
  /** From the far face. */
  send: 8,
  close: 9,
  terminate: 10,
  /** A stream, by its sender's number. From the sender: */
  chunk: 11,
  end: 12,
  error: 13,
  /** To the sender: how many more chunks may come; or that none are wanted. */
  pull: 14,
  cancel: 15,
  /** What was taken of what was sent, so that a sender knows how much waits here. */
  taken: 16,
  /** A decision of the gate. */
  decision: 17,
  /** A frame for several sockets, by a number of this message's; and that a socket is to send it. */
  share: 18,
  sendShared: 19,
} as const;

export type Op = (typeof OP)[keyof typeof OP];

export interface ChannelHandlers {
  /** One triple. Must not throw. */
  receive(op: Op, id: number, value: unknown): void;
  /** All triples of one message were received. */
  settled(): void;
  /** The other side is gone. */
  gone(): void;
}

export class Channel {
  readonly #port: MessagePort;
  #out: unknown[] = [];
  /** Frames for several sockets that this message carries. */
  #shared = new Map<SharedFrame, number>();
  #isOpen = true;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Begins to receive. What came before waits in the port. */
  start(handlers: ChannelHandlers): void {
    this.#port.on("message", (flat: readonly unknown[]) => {
      // The casts hold because the other side posts triples by `post` alone.
      for (let at = 0; at < flat.length; at += 3) {
        handlers.receive(flat[at] as Op, flat[at + 1] as number, flat[at + 2]);
      }
      handlers.settled();
    });
    this.#port.on("close", () => {
      this.#isOpen = false;
      this.#out = [];
      handlers.gone();
    });
  }

  post(op: Op, id: number, value?: unknown): void {
    if (!this.#isOpen) return;
    if (this.#out.length === 0) setImmediate(() => this.#flush());
    this.#out.push(op, id, value);
  }

  /** Tells the real socket `id` to send a frame that others send too: it crosses once. */
  postShared(id: number, frame: SharedFrame): void {
    let number = this.#shared.get(frame);
    if (number === undefined) {
      number = this.#shared.size;
      this.#shared.set(frame, number);
      this.post(OP.share, number, typeof frame.data === "string" ? frame.data : ownBytes(frame.data));
    }
    this.post(OP.sendShared, id, number);
  }

  /** Nothing more is said or heard. What was posted leaves first. */
  close(): void {
    this.#flush();
    this.#port.close();
  }

  #flush(): void {
    const out = this.#out;
    if (out.length === 0) return;
    this.#out = [];
    if (this.#shared.size > 0) this.#shared = new Map();
    this.#port.postMessage(out);
  }
}

/** Bytes with a buffer of their own: a view would be sent with all of the buffer behind it. */
export function ownBytes(data: Uint8Array): Uint8Array {
  // A Buffer is told apart too: the other side gets a plain view in any case.
  return data.byteLength === data.buffer.byteLength ? data : new Uint8Array(data);
}
