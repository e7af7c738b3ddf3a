/** tRPC over WebSocket: the token comes as a connection parameter and is verified when the context is made. */
import { createServer } from "node:http";
import { initTRPC, TRPCError } from "@trpc/server";
import { applyWSSHandler } from "@trpc/server/adapters/ws";
import { WebSocketServer } from "ws";
import { z } from "zod";
import { listening, mayEcho, subjectOf } from "./verify.mjs";

const t = initTRPC.context().create();
const guarded = t.procedure.use(({ ctx, path, next }) => {
  if (!mayEcho(path, ctx.subject)) throw new TRPCError({ code: "FORBIDDEN" });
  return next();
});
const router = t.router({ echo: guarded.input(z.string()).query(({ input }) => input) });

export function serve() {
  const http = createServer();
  applyWSSHandler({
    wss: new WebSocketServer({ server: http, perMessageDeflate: false }),
    router,
    createContext: async ({ info }) => ({ subject: await subjectOf(info.connectionParams?.token ?? "") }),
  });
  return new Promise((resolve) => http.listen(0, "127.0.0.1", () => resolve({ url: listening(http) })));
}
