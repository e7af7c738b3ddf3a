/** Our server with its dispatch replaced by an echo: the same frames, sockets and batching, and no gate, actor or lease. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import { NodeSocket } from "../../src/hosts/node/socket.ts";
import { readClientFrame } from "../../src/protocol/client-frames.ts";
import { jsonCodec } from "../../src/protocol/codec.ts";
import { writeResultText } from "../../src/protocol/json-shortcuts.ts";
import type { ClientMessage } from "../../src/protocol/messages.ts";
import type { Side } from "../harness/child.ts";

/** As many results in a frame as `actors/rpc.ts` puts there. */
const MAX_RESULTS = 8;

export function serve(): Promise<Side> {
  const http = createServer();
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, handleProtocols: () => "byward.v1" });
  http.on("upgrade", (request, stream, head) => {
    sockets.handleUpgrade(request, stream, head, (ws) => echo(new NodeSocket(ws, stream, () => {})));
  });
  return new Promise((resolve) => {
    http.listen(0, "127.0.0.1", () => resolve({ url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` }));
  });
}

function echo(socket: NodeSocket): void {
  let out: string[] = [];
  const flush = (): void => {
    if (out.length > 0) socket.send(out.length === 1 ? out[0]! : jsonCodec.list(out));
    out = [];
  };
  const answer = (message: ClientMessage): void => {
    if (message.t === "hello") {
      const now = Date.now();
      out.push(jsonCodec.encode({ t: "ready", actor: "a", connection: "c", expiresAt: null, now }) as string);
    } else if (message.t === "action") {
      out.push(writeResultText(message.id, message.args[0])!);
      if (out.length >= MAX_RESULTS) flush();
    }
  };
  socket.attach({
    message: (data) => {
      for (const message of readClientFrame(jsonCodec, data)) answer(message);
      void Promise.resolve().then(flush);
    },
    close: () => {},
  });
}
