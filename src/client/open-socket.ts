/** Owns the making of WebSockets, for connections and raw sockets alike, and the reading of why one closed. */
import type { Codec } from "../protocol/codec.ts";
import { ActorError, clientError } from "./errors.ts";
import type { Runtime } from "./runtime.ts";

/** From the first packet to the server's verdict, ms. Above the server's 10 s for `hello`, so that its answer comes first. */
export const OPEN_TIMEOUT = 15_000;

/** What a connection needs of a WebSocket; channels of a shared one have it too. */
export interface LinkSocket {
  readonly readyState: number;
  readonly OPEN: number;
  readonly CLOSED: number;
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  send(frame: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}

/** Opens the socket of a connection to the actor at this path. @throws ActorError `client/invalid_endpoint` */
export type Dial = (codec: Codec, path: string) => LinkSocket;

/** A socket for each connection. */
export const dialDirectly =
  (runtime: Runtime, endpoint: string): Dial =>
  (codec, path) =>
    openSocket(runtime, endpoint.replace(/^http/, "ws") + path, [codec.subprotocol]);

/** @throws ActorError `client/invalid_endpoint` */
export const openSocket = (runtime: Runtime, url: string, protocols: string[]): WebSocket => {
  let socket: WebSocket;
  try {
    socket = new runtime.WebSocket(url, protocols);
  } catch (error) {
    throw clientError("invalid_endpoint", "The endpoint or a subprotocol is not valid for a WebSocket.", error);
  }
  // Blobs would have to be awaited, and frames would overtake each other.
  socket.binaryType = "arraybuffer";
  // `close` follows and says more; without a listener, some implementations would throw.
  socket.addEventListener("error", () => {});
  return socket;
};

export const openTimeout = (): ActorError =>
  clientError("connect_timeout", `The server did not answer in ${OPEN_TIMEOUT} ms.`);

/** The error of a close that no error frame explained. A reason of ours is `group/code`. */
export const errorOfClose = ({ code, reason }: CloseEvent): ActorError => {
  const [group, name] = reason.split("/");
  return group && name
    ? new ActorError(group, name, `The server closed the socket (${code}).`)
    : clientError("connection_lost", `The socket closed, or could not be opened (${code}).`);
};
