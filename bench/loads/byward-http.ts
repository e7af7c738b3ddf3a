/** Our client without a connection: `handle.echo("hello world")` over its `fetch`. */
import { createClient } from "byward/client";
import type { Side } from "../harness/child.ts";

export async function open({ url, token }: { readonly url: string; readonly token: string }): Promise<Side> {
  const handle = createClient(url, { token }).getOrCreate("bench", "one");
  const echo = handle["echo"] as (text: string) => Promise<unknown>;
  if ((await echo("hello world")) !== "hello world") throw new Error("not an echo");
  return {
    begin: (done) => {
      echo("hello world").then(() => done(), done);
    },
  };
}
