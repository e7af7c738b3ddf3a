/** A bare `ws` client: one frame per message, the same JSON our client sends, read and written as JSON. */
import WebSocket from "ws";
import type { Side } from "../harness/child.ts";

export async function open({ url }: { readonly url: string }): Promise<Side> {
  const ws = new WebSocket(url.replace("http", "ws"), { perMessageDeflate: false });
  await new Promise((resolve, reject) => {
    ws.once("open", resolve);
    ws.once("error", reject);
  });
  const waiting: (() => void)[] = [];
  let head = 0;
  let id = 0;
  ws.on("message", (data) => {
    const { args } = JSON.parse(data.toString()) as { args: readonly string[] };
    if (args[0] !== "hello world") throw new Error("not an echo");
    const done = waiting[head]!;
    if (++head === waiting.length) {
      waiting.length = 0;
      head = 0;
    }
    done();
  });
  return {
    begin: (done) => {
      waiting.push(done);
      ws.send(JSON.stringify({ t: "action", id: ++id, name: "echo", args: ["hello world"] }));
    },
  };
}
