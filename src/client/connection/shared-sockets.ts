/**
 * Owns the sharing of WebSockets by the connections of one client (`docs/wire.md` §10). To a connection its channel is a
 * socket: it opens, closes and breaks like one, so calls, renewal and coming back are as they are without sharing.
 *
 * Invariants:
 * - What the server says of one channel reaches that channel alone; when the socket ends, every channel of it ends.
 * - A server that does not speak this never makes a connection fail: its channels go on over sockets of their own.
 */
import type { Codec } from "../../protocol/codec.ts";
import { DecodeError } from "../../protocol/errors.ts";
import { closeText, type Framing, MUX_PATH, type MuxRecord, readClose } from "../../protocol/mux.ts";
import { binaryFraming } from "../../protocol/mux-binary.ts";
import { textFraming } from "../../protocol/mux-text.ts";
import { type Dial, dialDirectly, type LinkSocket, openSocket } from "../open-socket.ts";
import type { Runtime } from "../runtime.ts";

type Frame = string | Uint8Array<ArrayBuffer>;

/** Below what servers take by default, so that a socket more is opened in time. */
const MAX_CHANNELS = 512;
/** Characters or bytes, and records, of one frame; a longer record goes alone. */
const MAX_FRAME = 32 * 1024;
const MAX_RECORDS_SENT = 256;

/** Refused upgrades that say there is nothing to share: a browser cannot tell one from a server that is away. */
const MISSES = 2;

/** Whether the server shares sockets. `no` is never said of a server that once did, only of one that answered otherwise. */
type Offer = "unknown" | "yes" | "no";

export class SharedSockets {
  readonly #runtime: Runtime;
  readonly #url: string;
  readonly #count: number;
  readonly #direct: Dial;
  readonly #open = new Set<SharedSocket>();
  #offer: Offer = "unknown";
  #misses = 0;

  constructor(runtime: Runtime, endpoint: string, count: number) {
    this.#runtime = runtime;
    this.#url = endpoint.replace(/^http/, "ws") + MUX_PATH;
    this.#count = count;
    this.#direct = dialDirectly(runtime, endpoint);
  }

  readonly dial: Dial = (codec, path) =>
    this.#offer === "no" ? this.#direct(codec, path) : this.#channel(codec, path);

