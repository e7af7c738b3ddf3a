/** Bare `ws`: every frame goes back as it came. */
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import type { Side } from "../harness/child.ts";

export function serve(): Promise<Side> {
  return new Promise((resolve) => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false }, () => {
      resolve({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    });
    server.on("connection", (ws) => ws.on("message", (data) => ws.send(data.toString())));
  });
}
