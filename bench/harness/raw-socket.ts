/**
 * Owns a WebSocket client that costs next to nothing: a TCP connection, the handshake written by hand, frames out masked with
 * zero, bytes in handed on unread. For loads of thousands of connections, where a real client would be what is measured.
 */
import { connect, type Socket } from "node:net";

const PING = 0x89;
const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);

export class RawSocket {
  readonly #socket: Socket;
  /** Called with what came, heads of frames included. */
  onBytes: (bytes: Buffer) => void = () => {};
  onClose: (() => void) | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static open(url: string, path: string): Promise<RawSocket> {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      const socket = connect({ port: Number(port), host: hostname, noDelay: true });
      const raw = new RawSocket(socket);
      socket.on("error", reject);
      socket.on("close", () => raw.onClose?.());
      socket.once("connect", () =>
        socket.write(
          `GET ${path} HTTP/1.1\r\nhost: ${hostname}:${port}\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-protocol: byward.v1\r\n\r\n`,
        ),
      );
      socket.once("data", (head) => {
        if (!head.toString("latin1").startsWith("HTTP/1.1 101")) {
          reject(new Error(head.toString("latin1").split("\r\n")[0]));
          return;
        }
        socket.on("data", (bytes) => {
          // A server drops who does not answer its pings. In JSON no byte is 0x89; the length of a frame may be, and an
          // answer to no question is allowed (RFC 6455 §5.5.3).
          if (bytes.includes(PING)) socket.write(PONG);
          raw.onBytes(bytes);
        });
        resolve(raw);
      });
    });
  }

  send(text: string): void {
    const size = Buffer.byteLength(text);
    const head = size < 126 ? [0x81, 0x80 | size] : [0x81, 0x80 | 126, size >> 8, size & 255];
    this.#socket.write(Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), Buffer.from(text)]));
  }

  /** Sends, and resolves with the first bytes that come back. */
  ask(text: string): Promise<Buffer> {
    return new Promise((resolve) => {
      this.onBytes = resolve;
      this.send(text);
    });
  }

  close(): void {
    this.onClose = null;
    this.#socket.destroy();
  }
}

/** Opens `count` sockets, `width` at a time. */
export async function openMany(
  count: number,
  width: number,
  openOne: (index: number) => Promise<RawSocket>,
): Promise<RawSocket[]> {
  const sockets: RawSocket[] = [];
  for (let first = 0; first < count; first += width) {
    const size = Math.min(width, count - first);
    sockets.push(...(await Promise.all(Array.from({ length: size }, (_, index) => openOne(first + index)))));
  }
  return sockets;
}

/** A connection of ours that has said hello, and subscribes where told to. */
export async function openByward(
  url: string,
  token: string,
  options: { readonly key?: string; readonly event?: string } = {},
): Promise<RawSocket> {
  const socket = await RawSocket.open(url, `/actors/bench/${options.key ?? "one"}/connect`);
  const ready = await socket.ask(JSON.stringify({ t: "hello", token }));
  if (!ready.toString("latin1").includes('"t":"ready"')) throw new Error(`not ready: ${ready.toString("latin1")}`);
  if (options.event === undefined) return socket;
  const done = await socket.ask(JSON.stringify({ t: "subscribe", id: 1, name: options.event }));
  if (!done.toString("latin1").includes('"t":"result"')) throw new Error(`not subscribed: ${done.toString("latin1")}`);
  return socket;
}
