/** Owns the client's side of a shared socket for the crash harness: channels with the few members of a WebSocket it uses. */
import WebSocket from "ws";

/** What one load needs of its link. */
export interface LoadLink {
  readonly isOpen: boolean;
  send(frame: string): void;
  onOpen(listener: () => void): void;
  onFrame(listener: (frame: string) => void): void;
  onEnd(listener: () => void): void;
}

export function ownSocket(url: string, actorPath: string): LoadLink {
  const ws = new WebSocket(`${url.replace("http", "ws")}${actorPath}`, ["byward.v1"]);
  ws.on("error", () => {});
  return {
    get isOpen() {
      return ws.readyState === WebSocket.OPEN;
    },
    send: (frame) => ws.send(frame),
    onOpen: (listener) => void ws.on("open", listener),
    onFrame: (listener) => void ws.on("message", (data) => listener(data.toString())),
    onEnd: (listener) => void ws.on("close", () => listener()),
  };
}

/** Gives channels of one socket. */
export function sharedSocket(url: string): (actorPath: string) => LoadLink {
  const ws = new WebSocket(`${url.replace("http", "ws")}/_byward/connect`, ["byward.mux.v1"]);
  ws.on("error", () => {});
  const frames = new Map<number, (frame: string) => void>();
  const ends: (() => void)[] = [];
  let last = 0;
  ws.on("message", (data) => {
    for (const line of data.toString().split("\n")) {
      const at = line.indexOf(" ");
      frames.get(Number(line.slice(0, at)))?.(line.slice(at + 1));
    }
  });
  ws.on("close", () => {
    for (const end of ends) end();
  });
  return (actorPath) => {
    const channel = ++last;
    return {
      get isOpen() {
        return ws.readyState === WebSocket.OPEN;
      },
      send: (frame) => ws.send(`${channel} ${frame}`),
      onOpen: (listener) =>
        void ws.on("open", () => {
          ws.send(`${channel} ${actorPath}`);
          listener();
        }),
      onFrame: (listener) => void frames.set(channel, listener),
      onEnd: (listener) => void ends.push(listener),
    };
  };
}
