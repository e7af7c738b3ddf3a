/**
 * Owns streams of bytes between threads: the receiver says how many chunks may come, so that what waits on the way is
 * bounded (G12); an end, an error and a cancel cross both ways.
 *
 * Numbers are the sender's. What is offered begins to be read when its receiver first pulls.
 */
import { type Channel, OP, type Op, ownBytes } from "./channel.ts";

/** Chunks on their way at a time. */
const WINDOW = 4;

interface Outgoing {
  readonly open: () => ReadableStream<Uint8Array>;
  readonly done: (() => void) | null;
  reader: ReadableStreamDefaultReader<Uint8Array> | null;
  credit: number;
  isReading: boolean;
}

interface Incoming {
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  readonly over: (() => void) | null;
  /** Chunks that were asked for, and that came. */
  granted: number;
  received: number;
}

export class Streams {
  readonly #channel: Channel;
  readonly #outgoing = new Map<number, Outgoing>();
  readonly #incoming = new Map<number, Incoming>();
  #last = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** Offers a stream; `done` is called when it is over, whichever way. */
  offer(open: () => ReadableStream<Uint8Array>, done: (() => void) | null = null): number {
    const id = ++this.#last;
    this.#outgoing.set(id, { open, done, reader: null, credit: 0, isReading: false });
    return id;
  }

  /**
   * Takes back what is not over yet, read in part or not at all: its receiver's stream breaks. What it was made of is left as
   * it is, for whoever gave it: to cancel the body of a request would close the connection before the answer is on it.
   */
  withdraw(id: number): void {
    const outgoing = this.#outgoing.get(id);
    if (outgoing === undefined) return;
    this.#finish(id, outgoing);
    outgoing.reader?.releaseLock();
    this.#channel.post(OP.error, id, "this was answered before it was read");
  }

  /** Streams that are not over, both ways. */
  get open(): number {
    return this.#outgoing.size + this.#incoming.size;
  }

  /** What the other side offered. Pulls nothing before somebody reads. `over` is called when it is over, whichever way. */
  accept(id: number, over: (() => void) | null = null): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          if (this.#channel.isOpen) this.#incoming.set(id, { controller, over, granted: 0, received: 0 });
          else controller.error(gone());
        },
        // Called when a reader waits and nothing is there.
        pull: () => {
          const incoming = this.#incoming.get(id);
          if (incoming === undefined || incoming.received < incoming.granted) return;
          incoming.granted += WINDOW;
          this.#channel.post(OP.pull, id, WINDOW);
        },
        cancel: () => {
          this.#take(id);
          this.#channel.post(OP.cancel, id);
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** True when the triple was about a stream. */
  receive(op: Op, id: number, value: unknown): boolean {
    switch (op) {
      case OP.chunk:
        // The casts hold because the same class on the other side sends these.
        this.#arrived(id, value as Uint8Array);
        return true;
      case OP.end:
        this.#take(id)?.close();
        return true;
      case OP.error:
        this.#take(id)?.error(new Error(value as string));
        return true;
      case OP.pull:
        this.#pulled(id, value as number);
        return true;
      case OP.cancel:
        this.#cancelled(id);
        return true;
      default:
        return false;
    }
  }

  /** The other side is gone: its streams break, and nobody reads ours. */
  gone(): void {
    for (const id of [...this.#incoming.keys()]) this.#take(id)?.error(gone());
    for (const id of [...this.#outgoing.keys()]) this.#cancelled(id);
  }

  #take(id: number): ReadableStreamDefaultController<Uint8Array> | undefined {
    const incoming = this.#incoming.get(id);
    this.#incoming.delete(id);
    incoming?.over?.();
    return incoming?.controller;
  }

  #arrived(id: number, chunk: Uint8Array): void {
    const incoming = this.#incoming.get(id);
    if (incoming === undefined) return;
    incoming.received += 1;
    incoming.controller.enqueue(chunk);
  }

  #pulled(id: number, count: number): void {
    const outgoing = this.#outgoing.get(id);
    if (outgoing === undefined) return;
    outgoing.credit += count;
    try {
      outgoing.reader ??= outgoing.open().getReader();
    } catch (error) {
      this.#broke(id, outgoing, error);
      return;
    }
    if (!outgoing.isReading) void this.#read(id, outgoing, outgoing.reader);
  }

  #broke(id: number, outgoing: Outgoing, error: unknown): void {
    if (!this.#outgoing.has(id)) return;
    this.#finish(id, outgoing);
    this.#channel.post(OP.error, id, error instanceof Error ? error.message : String(error));
  }

  async #read(id: number, outgoing: Outgoing, reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    outgoing.isReading = true;
    try {
      while (outgoing.credit > 0) {
        const { done, value } = await reader.read();
        if (!this.#outgoing.has(id)) return;
        if (done) {
          this.#finish(id, outgoing);
          this.#channel.post(OP.end, id);
          return;
        }
        outgoing.credit -= 1;
        this.#channel.post(OP.chunk, id, ownBytes(value));
      }
    } catch (error) {
      this.#broke(id, outgoing, error);
    } finally {
      outgoing.isReading = false;
    }
  }

  #cancelled(id: number): void {
    const outgoing = this.#outgoing.get(id);
    if (outgoing === undefined) return;
    this.#finish(id, outgoing);
    try {
      const over = (outgoing.reader ?? outgoing.open().getReader()).cancel();
      over.catch(() => {
        // It broke by itself meanwhile.
      });
    } catch {
      // Whoever gave it reads it himself: it is his to cancel.
    }
  }

  #finish(id: number, outgoing: Outgoing): void {
    this.#outgoing.delete(id);
    outgoing.done?.();
  }
}

function gone(): Error {
  return new Error("the thread behind this stream ended");
}
