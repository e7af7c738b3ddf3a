import { io } from "socket.io-client";

export async function open({ url, token }) {
  const socket = io(url, { transports: ["websocket"], auth: { token }, reconnection: false });
  await new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("connect_error", reject);
  });
  return {
    begin: (done) =>
      socket.emit("echo", "hello world", ({ output }) =>
        done(output === "hello world" ? undefined : new Error("not an echo")),
      ),
  };
}
