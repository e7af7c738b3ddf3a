/** Actors for what happens while an object is out of memory, and a count of the lives of each object. */
import { actor, anyOf, bearer, event, party, setup, Visitor } from "byward";
import type { Registry } from "../../src/registry/registry.ts";
import { operated } from "./operated.ts";

const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });

const createRoom = (noSleep: boolean) =>
  actor({
    by: anyOf(User, Visitor),
    state: { banned: [] as string[], gone: 0, woken: 0 },
    connState: { count: 0 },
    events: { said: event<string>() },
    options: { sleepTimeout: 500, noSleep },
    canInvoke: (c, invoke) => {
      if (invoke.kind === "subscribe") return c.caller.party === "User" && !c.state.banned.includes(c.caller.identity);
      return true;
    },
    onWake: (c) => {
      c.state.woken += 1;
    },
    onDisconnect: (c, conn) => {
      if (conn.isHibernatable) c.state.gone += 1;
    },
    actions: {
      say: (c, text: string) => c.broadcast("said", text),
      ban: (c, name: string) => void c.state.banned.push(name),
      count: (c) => {
        const state = c.conn.state as { count: number };
        state.count += 1;
        return {
          count: state.count,
          params: c.conn.params,
          identity: "identity" in c.caller ? c.caller.identity : null,
        };
      },
      sayIn: (c, delay: number, text: string) => c.schedule.after(delay, "say", text),
      look: (c) => ({ gone: c.state.gone, woken: c.state.woken, conns: c.conns.size }),
    },
  });

const registry = setup({
  use: { room: createRoom(false), restless: createRoom(true) },
  skew: 0,
  limits: { maxIncomingMessageSize: 20_000 },
}) as unknown as Registry;
const { Actor } = registry.worker();
const lives = new Map<string, number>();

export class BywardActor extends Actor {
  constructor(ctx: never, env: never) {
    super(ctx, env);
    const { name = "" } = (ctx as { id: { name?: string } }).id;
    lives.set(name, (lives.get(name) ?? 0) + 1);
  }
}

const handler = operated(registry);
export default {
  fetch(request: Request, env: object): Promise<Response> | Response {
    const url = new URL(request.url);
    if (url.pathname === "/lives") return Response.json(lives.get(url.searchParams.get("of") ?? "") ?? 0);
    if (url.pathname === "/object") {
      const { BYWARD_ACTOR: objects } = env as { BYWARD_ACTOR: { idFromName(name: string): object } };
      return Response.json(String(objects.idFromName(url.searchParams.get("of") ?? "")));
    }
    return handler.fetch(request, env);
  },
};
