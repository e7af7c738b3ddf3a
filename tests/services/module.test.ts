/** Services as a module of a platform: fetch, scheduled, queue, and what such a module refuses. */
import { ack, bearer, party, retry, service, serviceModule, setup, signature, Visitor } from "byward";
import { expect, test } from "vitest";
import { z } from "zod";
import { createRig, ENV, get, post, show } from "./rig.ts";

const User = party("User", { auth: bearer({ secret: "KEY" }) });
const Named = party("Named", { auth: signature({ secret: "HOOK", header: "X-Signature", id: "X-Id" }) });
const rig = createRig();
const ran: unknown[] = [];

const shop = service({
  by: Visitor,
  cors: { origins: ["https://app.example"] },
  routes: {
    "GET /open": { handle: (c) => c.host.env("GREETING") ?? "none" },
    "GET /me": { by: User, handle: (c) => c.caller.identity },
    "POST /named": { by: Named, handle: () => void ran.push("named") },
    "GET /send": { handle: (c): Promise<unknown> => c.send(shop.queues["work-queue"], { n: 1 }) },
    "GET /client": { handle: (c) => String(c.client()) },
    "GET /call": { handle: (c): Promise<number> => c.call(shop.calls.twice)(21) },
    "GET /later": {
      handle: (c) => {
        c.waitUntil(Promise.resolve().then(() => ran.push("later")));
        return "now";
      },
    },
  },
  calls: { twice: { handle: (_c, n: number) => n * 2 } },
  crons: { nightly: { schedule: "0 3 * * *", handle: (c) => void ran.push([c.caller.party, c.scheduledAt]) } },
  queues: {
    "work-queue": {
      message: z.object({ n: z.number() }),
      handle: (c, message) => {
        ran.push([c.caller.party, message.id, message.body.n, message.attempt]);
        return message.body.n > 1 ? retry("too much") : ack();
      },
    },
  },
});

const worker = serviceModule(
  { shop },
  {
    host: (env) => ({
      ...rig.host,
      env: (name) => (env?.[name] ?? ENV[name as keyof typeof ENV]) as string | undefined,
    }),
  },
);

test("fetch answers under the gate, with settings of its environment", async () => {
  expect(await (await worker.fetch(get("/open"), { GREETING: "hello" })).json()).toBe("hello");
  expect(await (await worker.fetch(get("/open"), {})).json()).toBe("none");
  expect(await (await worker.fetch(get("/me", rig.bearer("ann")), {})).json()).toBe("ann");
  expect(await show(await worker.fetch(get("/me"), {}))).toBe("401 auth/unauthenticated");
  expect(await (await worker.fetch(get("/call"), {})).json()).toBe(42);
  const stamped = await worker.fetch(get("/open", { origin: "https://app.example" }), {});
  expect(stamped.headers.get("access-control-allow-origin")).toBe("https://app.example");
});

test("what needs something durable is refused, not half done", async () => {
  ran.length = 0;
  expect((await worker.fetch(get("/send"), {})).status).toBe(500);
  expect((await worker.fetch(get("/client"), {})).status).toBe(500);
  const { createHmac } = await import("node:crypto");
  const digest = createHmac("sha256", ENV.HOOK).update("{}").digest("hex");
  expect((await worker.fetch(post("/named", "{}", { "x-signature": digest, "x-id": "1" }), {})).status).toBe(500);
  expect(ran).toEqual([]);
});

test("a missing secret is 500 for every route of the module", async () => {
  const own = serviceModule(
    { shop: service({ by: User, routes: { "GET /me": { handle: () => 1 } } }) },
    {
      host: { ...rig.host, env: () => undefined },
    },
  );
  const answer = await own.fetch(get("/me"));
  expect(answer.status).toBe(500);
  expect(await answer.text()).not.toContain("KEY");
});

test("scheduled runs the crons with its text, as Scheduler, and nothing else", async () => {
  ran.length = 0;
  await worker.scheduled({ cron: "0 3 * * *", scheduledTime: 123 }, {});
  await worker.scheduled({ cron: "0 4 * * *", scheduledTime: 456 }, {});
  expect(ran).toEqual([["Scheduler", 123]]);
});

test("queue hands each message to its consumer, and tells the platform what came of it", async () => {
  ran.length = 0;
  const told: string[] = [];
  const message = (id: string, body: unknown) => ({
    id,
    timestamp: new Date(0),
    body,
    attempts: 2,
    ack: () => void told.push(`${id} ack`),
    retry: () => void told.push(`${id} retry`),
  });
  const messages = [message("a", { n: 1 }), message("b", { n: 2 }), message("c", { n: "x" })];
  await worker.queue({ queue: "work-queue", messages }, {});
  expect(ran).toEqual([
    ["Producer", "a", 1, 2],
    ["Producer", "b", 2, 2],
  ]);
  expect(told).toEqual(["a ack", "b retry", "c retry"]);
  await expect(worker.queue({ queue: "other", messages: [] }, {})).rejects.toThrow(/no service/i);
});

test("a message whose schema throws comes again; the others of its batch are handled", async () => {
  const seen: unknown[] = [];
  const validate = (value: unknown) => {
    if (value === "bad") throw new Error("no");
    return { value };
  };
  const schema = { "~standard": { version: 1, vendor: "test", validate } } as const;
  const own = serviceModule(
    {
      jobs: service({ queues: { jobs: { message: schema as never, handle: (_c, { body }) => void seen.push(body) } } }),
    },
    { host: rig.host },
  );
  const told: string[] = [];
  const messages = ["bad", "good"].map((body) => ({
    id: body,
    timestamp: new Date(0),
    body,
    attempts: 1,
    ack: () => void told.push(`${body} ack`),
    retry: () => void told.push(`${body} retry`),
  }));
  await own.queue({ queue: "jobs", messages }, {});
  expect(told).toEqual(["bad retry", "good ack"]);
  expect(seen).toEqual(["good"]);
});

test("waitUntil is handed to the platform", async () => {
  ran.length = 0;
  const waits: Promise<unknown>[] = [];
  const answer = await worker.fetch(get("/later"), {}, { waitUntil: (promise) => waits.push(promise) });
  expect(await answer.json()).toBe("now");
  await Promise.all(waits);
  expect(ran).toEqual(["later"]);
});

test("the same services stand in a registry, several parts under one name", async () => {
  const part = service({ by: Visitor, routes: { "GET /part": { handle: (c) => c.service } } });
  const registry = setup({ services: { ...worker.services, "library.desk": [part] }, host: rig.host });
  expect(await (await registry.fetch(get("/part"))).json()).toBe("library.desk");
  expect(await (await registry.fetch(get("/open"))).json()).toBe("none");
  await registry.close();
});
