/**
 * Owns the streams of one tunnel. Frames of a stream arrive in the order they were sent; bytes are sent only as far as the
 * other side gave credit, so neither side holds more than a window of a stream that nobody reads (G12).
 */
import {
  bytesText,
  CHUNK,
  closePayload,
  creditPayload,
  decodeFrames,
  encodeFrame,
  FRAME,
  type FrameType,
  joined,
  MessageReader,
  messageParts,
  readClose,
  readCredit,
  textBytes,
} from "./frames.ts";

/** What carries messages; each is one frame or several. */
export interface Carrier {
  send(message: Uint8Array): void;
  close(code: number, reason: string): void;
}

/** Set by whoever opened or accepted a stream; absent members ignore. */
export interface StreamHandlers {
  head?(head: unknown): void;
  /** Call `stream.took(bytes.length)` when they are used up. */
  data?(bytes: Uint8Array): void;
  end?(): void;
  message?(data: string | Uint8Array): void;
  close?(code: number, reason: string): void;
  /** Over without a word of the other side. */
  reset?(reason: string): void;
}

const WINDOW = 256 * 1024;
/** Bytes of one message at most, but for a single frame. */
const MESSAGE = 56 * 1024;
/** Credit is given back in portions. */
const PORTION = 64 * 1024;
/** Streams of one tunnel at once. */
const MAX_STREAMS = 20_000;

const NOTHING = new Uint8Array(0);

interface Waiting {
  readonly frame: Uint8Array;
  readonly size: number;
}

export class Stream {
  readonly id: number;
  readonly #mux: Mux;
  readonly #messages = new MessageReader();
  handlers: StreamHandlers = {};
  #credit = WINDOW;
  #taken = 0;
  #waiting: Waiting[] = [];
  #bytes = 0;
  #drained: (() => void)[] = [];
  #isClosing = false;
  #isOver = false;

  constructor(mux: Mux, id: number) {
    this.#mux = mux;
    this.id = id;
  }

  get isOver(): boolean {
    return this.#isOver;
  }
  /** Bytes waiting for credit. */
  get bufferedAmount(): number {
    return this.#bytes;
  }

  head(head: unknown): void {
    this.#push(FRAME.head, textBytes(JSON.stringify(head)), 0);
  }

