/** Socket.IO: the token is verified in a middleware of the handshake; each call is answered by its acknowledgement. */
import { createServer } from "node:http";
import { Server } from "socket.io";
import { listening, mayEcho, subjectOf } from "./verify.mjs";

export function serve() {
  const http = createServer();
  const io = new Server(http, { transports: ["websocket"], perMessageDeflate: false });
  io.use(async (socket, next) => {
    try {
      socket.data.subject = await subjectOf(socket.handshake.auth.token);
      next();
    } catch (error) {
      next(error);
    }
  });
  io.on("connection", (socket) => {
    socket.on("echo", (text, answer) => {
      if (!mayEcho("echo", socket.data.subject)) return answer({ error: "forbidden" });
      return answer({ output: text });
    });
  });
  return new Promise((resolve) => http.listen(0, "127.0.0.1", () => resolve({ url: listening(http) })));
}
