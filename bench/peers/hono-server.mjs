/** Hono on Node with its JWT middleware. */
import { serve as serveNode } from "@hono/node-server";
import { Hono } from "hono";
import { jwt } from "hono/jwt";
import { mayEcho } from "./verify.mjs";

export function serve() {
  const app = new Hono();
  app.use("/*", jwt({ secret: "a-bench-secret-of-at-least-32-bytes!", alg: "HS256" }));
  app.post("/echo", async (c) => {
    if (!mayEcho("echo", c.get("jwtPayload").sub)) return c.json({ error: "forbidden" }, 403);
    const [text] = await c.req.json();
    return c.json({ output: text });
  });
  return new Promise((resolve) => {
    serveNode({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) =>
      resolve({ url: `http://127.0.0.1:${port}` }),
    );
  });
}
