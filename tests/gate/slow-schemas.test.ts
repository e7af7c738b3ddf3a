/** An asynchronous schema that never answers: what waits for it is refused in time, nothing ran, and nothing stays taken (G1, G12). */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { actor, Caller, party, queue, service, setup, signature, Visitor } from "byward";
import { expect, test } from "vitest";
import { virtual } from "./virtual.ts";

/** Settles when its text is "good", and never otherwise. */
const Slow: StandardSchemaV1<string, string> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => (value === "good" ? Promise.resolve({ value: "good" }) : new Promise(() => {})),
  },
};

const posted = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json", ...headers },
  body: typeof body === "string" ? body : JSON.stringify(body),
});

const FAULT = { group: "byward", code: "internal_error" };

function createRoom() {
  const ran: string[] = [];
  const room = actor({
    by: Visitor,
    options: { sleepTimeout: 60_000 },
    state: {},
    queues: { jobs: queue<string>({ message: Slow }) },
    guards: { actions: { act: { input: Slow }, serial: { input: Slow, serial: true } } },
    onSleep: () => {
      ran.push("slept");
    },
    actions: {
      act: (_c, text: string) => ran.push(text),
      serial: (_c, text: string) => ran.push(text),
    },
  });
  return { ran, room };
}

test("an action and a send are refused after five seconds, and the actor sleeps when it is time", async () => {
  const { ran, room } = createRoom();
  const v = await virtual(setup({ use: { room } }));
  const answers = Promise.all([
    v.fetch("/actors/room/a/actions/act", posted(["bad"])),
    v.fetch("/actors/room/a/actions/serial", posted(["bad"])),
    v.fetch("/actors/room/a/queues/jobs", posted({ body: "bad" })),
  ]);
  await v.clock.advance(5000);
  for (const answer of await answers) {
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject(FAULT);
  }
  expect(ran).toEqual([]);
  expect((await v.fetch("/actors/room/a/actions/serial", posted(["good"]))).status).toBe(200);
  expect((await v.fetch("/actors/room/a/queues/jobs", posted({ body: "good" }))).status).toBe(200);
  await v.clock.advance(120_000);
  expect(ran).toEqual(["good", "slept"]);
});

test("calls of one connection that wait for a schema give their places back", async () => {
  const { ran, room } = createRoom();
  const v = await virtual(setup({ use: { room }, limits: { maxCallsUnderWay: 2 } }));
  const socket = await v.rpc("/actors/room/a");
  socket.say({ t: "action", id: 1, name: "act", args: ["bad"] });
  socket.say({ t: "send", id: 2, name: "jobs", body: "bad" });
  socket.say({ t: "action", id: 3, name: "act", args: ["good"] });
  await v.settle();
  expect(socket.of("error")).toMatchObject([{ id: 3, code: "overloaded" }]);
  await v.clock.advance(5000);
  expect(socket.of("error").slice(1)).toMatchObject([
    { id: 1, ...FAULT },
    { id: 2, ...FAULT },
  ]);
  socket.say({ t: "action", id: 4, name: "act", args: ["good"] });
  await v.settle();
  expect(socket.of("result")).toMatchObject([{ id: 4 }]);
  expect(ran).toEqual(["good"]);
});

test("routes and calls of services are refused after five seconds; a delivery may come again", async () => {
  const ran: string[] = [];
  let isGood = false;
  const Body: StandardSchemaV1<unknown, unknown> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) => (isGood ? Promise.resolve({ value }) : new Promise(() => {})),
    },
  };
  const Hook = party("Hook", {
    auth: signature({ secret: "HOOK_SECRET", header: "X-Signature", id: { claim: "id" } }),
  });
  const api = service({
    by: Hook,
    routes: {
      "POST /hook": {
        body: Body,
        handle: () => {
          ran.push("hook");
          return "done";
        },
      },
      "GET /query": { by: Visitor, query: Body, handle: () => ran.push("query") },
      "GET /at/:id": { by: Visitor, params: Body as never, handle: () => ran.push("params") },
    },
    calls: { total: { by: Caller, input: Body, handle: () => ran.push("call") } },
  });
  const asker = actor({
    by: Visitor,
    actions: { ask: (c) => (c.call(api.calls.total) as (input: unknown) => Promise<unknown>)("x") },
  });
  const secret = "a-secret-of-a-webhook-of-some-length";
  const v = await virtual(setup({ use: { asker }, services: { api } }), { HOOK_SECRET: secret });
  const text = JSON.stringify({ id: "evt_1" });
  const bytes = new TextEncoder();
  const mac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytes.encode(secret), mac, false, ["sign"]);
  const digest = Buffer.from(await crypto.subtle.sign("HMAC", key, bytes.encode(text))).toString("hex");
  const deliver = (): Promise<Response> => v.fetch("/hook", posted(text, { "x-signature": digest }));
  const answers = Promise.all([
    deliver(),
    v.fetch("/query?a=1"),
    v.fetch("/at/1"),
    v.fetch("/actors/asker/a/actions/ask", posted([])),
  ]);
  await v.settle();
  await v.clock.advance(5000);
  expect((await answers).map(({ status }) => status)).toEqual([500, 500, 500, 500]);
  expect(ran).toEqual([]);
  isGood = true;
  const again = await deliver();
  expect([again.status, again.headers.get("byward-duplicate")]).toEqual([200, null]);
  expect(ran).toEqual(["hook"]);
});
