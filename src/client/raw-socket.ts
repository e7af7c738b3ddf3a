/**
 * Owns raw WebSockets to an actor's `onWebSocket` (`docs/wire.md` §7): hello, admission, then the socket as it is.
 *
 * Invariants:
 * - Nobody sees the socket before the server admitted it; a refusal rejects with the server's error.
 * - No frame is lost between admission and the awaiting code's listeners: events are held for one macrotask.
 */
import { jsonCodec } from "../protocol/codec.ts";
import { SUBPROTOCOL } from "../protocol/messages.ts";
import { readServerFrame } from "../protocol/server-frames.ts";
import type { ClientConfig } from "./config.ts";
import { type ActorError, encoding, errorOfMessage, MalformedResponseMessage } from "./errors.ts";
import { errorOfClose, OPEN_TIMEOUT, openSocket, openTimeout } from "./open-socket.ts";
import { pathOf } from "./raw-fetch.ts";
import { askParams, askToken, helloOf, socketUrlOf, type Target } from "./target.ts";

/** @throws ActorError, or the signal's reason */
export const openRawSocket = async (
  config: ClientConfig,
  target: Target,
  path = "/",
  protocols: string | readonly string[] = [],
): Promise<WebSocket> => {
  const url = socketUrlOf(config, target, { kind: "websocket", path: pathOf(path) });
  const [token, params] = await Promise.all([askToken(config, false), askParams(config, target)]);
  target.signal?.throwIfAborted();
  const hello = encoding(() => jsonCodec.encode(helloOf(target, token, params), "hello"));
  const offers = [protocols].flat().map((protocol) => `${SUBPROTOCOL}+${protocol}`);
  const socket = openSocket(config.runtime, url, [...offers, SUBPROTOCOL]);
  const held = new HeldEvents(socket);
  try {
    await admitted(config, socket, held, hello, target.signal);
  } catch (error) {
    held.drop();
    socket.close();
    throw error;
  }
  nameProtocol(socket);
  config.runtime.later(0, () => held.release());
  return socket;
};

/** Settles with the server's verdict, which is the first frame. */
const admitted = (
  config: ClientConfig,
  socket: WebSocket,
  held: HeldEvents,
  hello: string,
  signal: AbortSignal | undefined,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const settle = (outcome: () => void): void => {
      cancel();
      signal?.removeEventListener("abort", stop);
      held.onEvent = undefined;
      outcome();
    };
    const stop = (): void => settle(() => reject(signal?.reason));
    const cancel = config.runtime.later(OPEN_TIMEOUT, () => settle(() => reject(openTimeout())));
    signal?.addEventListener("abort", stop, { once: true });
    socket.addEventListener("open", () => socket.send(hello), { once: true });
    held.onEvent = (event) => {
      if (event.type === "error") return;
      settle(() => {
        const error = refusalOf(event);
        if (error === undefined) resolve();
        else reject(error);
      });
    };
  });

/** Undefined if the event is the admission. */
const refusalOf = (event: Event): ActorError | undefined => {
  if (event.type === "close") return errorOfClose(event as CloseEvent);
  try {
    const [message] = readServerFrame(jsonCodec, (event as MessageEvent).data);
    if (message?.t === "ready") return undefined;
    if (message?.t === "error") return errorOfMessage(message);
  } catch (error) {
    return new MalformedResponseMessage("The first frame of the socket cannot be read.", error);
  }
  return new MalformedResponseMessage("The first frame of the socket is no admission.");
};

/** The application's own subprotocol, without our prefix, is what its libraries look for. */
const nameProtocol = (socket: WebSocket): void => {
  const value = socket.protocol.startsWith(`${SUBPROTOCOL}+`) ? socket.protocol.slice(SUBPROTOCOL.length + 1) : "";
  Object.defineProperty(socket, "protocol", { value, configurable: true });
};

const HELD = ["message", "close", "error"] as const;

/** Takes events away from later listeners, and gives them back in order. */
class HeldEvents {
  onEvent: ((event: Event) => void) | undefined;
  readonly #socket: WebSocket;
  readonly #events: Event[] = [];

  constructor(socket: WebSocket) {
    this.#socket = socket;
    for (const type of HELD) socket.addEventListener(type, this.#hold);
  }

  release(): void {
    this.drop();
    for (const event of this.#events) this.#socket.dispatchEvent(copyOf(event, this.#socket));
  }

  drop(): void {
    for (const type of HELD) this.#socket.removeEventListener(type, this.#hold);
  }

  readonly #hold = (event: Event): void => {
    event.stopImmediatePropagation();
    if (this.onEvent) this.onEvent(event);
    else this.#events.push(event);
  };
}

/** An event that was dispatched cannot be dispatched again. */
const copyOf = (event: Event, socket: WebSocket): Event => {
  if (event.type === "message") {
    const { data, origin } = event as MessageEvent;
    const isBlob = socket.binaryType === "blob" && data instanceof ArrayBuffer;
    return new MessageEvent("message", { data: isBlob ? new Blob([data]) : data, origin });
  }
  if (event.type !== "close") return new Event(event.type);
  const { code, reason, wasClean } = event as CloseEvent;
  // Not every runtime has CloseEvent as a global.
  return Object.defineProperties(new Event("close"), {
    code: { value: code },
    reason: { value: reason },
    wasClean: { value: wasClean },
  });
};
