/**
 * Owns the server's side of a shared socket (`docs/wire.md` §10): one WebSocket, many RPC connections. Each channel is a
 * `Socket` of its own to whoever serves it, so that gate, lease, limits and hibernation are those of any connection; this
 * file knows nothing of them.
 *
 * Invariants:
 * - What happens to one channel happens to it alone. What cannot be told apart by channel ends the whole socket.
 * - Numbers ascend and are never used twice: a frame for a lower one that is gone was under way and is dropped; one for a
 *   number that was never opened is malformed.
 * - A socket without channels counts and is timed as one that has not said hello.
 */
import { toWireFailure } from "../actors/failure.ts";
import { closeCodeOf, errorMessage } from "../actors/rpc.ts";
import type { Runtime } from "../actors/runtime.ts";
import { Refusal } from "../boundary/errors.ts";
import type { InboundRequest, Socket, SocketHandlers } from "../hosts/port.ts";
import type { Codec } from "../protocol/codec.ts";
import { DecodeError } from "../protocol/errors.ts";
import { closeText, type Framing, MAX_RECORDS, type MuxRecord, readClose } from "../protocol/mux.ts";

type Wire = string | Uint8Array;

/** A socket whose reading can wait, where the host has one. */
interface Pausable {
  pause?(): void;
  resume?(): void;
}

/** What a shared socket needs of the runtime behind it. */
export type MuxRuntime = Pick<Runtime, "host" | "limits" | "pendingSocket">;

export interface MuxOptions {
  readonly runtime: MuxRuntime;
  readonly socket: Socket;
  readonly framing: Framing;
  readonly codec: Codec;
  /** Serves a channel as a connection to this path. Whatever is wrong with the path is said on the channel. */
  readonly connect: (path: string, channel: Channel) => void;
}

/** Serves one shared socket until it closes. */
export function serveMux(options: MuxOptions): void {
  new MuxSession(options).start();
}

class MuxSession {
  readonly #options: MuxOptions;
  readonly #socket: Socket & Pausable;
  readonly #framing: Framing;
  readonly #channels = new Map<number, Channel>();
  /** Channels on which the peer has said nothing yet. */
  readonly #silent = new Set<number>();
  #highest = 0;
  #out: Wire[] = [];
  #outBytes = 0;
  #flushQueued = false;
  /** Answers that were there when the last look was taken. */
  #seen = 0;
  /** Raised whenever everything sent so far is on the wire. */
  #drained = 0;
  #cancelIdle: (() => void) | null = null;
  /** Channels whose servers are behind: nothing is read while there are any. */
  readonly #behind = new Set<number>();
  #isOver = false;

  constructor(options: MuxOptions) {
    this.#options = options;
    this.#socket = options.socket;
    this.#framing = options.framing;
  }

