import { Client } from "colyseus.js";

export async function open({ url, token }) {
  const room = await new Client(url.replace("http", "ws")).joinOrCreate("echo", { token });
  const waiting = new Map();
  let id = 0;
  room.onMessage("echo", (message) => {
    const done = waiting.get(message.id);
    waiting.delete(message.id);
    done(message.output === "hello world" ? undefined : new Error("not an echo"));
  });
  return {
    begin: (done) => {
      waiting.set(++id, done);
      room.send("echo", { id, args: ["hello world"] });
    },
  };
}