  /** Sends bytes; resolves when more may be sent, at once mostly. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += CHUNK) {
      const part = bytes.subarray(at, at + CHUNK);
      this.#push(FRAME.data, part, part.length);
    }
    if (this.#bytes === 0 || this.#isOver) return;
    await new Promise<void>((done) => this.#drained.push(done));
  }

  end(): void {
    this.#push(FRAME.end, new Uint8Array(0), 0);
  }

  /** The end of an answer: nothing comes after it either way, and the stream is over when it has left. */
  finish(): void {
    this.end();
    this.#isClosing = true;
    if (this.#waiting.length === 0) this.over();
  }

  message(data: string | Uint8Array): void {
    for (const part of messageParts(data)) this.#push(FRAME.message, part, part.length);
  }

  /** The last word: the stream is over when it has left. */
  close(code: number, reason: string): void {
    this.#push(FRAME.close, closePayload(code, reason), 0);
    this.#isClosing = true;
    if (this.#waiting.length === 0) this.over();
  }

  /** Ends the stream at once; what waits is dropped. */
  reset(reason: string): void {
    if (this.#isOver) return;
    this.#mux.send(FRAME.reset, this.id, textBytes(reason.slice(0, 200)));
    this.over();
  }

  /** Bytes were used up: the other side may send as many more. */
  took(count: number): void {
    this.#taken += count;
    if (this.#taken < PORTION || this.#isOver) return;
    this.#mux.send(FRAME.credit, this.id, creditPayload(this.#taken));
    this.#taken = 0;
  }

  /** Nothing more comes or goes. */
  over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#waiting = [];
    this.#bytes = 0;
    this.#mux.forget(this);
    for (const done of this.#drained.splice(0)) done();
  }

  /** A frame of this stream came. */
  receive(type: number, payload: Uint8Array): void {
    const { handlers } = this;
    if (type === FRAME.credit) this.#granted(readCredit(payload));
    else if (type === FRAME.data) handlers.data?.(payload.slice());
    else if (type === FRAME.head) handlers.head?.(JSON.parse(bytesText(payload)));
    else if (type === FRAME.end) handlers.end?.();
    else if (type === FRAME.message) {
      const message = this.#messages.read(payload);
      if (message !== null) handlers.message?.(message);
      this.took(payload.length);
    } else if (type === FRAME.close) {
      const { code, reason } = readClose(payload);
      this.over();
      handlers.close?.(code, reason);
    } else if (type === FRAME.reset) this.lost(bytesText(payload));
  }

  lost(reason: string): void {
    if (this.#isOver) return;
    this.over();
    this.handlers.reset?.(reason);
  }

  #push(type: FrameType, payload: Uint8Array, size: number): void {
    if (this.#isOver || this.#isClosing) return;
    if (this.#waiting.length === 0 && (size === 0 || this.#credit > 0)) {
      this.#credit -= size;
      this.#mux.send(type, this.id, payload);
      return;
    }
    this.#waiting.push({ frame: encodeFrame(type, this.id, payload), size });
    this.#bytes += size;
  }

  #granted(count: number): void {
    this.#credit += count;
    while (this.#waiting.length > 0) {
      const { frame, size } = this.#waiting[0]!;
      if (size > 0 && this.#credit <= 0) return;
      this.#waiting.shift();
      this.#credit -= size;
      this.#bytes -= size;
      this.#mux.sendFrame(frame);
    }
    if (this.#isClosing) this.over();
    for (const done of this.#drained.splice(0)) done();
  }
}

export class Mux {
  readonly #carrier: Carrier;
  readonly #accept: ((stream: Stream, head: unknown) => void) | null;
  readonly #streams = new Map<number, Stream>();
  readonly #changed: (() => void) | null;
  #next = 1;
  /** Frames of this turn: they leave as one message, as each message costs the engine the same. */
  #outgoing: Uint8Array[] = [];
  #size = 0;
  #heard = performance.now();
  #isOver = false;

  /** `accept`: what the other side opens; null where it opens nothing. `changed`: the number of streams changed. */
  constructor(
    carrier: Carrier,
    accept: ((stream: Stream, head: unknown) => void) | null,
    changed: (() => void) | null = null,
  ) {
    this.#carrier = carrier;
    this.#accept = accept;
    this.#changed = changed;
  }

  get size(): number {
    return this.#streams.size;
  }
  get isOver(): boolean {
    return this.#isOver;
  }

  /** ms since anything came from the other side. */
  get silence(): number {
    return performance.now() - this.#heard;
  }

  ping(): void {
    this.send(FRAME.ping, 0, NOTHING);
  }

  open(head: unknown): Stream {
    const stream = new Stream(this, this.#next++);
    if (this.#isOver) {
      queueMicrotask(() => stream.lost("the tunnel is closed"));
      return stream;
    }
    this.#streams.set(stream.id, stream);
    this.send(FRAME.open, stream.id, textBytes(JSON.stringify(head)));
    this.#changed?.();
    return stream;
  }

  /** A message came. What cannot be read ends the tunnel. */
  receive(message: Uint8Array): void {
    this.#heard = performance.now();
    try {
      for (const frame of decodeFrames(message)) {
        if (this.#isOver) return;
        if (frame.type === FRAME.ping) this.send(FRAME.pong, 0, NOTHING);
        else if (frame.type === FRAME.open) this.#opened(frame.stream, frame.payload);
        else this.#streams.get(frame.stream)?.receive(frame.type, frame.payload);
      }
    } catch {
      this.close(3000, "tunnel frame");
    }
  }

  #opened(id: number, payload: Uint8Array): void {
    if (this.#accept === null || this.#streams.has(id)) throw new Error("unexpected");
    const stream = new Stream(this, id);
    if (this.#streams.size >= MAX_STREAMS) {
      this.send(FRAME.reset, id, textBytes("too many streams"));
      return;
    }
    this.#streams.set(id, stream);
    this.#changed?.();
    this.#accept(stream, JSON.parse(bytesText(payload)));
  }

  send(type: FrameType, stream: number, payload: Uint8Array): void {
    this.sendFrame(encodeFrame(type, stream, payload));
  }

  sendFrame(frame: Uint8Array): void {
    if (this.#isOver) return;
    if (this.#size + frame.length > MESSAGE) this.#flush();
    if (this.#outgoing.length === 0) queueMicrotask(() => this.#flush());
    this.#outgoing.push(frame);
    this.#size += frame.length;
  }

  #flush(): void {
    if (this.#outgoing.length === 0 || this.#isOver) return;
    const message = joined(this.#outgoing);
    this.#outgoing = [];
    this.#size = 0;
    this.#carrier.send(message);
  }

  forget(stream: Stream): void {
    if (this.#streams.delete(stream.id)) this.#changed?.();
  }

  /** The tunnel is gone: every stream ends. */
  end(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const stream of [...this.#streams.values()]) stream.lost(reason);
  }

  /** Ends the tunnel; 1000 and codes from 3000 are what an actor may close with. */
  close(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#flush();
    this.#carrier.close(code, reason);
    this.end(reason);
  }
}
