/** Our client over one connection: `conn.echo("hello world")`. */
import { createClient } from "byward/client";
import WebSocket from "ws";
import type { Side } from "../harness/child.ts";

interface Options {
  readonly url: string;
  readonly token: string;
  /** Node's own WebSocket in place of `ws`. */
  readonly native?: boolean;
}

export async function open({ url, token, native }: Options): Promise<Side> {
  const socket = native === true ? {} : { WebSocket: WebSocket as unknown as typeof globalThis.WebSocket };
  const conn = createClient(url, { token, ...socket })
    .getOrCreate("bench", "one")
    .connect();
  const echo = conn["echo"] as (text: string) => Promise<unknown>;
  if ((await echo("hello world")) !== "hello world") throw new Error("not an echo");
  return {
    begin: (done) => {
      echo("hello world").then(() => done(), done);
    },
  };
}