  start(): void {
    this.#socket.attach({
      message: (data) => this.#received(data),
      close: (code, reason) => this.#end(code, reason),
    });
    this.#countIdle();
  }

  /** Which of two counts of a channel's bytes are still comparable. */
  get drained(): number {
    return this.#drained;
  }
  /** Bytes that are not on the wire yet, of all channels. */
  get buffered(): number {
    return this.#socket.bufferedAmount + this.#outBytes;
  }

  send(channel: number, frame: Wire): void {
    this.#write(this.#framing.frame(channel, frame as never));
  }

  close(channel: number, code: number, reason: string): void {
    if (!this.#channels.delete(channel)) return;
    this.#silent.delete(channel);
    this.#write(this.#framing.control(channel, closeText(code, reason)));
    if (this.#channels.size === 0) this.#countIdle();
  }

  /** What comes next may be for any channel: one that is behind stops the reading of all (G12). */
  pause(channel: number): void {
    if (this.#behind.size === 0) this.#socket.pause?.();
    this.#behind.add(channel);
  }

  resume(channel: number): void {
    if (this.#behind.delete(channel) && this.#behind.size === 0) this.#socket.resume?.();
  }

  #received(data: Wire): void {
    if (this.#isOver) return;
    let records: MuxRecord<Wire>[];
    try {
      records = this.#framing.read(data) as MuxRecord<Wire>[];
      for (const record of records) this.#take(record);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#refuse(malformed(error.message));
    }
  }

  #take(record: MuxRecord<Wire>): void {
    if (this.#isOver) return;
    const { channel, control } = record;
    if (control?.startsWith("/") === true) {
      this.#open(channel, control);
      return;
    }
    if (channel === 0 || channel > this.#highest) throw new DecodeError("the channel was not opened");
    const open = this.#channels.get(channel);
    this.#silent.delete(channel);
    if (control === null) open?.received(record.frame);
    else {
      const { code, reason } = readClose(control);
      if (open !== undefined) this.#closedByPeer(open, code, reason);
    }
  }

  #open(number: number, path: string): void {
    if (number <= this.#highest) throw new DecodeError("the numbers of channels ascend");
    this.#highest = number;
    const channel = new Channel(this, number, this.#options.codec.subprotocol);
    const isFull = this.#channels.size >= this.#options.runtime.limits.maxChannels || this.#silent.size >= MAX_SILENT;
    this.#channels.set(number, channel);
    this.#silent.add(number);
    this.#cancelIdle?.();
    this.#cancelIdle = null;
    if (path.length > MAX_PATH) this.#refuseChannel(channel, unreadablePath());
    else if (isFull) this.#refuseChannel(channel, new Refusal("overloaded", { reason: "channels.limit" }));
    else this.#options.connect(path, channel);
  }

  #closedByPeer(channel: Channel, code: number, reason: string): void {
    this.#channels.delete(channel.number);
    channel.ended(code, reason);
    if (this.#channels.size === 0) this.#countIdle();
  }

  #countIdle(): void {
    if (this.#isOver || this.#cancelIdle !== null) return;
    this.#cancelIdle = this.#options.runtime.pendingSocket(() => {
      this.#refuse(
        new Refusal("timeout", { reason: "channels.none", group: "request", message: "No channel was opened in time" }),
      );
    });
    if (this.#cancelIdle === null) this.#refuse(new Refusal("overloaded", { reason: "sockets.pending" }));
  }

  #write(record: Wire): void {
    if (this.#isOver) return;
    this.#out.push(record);
    this.#outBytes += record.length;
    if (this.#flushQueued) return;
    this.#flushQueued = true;
    this.#seen = 0;
    // As a reaction, not by `queueMicrotask`: that one makes Node track an asynchronous resource for each frame.
    END_OF_TURN.then(this.#flushWhenQuiet);
  }

  /** Channels whose answers one commit released write in the same turn, some microtasks apart: one frame takes them all. */
  readonly #flushWhenQuiet = (): void => {
    if (this.#out.length > this.#seen && this.#outBytes < FLUSH_BYTES) {
      this.#seen = this.#out.length;
      END_OF_TURN.then(this.#flushWhenQuiet);
    } else {
      this.#flush();
    }
  };

  #flush(): void {
    this.#flushQueued = false;
    const out = this.#out;
    if (this.#isOver || out.length === 0) return;
    this.#out = [];
    this.#outBytes = 0;
    const { bufferedAmount } = this.#socket;
    if (bufferedAmount === 0) this.#drained += 1;
    if (bufferedAmount > this.#options.runtime.limits.maxSharedBufferedBytes) {
      this.#socket.close(1013, "byward/overloaded");
      this.#socket.terminate();
      this.#end(1013, "byward/overloaded");
      return;
    }
    for (let start = 0; start < out.length; start += MAX_RECORDS) {
      const part = out.length <= MAX_RECORDS ? out : out.slice(start, start + MAX_RECORDS);
      this.#socket.send(this.#framing.join(part as never));
    }
  }

  #refuseChannel(channel: Channel, error: unknown): void {
    refuseOn(this.#options, channel, error);
  }

  /** Ends the socket and says why, on channel 0. */
  #refuse(error: Refusal): void {
    const failure = toWireFailure(this.#options.runtime.host, error, { transport: "websocket" });
    const code = closeCodeOf(failure);
    const reason = `${failure.group}/${failure.code}`;
    this.send(0, this.#options.codec.encode(errorMessage(failure), "message"));
    this.#flush();
    this.#end(code, reason);
    this.#socket.close(code, reason);
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelIdle?.();
    const channels = [...this.#channels.values()];
    this.#channels.clear();
    this.#silent.clear();
    for (const channel of channels) channel.ended(code, reason);
  }
}

/** Past it a frame leaves although more may come in the same turn. */
const FLUSH_BYTES = 262_144;
const END_OF_TURN = Promise.resolve();

/** Channels that wait for their hello: each takes a place among all sockets that do, and one peer must not take them all. */
const MAX_SILENT = 64;
/** Characters: as much as a request line of its own could carry. */
const MAX_PATH = 8192;

/** One connection of a shared socket. */
export class Channel implements Socket {
  readonly number: number;
  readonly protocol: string;
  readonly #session: MuxSession;
  #handlers: SocketHandlers | null = null;
  #isOver = false;
  /** Bytes sent since the shared socket was last empty. */
  #sent = 0;
  #drained = 0;
  #abort: AbortController | null = null;

  constructor(session: MuxSession, number: number, protocol: string) {
    this.#session = session;
    this.number = number;
    this.protocol = protocol;
  }

  /** Its own part of what waits: one channel's flood does not cut the others. */
  get bufferedAmount(): number {
    return this.#drained === this.#session.drained ? Math.min(this.#sent, this.#session.buffered) : 0;
  }
  /** Fires when the channel is over. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#isOver) this.#abort.abort(new Error("the peer went away"));
    return this.#abort.signal;
  }

  attach(handlers: SocketHandlers): void {
    this.#handlers = handlers;
  }

  send(data: Wire): void {
    if (this.#isOver) return;
    if (this.#drained !== this.#session.drained) {
      this.#drained = this.#session.drained;
      this.#sent = 0;
    }
    this.#sent += data.length;
    this.#session.send(this.number, data);
  }

  close(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#session.close(this.number, code, reason);
    this.#isOver = true;
    // As a socket of its own would: its owner is told after it has finished closing.
    queueMicrotask(() => this.#told(code, reason));
  }

  terminate(): void {
    this.close(1006, "");
  }

  pause(): void {
    if (!this.#isOver) this.#session.pause(this.number);
  }
  resume(): void {
    this.#session.resume(this.number);
  }

  received(frame: Wire): void {
    if (!this.#isOver) this.#handlers?.message(frame);
  }

  /** The peer closed it, or the shared socket is gone. */
  ended(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#told(code, reason);
  }

  #told(code: number, reason: string): void {
    this.resume();
    this.#abort?.abort(new Error("the peer went away"));
    this.#handlers?.close(code, reason);
  }
}

/** The upgrade as it would have come for one channel: everything of the shared one but its path. */
export function inboundAt(inbound: InboundRequest, path: string, channel: Channel): InboundRequest {
  return {
    method: inbound.method,
    path,
    query: "",
    get origin() {
      return inbound.origin;
    },
    get remoteAddress() {
      return inbound.remoteAddress;
    },
    header: (name) => inbound.header(name),
    headers: () => inbound.headers(),
    bytes: (limit) => inbound.bytes(limit),
    stream: () => null,
    get signal() {
      return channel.signal;
    },
  };
}

/** Says on a socket why it is not served, and closes it: accepted first, so that a browser can read it. */
export function refuseOn(
  { runtime, codec }: { readonly runtime: Pick<Runtime, "host">; readonly codec: Codec },
  socket: Socket,
  error: unknown,
): void {
  const failure = toWireFailure(runtime.host, error, { transport: "websocket" });
  socket.attach({ message: () => {}, close: () => {} });
  socket.send(codec.encode(errorMessage(failure), "message"));
  socket.close(closeCodeOf(failure), `${failure.group}/${failure.code}`);
}

/** What a channel is told whose path names nothing. */
export function unreadablePath(): Refusal {
  return new Refusal("malformed", { reason: "path", message: "The path cannot be read" });
}

function malformed(message: string): Refusal {
  return new Refusal("malformed", {
    reason: "message.invalid",
    group: "message",
    code: "invalid_message",
    message: `The frame cannot be read: ${message}`,
  });
}
