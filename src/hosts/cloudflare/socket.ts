/**
 * Owns WebSockets of an object as the runtime's `Socket`: those that may outlive the object's memory, with what they are
 * resumed from in their attachment, and those that hold it.
 */
import type { Socket, SocketHandlers } from "../port.ts";
import type { PlatformSocket } from "./platform.ts";

const OPEN = 1;
/** What the platform takes is 16 KiB after encoding; half of it is ours, the rest is margin. */
export const ATTACHMENT_BUDGET = 8192;
const utf8 = new TextEncoder();

/** Where texts go that are too long for an attachment. */
export interface OverflowRows {
  put(id: string, text: string): void;
  delete(id: string): void;
}

export interface HibernatingOptions {
  readonly rows: OverflowRows;
  /** Longest frame that is looked at. */
  readonly maxPayload: number;
}

/** What stands in an attachment: the text itself, or the id of the row that holds it. */
export type Attachment = { readonly text: string } | { readonly row: string };

/** A socket that the platform keeps while the object is out of memory. */
export class HibernatingSocket implements Socket {
  /** The platform tells the server's end nothing of it, and nobody above asks. */
  readonly protocol = "";
  /** The platform does not say how much waits. */
  readonly bufferedAmount = 0;
  readonly #socket: PlatformSocket;
  readonly #rows: OverflowRows;
  readonly #maxPayload: number;
  #handlers: SocketHandlers | null = null;
  #describe: (() => string) | null = null;
  #attached: string | null = null;
  #row: string | null = null;
  #isClosed = false;

  constructor(socket: PlatformSocket, options: HibernatingOptions, before: Attachment | null = null) {
    this.#socket = socket;
    this.#rows = options.rows;
    this.#maxPayload = options.maxPayload;
    if (before !== null && "row" in before) this.#row = before.row;
  }

  /** The row that holds what it is resumed from; null where its attachment does. */
  get row(): string | null {
    return this.#row;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  attach(handlers: SocketHandlers): void {
    this.#handlers = handlers;
  }

  remember(describe: () => string): void {
    this.#describe = describe;
  }

  /** Writes what the connection is resumed from, where it changed. `newId` names the row where one is needed. */
  persist(newId: () => string): void {
    if (this.#isClosed || this.#describe === null) return;
    const text = this.#describe();
    if (text === this.#attached) return;
    if (isWithinBudget(text)) {
      this.#socket.serializeAttachment({ text } satisfies Attachment);
      this.#dropRow();
    } else {
      this.#row ??= newId();
      this.#rows.put(this.#row, text);
      this.#socket.serializeAttachment({ row: this.#row } satisfies Attachment);
    }
    this.#attached = text;
  }

  send(data: string | Uint8Array): void {
    if (!this.#isClosed && this.#socket.readyState === OPEN) this.#socket.send(data);
  }

  close(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.#over();
    closeSocket(this.#socket, code, reason);
  }

  terminate(): void {
    this.close(1011, "");
  }

  received(data: string | ArrayBuffer): void {
    if (this.#isClosed) return;
    if ((typeof data === "string" ? data.length : data.byteLength) > this.#maxPayload) {
      this.close(1009, "message/incoming_too_long");
      this.#handlers?.close(1009, "");
      return;
    }
    this.#handlers?.message(typeof data === "string" ? data : new Uint8Array(data));
  }

  /** The peer closed it, or is gone. */
  ended(code: number, reason: string): void {
    this.#over();
    this.#handlers?.close(code, reason);
  }

  #over(): void {
    this.#isClosed = true;
    this.#dropRow();
    try {
      // What is over is not resumed, in whatever life of the object its peer says so.
      this.#socket.serializeAttachment(null);
    } catch {
      // The platform has let go of it.
    }
  }

  #dropRow(): void {
    if (this.#row !== null) this.#rows.delete(this.#row);
    this.#row = null;
  }
}

/** Texts of the platform's encoding take a byte or two for each unit; both are counted by the longer of the two. */
function isWithinBudget(text: string): boolean {
  if (text.length * 2 <= ATTACHMENT_BUDGET) return true;
  return text.length <= ATTACHMENT_BUDGET && utf8.encode(text).byteLength === text.length;
}

/** A socket that ends with the object's memory, and holds the object while it is open: raw sockets of actors. */
export class HoldingSocket implements Socket {
  readonly protocol = "";
  readonly bufferedAmount = 0;
  readonly #socket: PlatformSocket;
  #handlers: SocketHandlers | null = null;
  #early: (string | Uint8Array)[] = [];
  #isClosed = false;

  /** `maxPayload`: the longest frame that is looked at, where its peer is outside. */
  constructor(socket: PlatformSocket, maxPayload = Number.POSITIVE_INFINITY) {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.accept();
    socket.addEventListener("message", ({ data }) => {
      const frame = typeof data === "string" ? data : new Uint8Array(data as ArrayBuffer);
      if (this.#isClosed) return;
      if (frame.length > maxPayload) {
        this.close(1009, "message/incoming_too_long");
        this.#handlers?.close(1009, "");
        return;
      }
      if (this.#handlers === null) this.#early.push(frame);
      else this.#handlers.message(frame);
    });
    socket.addEventListener("close", ({ code = 1006, reason = "" }) => this.#ended(code, reason));
    socket.addEventListener("error", () => this.#ended(1006, ""));
  }

  attach(handlers: SocketHandlers): void {
    this.#handlers = handlers;
    const early = this.#early;
    this.#early = [];
    for (const data of early) handlers.message(data);
  }

  send(data: string | Uint8Array): void {
    if (!this.#isClosed && this.#socket.readyState === OPEN) this.#socket.send(data);
  }

  close(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSocket(this.#socket, code, reason);
  }

  terminate(): void {
    this.close(1011, "");
  }

  #ended(code: number, reason: string): void {
    if (!this.#isClosed) closeSocket(this.#socket, code, reason);
    this.#isClosed = true;
    this.#handlers?.close(code, reason);
  }
}

/** Codes that may not be sent (1005, 1006, 1015) answer as a plain close. */
export function closeSocket(socket: PlatformSocket, code: number, reason: string): void {
  try {
    socket.close(code === 1005 || code === 1006 || code === 1015 ? 1000 : code, reason.slice(0, 120));
  } catch {
    // It is closed already, or its peer is gone.
  }
}
