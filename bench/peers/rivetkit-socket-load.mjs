import { createClient } from "rivetkit/client";

export async function open({ url, token }) {
  const client = createClient({ endpoint: url, encoding: "json" });
  const conn = client.bench.getOrCreate("one", { params: { token } }).connect();
  if ((await conn.echo("hello world")) !== "hello world") throw new Error("not an echo");
  return {
    begin: (done) => {
      conn.echo("hello world").then(() => done(), done);
    },
  };
}
