/** Actors and a service that call each other, and an actor that cannot be woken for a while. */
import { actor, anyOf, bearer, Caller, event, party, service, setup, signature, UserError, Visitor } from "byward";
import type { Registry } from "../../src/registry/registry.ts";
import { operated } from "./operated.ts";

const Hook = party("Hook", {
  auth: signature({ secret: "HOOK_SECRET", header: "x-signature", id: "x-delivery" }),
});
const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });

const shop = actor({
  by: anyOf(User, Caller, Visitor),
  state: { orders: [] as string[] },
  events: { ordered: event<string>() },
  canInvoke: (c, invoke) => !(invoke.kind === "action" && invoke.name === "inside") || c.caller.party === "Caller",
  actions: {
    order: (c, item: string) => {
      if (item === "nothing") throw new UserError("Order something.", { code: "empty", metadata: { item } });
      if (item === "fault") throw new Error("secret detail");
      c.state.orders.push(item);
      c.broadcast("ordered", item);
      return item;
    },
    inside: (c) => ("identity" in c.caller ? c.caller.identity : null),
    orders: (c) => [...c.state.orders],
  },
  onRequest: (_c, request) => Response.json([...request.headers.keys()]),
});

/** What a handler is told when a call of its own fails. */
const told = async (call: Promise<unknown>): Promise<unknown> => {
  try {
    return await call;
  } catch (error) {
    const { group, code, message, metadata } = error as Record<string, unknown>;
    return { group, code, message, metadata };
  }
};

const buyer = actor({
  by: Visitor,
  state: { heard: [] as string[] },
  actions: {
    buy: (c, key: string, item: string) =>
      told(
        c
          .client()
          .getOrCreate("shop", key)
          .action({ name: "order", args: [item] }),
      ),
    ask: (c, key: string) => told(c.client().getOrCreate("shop", key).action({ name: "inside" })),
    find: (c, key: string) => told(c.client().get("shop", key).action({ name: "orders" })),
    byId: async (c, key: string) => {
      const id = await c.client().getOrCreate("shop", key).resolve();
      return [id, await told(c.client().getForId("shop", id).action({ name: "orders" }))];
    },
    raw: async (c, key: string) => (await c.client().getOrCreate("shop", key).fetch("/headers")).json(),
    listen: async (c, key: string) => {
      const connection = c.client().getOrCreate("shop", key).connect() as unknown as {
        on(name: string, heard: (item: string) => void): void;
        action(call: object): Promise<unknown>;
        dispose(): Promise<void>;
      };
      const heard = new Promise<string>((resolve) => connection.on("ordered", resolve));
      await connection.action({ name: "orders" });
      await new Promise((resolve) => setTimeout(resolve, 50));
      await connection.action({ name: "order", args: ["over a connection"] });
      const item = await heard;
      await connection.dispose();
      return item;
    },
  },
});

/** How often waking it failed, by isolate; it succeeds after as many failures as the key says. */
const failures = new Map<string, number>();
const stubborn = actor({
  by: Visitor,
  state: { fired: 0 },
  options: { sleepTimeout: 100 },
  onWake: (c) => {
    const seen = failures.get(c.key.join()) ?? 0;
    if (seen === 0 || seen > Number(c.key[0])) return;
    failures.set(c.key.join(), seen + 1);
    throw new Error("not yet");
  },
  actions: {
    plan: async (c, delay: number) => {
      await c.schedule.after(delay, "fire");
      failures.set(c.key.join(), 1);
    },
    fire: (c) => {
      c.state.fired += 1;
    },
    fired: (c) => c.state.fired,
  },
});

const log: string[] = [];
const office = service({
  by: Visitor,
  routes: {
    "GET /office/log": { handle: () => log },
    "POST /office/orders/:item": {
      handle: (c) =>
        told(
          c
            .client()
            .getOrCreate("shop", "office")
            .action({ name: "order", args: [c.params.item] }),
        ),
    },
    "POST /office/hook": {
      by: Hook,
      handle: async () => {
        log.push("hook");
        await new Promise((resolve) => setTimeout(resolve, 200));
        return "done";
      },
    },
    "POST /office/mail/:text": {
      handle: (c): Promise<unknown> => c.send(office.queues.mail, c.params.text, { id: c.params.text }),
    },
  },
  crons: { nightly: { schedule: "0 3 * * *", handle: (c) => void log.push(`cron ${c.scheduledAt}`) } },
  queues: {
    mail: {
      maxAttempts: 2,
      handle: (c, { body: text }: { readonly body: unknown }) => {
        if (text === "poison") throw new Error("cannot be handled");
        log.push(`mail ${text} ${c.caller.party}`);
      },
    },
  },
});

const registry = setup({ use: { shop, buyer, stubborn }, services: { office }, skew: 0 }) as unknown as Registry;
const handler = operated(registry);

export const BywardActor = registry.worker().Actor;
export default {
  ...handler,
  async fetch(request: Request, env: object, context: never): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/platform/cron") {
      await handler.scheduled({ cron: "0 3 * * *", scheduledTime: 5 }, env);
      return new Response();
    }
    if (pathname === "/platform/queue") {
      const settled: string[] = [];
      const messages = ["one", "poison"].map((body) => ({
        id: body,
        timestamp: new Date(1),
        body,
        attempts: 1,
        ack: () => void settled.push(`ack ${body}`),
        retry: () => void settled.push(`retry ${body}`),
      }));
      await handler.queue({ queue: "mail", messages }, env);
      return Response.json(settled);
    }
    if (pathname === "/platform/dead") {
      return Response.json((await registry.deadLetters(office.queues.mail as never)).map(({ body }) => body));
    }
    return handler.fetch(request, env, context);
  },
};
