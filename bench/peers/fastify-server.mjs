/** Fastify with its JWT plugin. */
import jwt from "@fastify/jwt";
import Fastify from "fastify";
import { mayEcho } from "./verify.mjs";

export async function serve() {
  const app = Fastify();
  await app.register(jwt, { secret: "a-bench-secret-of-at-least-32-bytes!" });
  app.addHook("onRequest", (request) => request.jwtVerify());
  app.post("/echo", async (request, reply) => {
    if (!mayEcho("echo", request.user.sub)) return reply.code(403).send({ error: "forbidden" });
    return { output: request.body[0] };
  });
  return { url: await app.listen({ port: 0, host: "127.0.0.1" }) };
}
