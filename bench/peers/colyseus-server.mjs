/** Colyseus 0.15: the token is verified in `onAuth`; a message is answered by a message (MessagePack, its only encoding). */
import { createServer } from "node:http";
import colyseus from "@colyseus/core";
import { WebSocketTransport } from "@colyseus/ws-transport";
import { freePort, mayEcho, subjectOf } from "./verify.mjs";

const { Room, Server } = colyseus;

class EchoRoom extends Room {
  onCreate() {
    this.setPatchRate(null);
    this.onMessage("echo", (client, message) => {
      if (!mayEcho("echo", client.auth)) client.send("echo", { id: message.id, error: "forbidden" });
      else client.send("echo", { id: message.id, output: message.args[0] });
    });
  }
  async onAuth(_client, options) {
    return await subjectOf(options.token);
  }
}

export async function serve() {
  const http = createServer();
  const server = new Server({
    transport: new WebSocketTransport({ server: http, perMessageDeflate: false }),
    gracefullyShutdown: false,
    greet: false,
  });
  server.define("echo", EchoRoom);
  const port = await freePort();
  await server.listen(port, "127.0.0.1");
  return { url: `http://127.0.0.1:${port}` };
}
