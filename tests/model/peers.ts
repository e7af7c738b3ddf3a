/** Owns the other ends of connections: sockets and streams of events, and what was seen on them. */
import type { ConnectionView } from "./definition.ts";

export interface Peer {
  readonly kind: "rpc" | "raw" | "sse";
  readonly socket: PeerSocket | null;
  readonly delivered: Record<string, number>;
  readonly ended: string[];
  closed: string | null;
  echoes: number;
  hangUp(): void;
}

/** A socket whose other end is the world. */
export class PeerSocket {
  readonly protocol: string;
  readonly bufferedAmount = 0;
  // biome-ignore lint/suspicious/noExplicitAny: parsed frames
  readonly messages: any[] = [];
  closed: string | null = null;
  onClose: (() => void) | null = null;
  #handlers: { message(data: string): void; close(code: number, reason: string): void } | null = null;

  constructor(protocol: string) {
    this.protocol = protocol;
  }
  send(data: string | Uint8Array): void {
    if (this.closed !== null) throw new Error("a frame after the close");
    if (data === "hi" || data === "pong") this.messages.push({ t: data });
    else this.messages.push(...[JSON.parse(data as string)].flat());
  }
  close(code: number, reason: string): void {
    this.closed ??= `${code} ${reason}`;
    this.#handlers?.close(code, reason);
  }
  terminate(): void {
    this.close(1006, "");
  }
  attach(handlers: { message(data: string): void; close(code: number, reason: string): void }): void {
    this.#handlers = handlers;
  }
  say(message: object | string): void {
    this.#handlers?.message(typeof message === "string" ? message : JSON.stringify(message));
  }
  hangUp(): void {
    this.#handlers?.close(1006, "");
  }
}

/** Reads a stream of events as a connection of its own. */
export function listen(body: ReadableStream<Uint8Array>, name: string, aborted: AbortController): Peer {
  const peer: Peer = {
    kind: "sse",
    socket: null,
    delivered: {},
    ended: [],
    closed: null,
    echoes: 0,
    hangUp: () => aborted.abort(),
  };
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const next = (): void => {
    reader.read().then(
      ({ done, value }) => {
        if (done) return;
        for (const text of decoder.decode(value).split("\n\n")) hear(peer, name, text);
        next();
      },
      () => {},
    );
  };
  next();
  return peer;
}

function hear(peer: Peer, name: string, text: string): void {
  const kind = /^event: (\w+)$/m.exec(text)?.[1] ?? null;
  const data = /^data: (.*)$/m.exec(text)?.[1];
  if (data === undefined || kind === "ready") return;
  if (kind === null) peer.delivered[name] = (peer.delivered[name] ?? 0) + 1;
  else {
    const { group, code } = JSON.parse(data);
    if (kind === "expired") peer.closed = `3000 ${group}/${code}`;
    else peer.ended.push(`${name} ${group}/${code}`);
  }
}

/** What the peer has seen so far. */
export function viewOf(peer: Peer): ConnectionView {
  const { socket } = peer;
  if (socket === null) {
    const { closed, delivered, ended, echoes } = peer;
    return { closed, delivered: { ...delivered }, ended: [...ended], echoes };
  }
  const delivered: Record<string, number> = {};
  for (const { t, name } of socket.messages) if (t === "event") delivered[name] = (delivered[name] ?? 0) + 1;
  const ended = socket.messages.flatMap(({ t, id, event, group, code }) =>
    t === "error" && id === undefined && event !== undefined ? [`${event} ${group}/${code}`] : [],
  );
  const echoes = socket.messages.filter(({ t }) => t === "pong").length;
  return { closed: socket.closed, delivered, ended, echoes };
}
