/** Bare `ws`: what the publisher sends is made one buffer and sent to every other connection in a loop. */
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import type { Side } from "../harness/child.ts";

export function serve(): Promise<Side> {
  return new Promise((resolve) => {
    const server: WebSocketServer = new WebSocketServer(
      { port: 0, host: "127.0.0.1", perMessageDeflate: false, handleProtocols: () => "byward.v1" },
      () => resolve({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }),
    );
    server.on("connection", (ws, request) => {
      if (request.url !== "/publisher") return;
      ws.on("message", (data) => {
        const { args } = JSON.parse(data.toString()) as { readonly args: readonly unknown[] };
        const prepared = Buffer.from(JSON.stringify({ t: "event", name: "news", args }));
        for (const client of server.clients) if (client !== ws) client.send(prepared, { binary: false });
        ws.send('{"t":"result"}');
      });
    });
  });
}
