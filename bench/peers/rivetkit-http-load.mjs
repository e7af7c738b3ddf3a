/** RivetKit's own stateless call: HTTP under its client. */
import { createClient } from "rivetkit/client";

export async function open({ url, token }) {
  const client = createClient({ endpoint: url, encoding: "json" });
  const handle = client.bench.getOrCreate("one", { params: { token } });
  if ((await handle.echo("hello world")) !== "hello world") throw new Error("not an echo");
  return {
    begin: (done) => {
      handle.echo("hello world").then(() => done(), done);
    },
  };
}
