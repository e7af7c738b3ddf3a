/**
 * Owns what `onWebSocket` gets: the server's half of a raw socket as a web `WebSocket`. Frames that come before the
 * handler has run its synchronous part are held, within bounds; what is sent leaves in the order of the calls.
 */
import type { RawSocket, RawSocketEvents } from "./types.ts";

/** What a peer may send before it is admitted, or while its actor wakes. */
const MAX_EARLY_BYTES = 262_144;
const MAX_EARLY_FRAMES = 256;

type Listener<Type extends keyof RawSocketEvents> = (event: RawSocketEvents[Type]) => void;
type Listeners = { [Type in keyof RawSocketEvents]: Set<Listener<Type>> };

export interface FacadeOwner {
  readonly bufferedAmount: number;
  send(data: string | Uint8Array): void;
  close(code: number, reason: string): void;
}

export class RawSocketFacade implements RawSocket {
  readonly protocol: string;
  binaryType: "arraybuffer" | "uint8array" = "arraybuffer";
  onopen: Listener<"open"> | null = null;
  onmessage: Listener<"message"> | null = null;
  onclose: Listener<"close"> | null = null;
  onerror: Listener<"error"> | null = null;
  readonly #url: () => string;
  readonly #owner: FacadeOwner;
  readonly #listeners: Listeners = { open: new Set(), message: new Set(), close: new Set(), error: new Set() };
  #state: 0 | 1 | 2 | 3;
  /** Frames wait here until the handler has run its synchronous part; null from then on. */
  #early: (string | Uint8Array)[] | null = [];
  #earlyBytes = 0;
  /** Set while a Blob is being read: what is sent after it leaves after it. */
  #reading: Promise<void> | null = null;

  /** `isOpen`: the socket was there before this handler, which its actor's sleep made necessary. */
  constructor(protocol: string, url: () => string, isOpen: boolean, owner: FacadeOwner) {
    this.protocol = protocol;
    this.#url = url;
    this.#owner = owner;
    this.#state = isOpen ? 1 : 0;
  }

  get readyState(): 0 | 1 | 2 | 3 {
    return this.#state;
  }
  get url(): string {
    return this.#url();
  }
  get bufferedAmount(): number {
    return this.#owner.bufferedAmount;
  }

  send(data: string | ArrayBuffer | ArrayBufferView | Blob): void {
    if (this.#state >= 2) return;
    if (data instanceof Blob) this.#inTurn(async () => this.#owner.send(new Uint8Array(await data.arrayBuffer())));
    else if (this.#reading === null) this.#owner.send(bytesOf(data));
    else {
      const sent = copyOf(bytesOf(data));
      this.#inTurn(async () => this.#owner.send(sent));
    }
  }

  #inTurn(step: () => Promise<void>): void {
    const mine = (this.#reading ?? Promise.resolve()).then(step).catch((error: unknown) => {
      this.#emit("error", { type: "error", message: String(error) });
    });
    this.#reading = mine;
    void mine.then(() => {
      if (this.#reading === mine) this.#reading = null;
    });
  }

  close(code = 1000, reason = ""): void {
    if (this.#state >= 2) return;
    if (!(code >= 1000 && code <= 1003) && !(code >= 1007 && code <= 1011) && !(code >= 3000 && code <= 4999)) {
      throw new RangeError(`Close code ${code} is not allowed: use 1000–1003, 1007–1011 or 3000–4999.`);
    }
    this.#state = 2;
    const close = (): void => this.#owner.close(code, reason);
    if (this.#reading === null) close();
    else this.#inTurn(async () => close());
  }

  addEventListener<Type extends keyof RawSocketEvents>(type: Type, listener: Listener<Type>): void {
    this.#listeners[type].add(listener);
  }
  removeEventListener<Type extends keyof RawSocketEvents>(type: Type, listener: Listener<Type>): void {
    this.#listeners[type].delete(listener);
  }

  /** The handler has run its synchronous part: what came meanwhile is delivered. */
  started(): void {
    const early = this.#early;
    if (early === null) return;
    this.#early = null;
    if (this.#state === 0) {
      this.#state = 1;
      this.#emit("open", { type: "open" });
    }
    for (const data of early) this.received(data);
  }

  /** False when more came early than is held. */
  received(data: string | Uint8Array): boolean {
    if (this.#early !== null) {
      this.#earlyBytes += data.length;
      this.#early.push(data);
      return this.#earlyBytes <= MAX_EARLY_BYTES && this.#early.length <= MAX_EARLY_FRAMES;
    }
    if (this.#state !== 1) return true;
    const payload = typeof data === "string" || this.binaryType === "uint8array" ? data : toArrayBuffer(data);
    this.#emit("message", { type: "message", data: payload });
    return true;
  }

  /** The actor sleeps: this half is over without a word, another one follows. */
  detach(): void {
    this.#state = 3;
    for (const set of Object.values(this.#listeners)) set.clear();
    this.onopen = null;
    this.onmessage = null;
    this.onclose = null;
    this.onerror = null;
  }

  closed(code: number, reason: string): void {
    if (this.#state === 3) return;
    this.#state = 3;
    this.#early = null;
    this.#emit("close", { type: "close", code, reason, wasClean: code !== 1006 });
  }

  #emit<Type extends keyof RawSocketEvents>(type: Type, event: RawSocketEvents[Type]): void {
    // The handler property of this type takes exactly this event.
    const handler = this[`on${type}`] as Listener<Type> | null;
    for (const listener of [...(handler === null ? [] : [handler]), ...this.#listeners[type]]) {
      try {
        listener(event);
      } catch (error) {
        if (type !== "error") this.#emit("error", { type: "error", message: String(error) });
      }
    }
  }
}

function toArrayBuffer(data: Uint8Array): ArrayBuffer {
  return data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer;
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): string | Uint8Array {
  if (typeof data === "string" || data instanceof Uint8Array) return data;
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** What waits must not change when the handler changes its buffer. */
export function copyOf(data: string | Uint8Array): string | Uint8Array {
  return typeof data === "string" ? data : data.slice();
}