  #channel(codec: Codec, path: string): LinkSocket {
    const channel = new Channel(path, () => this.#direct(codec, path));
    const free = [...this.#open].filter((socket) => socket.hasRoom);
    const least = free.reduce<SharedSocket | undefined>(
      (a, b) => (a !== undefined && a.size <= b.size ? a : b),
      undefined,
    );
    const socket = least === undefined || this.#open.size < this.#count ? this.#newSocket(codec) : least;
    socket.add(channel);
    return channel;
  }

  #newSocket(codec: Codec): SharedSocket {
    const framing = (codec.name === "cbor" ? binaryFraming : textFraming) as Framing<Frame>;
    const socket = new SharedSocket(
      this.#runtime,
      openSocket(this.#runtime, this.#url, [framing.subprotocol]),
      framing,
      {
        spoken: () => {
          this.#offer = "yes";
        },
        ended: (ended, event) => {
          this.#open.delete(ended);
          this.#carryOn(ended, event);
        },
      },
    );
    this.#open.add(socket);
    return socket;
  }

  /** Its channels end with it, or go on over sockets of their own where it turns out that none are shared. */
  #carryOn(socket: SharedSocket, event: CloseEvent): void {
    if (socket.isRefusedBy(event)) this.#offer = "no";
    for (const channel of socket.channels) {
      if (socket.hasSpoken || this.#offer === "yes") channel.end(event);
      // A socket that never opened tells nothing yet: the server may be away.
      else channel.goDirect(() => this.#missed());
    }
  }

  /** A socket of its own opened where a shared one had not: by chance, if the server came back in between. */
  #missed(): void {
    this.#misses += 1;
    if (this.#offer === "unknown" && this.#misses === MISSES) this.#offer = "no";
  }
}

interface SharedSocketEvents {
  /** The server said something in this protocol. */
  spoken(): void;
  ended(socket: SharedSocket, event: CloseEvent): void;
}

class SharedSocket {
  readonly #runtime: Runtime;
  readonly #socket: WebSocket;
  readonly #framing: Framing<Frame>;
  readonly #events: SharedSocketEvents;
  readonly #channels = new Map<number, Channel>();
  #last = 0;
  #out: Frame[] = [];
  #willFlush = false;
  #isOver = false;
  #isOpen = false;
  #isForeign = false;
  #isLeaving = false;
  hasSpoken = false;

  constructor(runtime: Runtime, socket: WebSocket, framing: Framing<Frame>, events: SharedSocketEvents) {
    this.#runtime = runtime;
    this.#socket = socket;
    this.#framing = framing;
    this.#events = events;
    socket.onopen = () => {
      this.#isOpen = true;
      for (const [number, channel] of [...this.#channels]) this.#start(number, channel);
    };
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = (event) => this.#end(event);
  }

  get size(): number {
    return this.#channels.size;
  }
  /** False also for one that closes unused: what joined it would be cut off with it. */
  get hasRoom(): boolean {
    return !this.#isLeaving && this.#channels.size < MAX_CHANNELS;
  }
  get channels(): Channel[] {
    return [...this.#channels.values()];
  }

  /** It answered, but not in this protocol: a link that broke says nothing. */
  isRefusedBy({ code }: CloseEvent): boolean {
    return !this.hasSpoken && (this.#isForeign || (this.#isOpen && code !== 1006));
  }

  add(channel: Channel): void {
    this.#last += 1;
    const number = this.#last;
    channel.joined({
      send: (frame) => this.#write(this.#framing.frame(number, frame)),
      leave: (code, reason) => this.#leave(number, code, reason),
    });
    this.#channels.set(number, channel);
    // Not at once: whoever asked for the channel has no listeners on it yet.
    if (this.#isOpen) queueMicrotask(() => this.#start(number, channel));
  }

  #start(number: number, channel: Channel): void {
    if (this.#isOver || this.#channels.get(number) !== channel) return;
    this.#write(this.#framing.control(number, channel.path));
    channel.opened();
  }

  #leave(number: number, code: number, reason: string): void {
    if (!this.#channels.delete(number)) return;
    if (this.#isOpen) this.#write(this.#framing.control(number, closeText(code, reason)));
    if (this.#channels.size > 0) return;
    // A macrotask later: one connection often makes room for the next.
    this.#runtime.later(0, () => {
      if (this.#channels.size > 0 || this.#isOver) return;
      this.#isLeaving = true;
      this.#flush();
      this.#socket.close(1000, "unused");
    });
  }

  #write(record: Frame): void {
    this.#out.push(record);
    if (this.#willFlush) return;
    this.#willFlush = true;
    queueMicrotask(() => this.#flush());
  }

  /** What every channel says in one turn leaves in as few frames as the bounds allow. */
  #flush(): void {
    this.#willFlush = false;
    const out = this.#out;
    this.#out = [];
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    let from = 0;
    let size = 0;
    for (const [at, record] of out.entries()) {
      if (at > from && (at - from === MAX_RECORDS_SENT || size + record.length > MAX_FRAME)) {
        this.#socket.send(this.#framing.join(out.slice(from, at)) as string);
        from = at;
        size = 0;
      }
      size += record.length;
    }
    if (from < out.length) this.#socket.send(this.#framing.join(from === 0 ? out : out.slice(from)) as string);
  }

  #receive(data: unknown): void {
    try {
      const records = this.#framing.read(data);
      if (!this.hasSpoken) this.#events.spoken();
      this.hasSpoken = true;
      for (const record of records) this.#take(record);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#isForeign = true;
      this.#socket.close();
    }
  }

  #take(record: MuxRecord<Frame>): void {
    const { channel: number, control } = record;
    // Of the socket itself: why it is about to close, which every channel is told.
    if (number === 0 && control === null) for (const channel of this.channels) channel.received(record.frame);
    const channel = this.#channels.get(number);
    if (channel === undefined) return;
    if (control === null) {
      channel.received(record.frame);
      return;
    }
    this.#channels.delete(number);
    channel.end(readClose(control) as CloseEvent);
  }

  #end(event: CloseEvent): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.ended(this, event);
  }
}

/** A channel's way out. */
interface Carrier {
  send(frame: Frame): void;
  leave(code: number, reason: string): void;
}

const [CONNECTING, OPEN, CLOSED] = [0, 1, 3];

class Channel implements LinkSocket {
  readonly path: string;
  readonly OPEN = OPEN;
  readonly CLOSED = CLOSED;
  onopen: LinkSocket["onopen"] = null;
  onmessage: LinkSocket["onmessage"] = null;
  onclose: LinkSocket["onclose"] = null;
  readonly #openDirectly: () => LinkSocket;
  #carrier: Carrier | undefined;
  /** The socket of its own, once it has one. */
  #direct: LinkSocket | undefined;
  #state = CONNECTING;

  constructor(path: string, openDirectly: () => LinkSocket) {
    this.path = path;
    this.#openDirectly = openDirectly;
  }

  get readyState(): number {
    return this.#direct?.readyState ?? this.#state;
  }

  send(frame: Frame): void {
    if (this.#direct !== undefined) this.#direct.send(frame);
    else if (this.#state === OPEN) this.#carrier?.send(frame);
  }

  close(code = 1000, reason = ""): void {
    if (this.#direct !== undefined) {
      this.#direct.close(code, reason);
      return;
    }
    if (this.#state === CLOSED) return;
    this.#state = CLOSED;
    this.#carrier?.leave(code, reason);
    queueMicrotask(() => this.onclose?.({ code, reason } as CloseEvent));
  }

  joined(carrier: Carrier): void {
    this.#carrier = carrier;
  }

  opened(): void {
    this.#state = OPEN;
    this.onopen?.(new Event("open"));
  }

  received(data: Frame): void {
    this.onmessage?.({ data } as MessageEvent);
  }

  end(event: CloseEvent): void {
    if (this.#state === CLOSED) return;
    this.#state = CLOSED;
    this.onclose?.(event);
  }

  /** Starts over on a socket of its own; `opened` is called if that opens. */
  goDirect(opened: () => void): void {
    if (this.#state === CLOSED) return;
    const direct = this.#openDirectly();
    this.#direct = direct;
    direct.onopen = (event) => {
      opened();
      this.onopen?.(event);
    };
    direct.onmessage = (event) => this.onmessage?.(event);
    direct.onclose = (event) => this.onclose?.(event);
  }
}
