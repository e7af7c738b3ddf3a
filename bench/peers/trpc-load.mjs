import { createTRPCClient, createWSClient, wsLink } from "@trpc/client";
import WebSocket from "ws";

export async function open({ url, token }) {
  const client = createWSClient({
    url: url.replace("http", "ws"),
    WebSocket,
    connectionParams: () => ({ token }),
  });
  const trpc = createTRPCClient({ links: [wsLink({ client })] });
  if ((await trpc.echo.query("hello world")) !== "hello world") throw new Error("not an echo");
  return {
    begin: (done) => {
      trpc.echo.query("hello world").then(() => done(), done);
    },
  };
}
