/** RivetKit 2.3's own client, over one WebSocket through the engine's gateway. */
import { loadKit } from "./rivetkit-engine-kit.ts";

export async function open({ url, token }) {
  const { createClient } = await loadKit("rivetkit/client");
  const client = createClient({ endpoint: url, encoding: "json" });
  const conn = client.bench.getOrCreate("one", { params: { token } }).connect();
  if ((await conn.echo("hello world")) !== "hello world") throw new Error("not an echo");
  return {
    begin: (done) => {
      conn.echo("hello world").then(() => done(), done);
    },
    close: () => client.dispose(),
  };
}
