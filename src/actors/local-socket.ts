/**
 * Owns WebSockets without a network: a client's `WebSocket` whose other end is served in the same process, as by a
 * transport. Frames arrive in order and never within the call that sends them, as over a real link.
 */
import type { Socket, SocketHandlers } from "../hosts/port.ts";

/** What takes an upgrade: the subprotocol it selected, and what to call with the open socket. */
export interface LocalUpgrade {
  readonly protocol: string;
  serve(socket: Socket): void;
}

/** Where sockets lead. */
export interface LocalNetwork {
  /** `offered` are the subprotocols, in order of preference. */
  upgrade(url: URL, offered: readonly string[]): Promise<LocalUpgrade>;
  /** Sockets that are open, or on their way; for cutting them. */
  readonly sockets: Set<LocalSocket>;
}

type Handler = ((event: Event) => unknown) | null;
const TYPES = ["open", "message", "close", "error"] as const;

let callsHandlers: boolean | null = null;

/** Some platforms (`workerd`) call `on…` of any event target by themselves: a listener beside it would be called twice. */
function platformCallsHandlers(): boolean {
  if (callsHandlers === null) {
    callsHandlers = false;
    const target: EventTarget & { onprobe?: () => void } = new EventTarget();
    target.onprobe = () => {
      callsHandlers = true;
    };
    target.dispatchEvent(new Event("probe"));
  }
  return callsHandlers;
}

/** The client's end. */
export class LocalSocket extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSING = 2;
  readonly CLOSED = 3;
  readonly url: string;
  readonly extensions = "";
  readonly bufferedAmount = 0;
  readyState = 0;
  protocol = "";
  binaryType: "arraybuffer" | "blob" = "blob";
  declare onopen: Handler;
  declare onmessage: Handler;
  declare onclose: Handler;
  declare onerror: Handler;
  readonly #network: LocalNetwork;
  #server: ServerEnd | null = null;

  constructor(network: LocalNetwork, url: string | URL, protocols: string | readonly string[] = []) {
    super();
    const target = new URL(url);
    this.url = target.href;
    this.#network = network;
    this.#defineHandlers();
    network.sockets.add(this);
    void this.#open(target, [protocols].flat());
  }

  /** `onopen` and the others take their place among the listeners when they are first set, as in browsers. */
  #defineHandlers(): void {
    for (const type of TYPES) {
      let handler: Handler = null;
      let listens = false;
      Object.defineProperty(this, `on${type}`, {
        get: () => handler,
        set: (next: Handler) => {
          handler = next;
          if (listens) return;
          listens = true;
          if (platformCallsHandlers()) return;
          this.addEventListener(type, (event) => handler?.call(this, event));
        },
      });
    }
  }

  async #open(target: URL, offered: readonly string[]): Promise<void> {
    const { protocol, serve } = await this.#network.upgrade(target, offered);
    if (this.readyState !== 0) return;
    this.#server = new ServerEnd(protocol, {
      message: (data) => this.#received(data),
      close: (code, reason) => this.#closed(code, reason),
    });
    this.protocol = protocol;
    this.readyState = 1;
    serve(this.#server);
    this.dispatchEvent(new Event("open"));
  }

  send(data: string | ArrayBuffer | ArrayBufferView | Blob): void {
    if (this.readyState === 0) throw new DOMException("The socket is not open yet.", "InvalidStateError");
    if (this.readyState !== 1) return;
    if (data instanceof Blob) void data.arrayBuffer().then((bytes) => this.#server?.deliver(new Uint8Array(bytes)));
    else this.#server?.deliver(typeof data === "string" ? data : bytesOf(data));
  }

  close(code = 1000, reason = ""): void {
    if (code !== 1000 && !(code >= 3000 && code <= 4999)) {
      throw new DOMException(`A client cannot close with ${code}.`, "InvalidAccessError");
    }
    if (this.readyState >= 2) return;
    const isOpening = this.readyState === 0;
    this.readyState = 2;
    if (isOpening) queueMicrotask(() => this.#closed(1006, ""));
    else this.#server?.hangUp(code, reason);
  }

  /** The link breaks, or the server is gone: nobody is told why. */
  cut(cause: "link" | "crash"): void {
    if (cause === "crash") this.#server?.detach();
    if (this.#server === null) this.#closed(1006, "");
    else this.#server.hangUp(1006, "");
  }

  #received(data: string | Uint8Array): void {
    if (this.readyState !== 1) return;
    const payload =
      typeof data === "string" ? data : this.binaryType === "blob" ? new Blob([copyOf(data)]) : copyOf(data);
    this.dispatchEvent(new MessageEvent("message", { data: payload, origin: new URL(this.url).origin }));
  }

  #closed(code: number, reason: string): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.#network.sockets.delete(this);
    // Not every runtime has CloseEvent as a global.
    const event = Object.defineProperties(new Event("close"), {
      code: { value: code },
      reason: { value: reason },
      wasClean: { value: code !== 1006 },
    });
    this.dispatchEvent(event);
  }
}

interface ClientEnd {
  message(data: string | Uint8Array): void;
  close(code: number, reason: string): void;
}

/** The server's end. */
class ServerEnd implements Socket {
  readonly protocol: string;
  readonly bufferedAmount = 0;
  readonly #client: ClientEnd;
  #handlers: SocketHandlers | null = null;
  #isOver = false;

  constructor(protocol: string, client: ClientEnd) {
    this.protocol = protocol;
    this.#client = client;
  }

  attach(handlers: SocketHandlers): void {
    this.#handlers = handlers;
  }
  /** Its process is gone. */
  detach(): void {
    this.#handlers = null;
  }
  send(data: string | Uint8Array): void {
    if (this.#isOver) return;
    const sent = typeof data === "string" ? data : data.slice();
    queueMicrotask(() => this.#client.message(sent));
  }
  close(code: number, reason: string): void {
    this.hangUp(code, reason);
  }
  terminate(): void {
    this.hangUp(1006, "");
  }

  /** A frame of the client. */
  deliver(data: string | Uint8Array): void {
    queueMicrotask(() => {
      if (!this.#isOver) this.#handlers?.message(data);
    });
  }

  /** Either end closes; both learn it after the frames that were sent before. */
  hangUp(code: number, reason: string): void {
    if (this.#isOver) return;
    queueMicrotask(() => {
      if (this.#isOver) return;
      this.#isOver = true;
      this.#handlers?.close(code, reason);
      this.#client.close(code, reason);
    });
  }
}

function copyOf(data: Uint8Array): ArrayBuffer {
  return data.slice().buffer as ArrayBuffer;
}

function bytesOf(data: ArrayBuffer | ArrayBufferView): Uint8Array {
  if (data instanceof ArrayBuffer) return new Uint8Array(data.slice(0));
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
}
