/** What a hook, a raw request or a raw socket changed while it held a message, and cannot be applied: the message comes again, nobody else is hurt (G9). */
import { actor, party, queue, setup, signature, Visitor } from "byward";
import { expect, test } from "vitest";
import { virtual } from "./virtual.ts";

/** A place in a handler that waits for the test. */
function gate() {
  let goOn: () => void = () => {};
  let arrive: () => void = () => {};
  const reached = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const open = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  return {
    wait: (): Promise<void> => {
      arrive();
      return open;
    },
    goOn: () => goOn(),
    reached,
  };
}

const posted = (body: unknown): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

/** One room whose handlers receive a job, change what the test changes meanwhile, and end. */
function roomOf(held: ReturnType<typeof gate>) {
  // biome-ignore lint/suspicious/noExplicitAny: one body for hooks of different contexts
  const handle = async (c: any): Promise<void> => {
    const job = await c.queue.tryNext();
    c.state.count = 1;
    await held.wait();
    if (job === undefined) throw new Error("there was no job");
  };
  return actor({
    by: Visitor,
    state: { count: 0 },
    queues: { jobs: queue<number>() },
    onConnect: (c, conn) => (conn.params === "worker" ? handle(c) : undefined),
    onWebSocket: handle,
    onRequest: async (c) => {
      await handle(c);
      return new Response("done");
    },
    actions: {
      set: (c, count: number) => {
        c.state.count = count;
      },
      waiting: async (c) => (await c.queue.tryNext())?.attempt ?? 0,
      count: (c) => c.state.count,
    },
  });
}

const AT = "/actors/room/a";

async function setWhileHeld(v: Awaited<ReturnType<typeof virtual>>, held: ReturnType<typeof gate>): Promise<void> {
  await held.reached;
  await v.fetch(`${AT}/actions/set`, posted([2]));
  held.goOn();
  await v.settle();
}

/** The job is there again, and what was changed is what the action made of it. */
async function expectGivenBack(v: Awaited<ReturnType<typeof virtual>>): Promise<void> {
  // Past the pause before a second delivery, and before its lease would be over.
  await v.clock.advance(10_000);
  expect(await (await v.fetch(`${AT}/actions/waiting`, posted([]))).json()).toEqual({ output: 2 });
  expect(await (await v.fetch(`${AT}/actions/count`, posted([]))).json()).toEqual({ output: 2 });
}

test("an onConnect whose changes cannot be applied gives back what it received, and closes its connection alone", async () => {
  const held = gate();
  const v = await virtual(setup({ use: { room: roomOf(held) } }));
  await v.fetch(`${AT}/queues/jobs`, posted({ body: 7 }));
  const socket = await v.rpc(AT, { params: "worker" });
  await setWhileHeld(v, held);
  expect(socket.closed).toMatchObject({ code: 1000 });
  await expectGivenBack(v);
});

test("a raw socket's handler whose changes cannot be applied gives back what it received, and closes its socket alone", async () => {
  const held = gate();
  const v = await virtual(setup({ use: { room: roomOf(held) } }));
  await v.fetch(`${AT}/queues/jobs`, posted({ body: 7 }));
  const socket = await v.raw(`${AT}/websocket/`);
  await setWhileHeld(v, held);
  expect(socket.closed).toMatchObject({ code: 1011 });
  await expectGivenBack(v);
});

test("a raw request whose changes cannot be applied is refused, and gives back what it received", async () => {
  const held = gate();
  const v = await virtual(setup({ use: { room: roomOf(held) } }));
  await v.fetch(`${AT}/queues/jobs`, posted({ body: 7 }));
  const answering = v.fetch(`${AT}/request/`);
  await setWhileHeld(v, held);
  expect((await answering).status).toBe(409);
  await expectGivenBack(v);
});

test("a delivery whose changes cannot be applied is not remembered: it runs again", async () => {
  const held = gate();
  let runs = 0;
  const Hook = party("Hook", {
    auth: signature({ secret: "HOOK_SECRET", header: "X-Signature", id: "X-Id" }),
  });
  const room = actor({
    by: Visitor,
    state: { count: 0 },
    queues: { jobs: queue<number>() },
    guards: { request: { by: Hook } },
    onRequest: async (c) => {
      runs += 1;
      await c.queue.tryNext();
      c.state.count = 1;
      if (runs === 1) await held.wait();
      return new Response("done");
    },
    actions: {
      set: (c, count: number) => {
        c.state.count = count;
      },
    },
  });
  const v = await virtual(setup({ use: { room } }), { HOOK_SECRET: "a-secret-of-a-webhook-of-some-length" });
  await v.fetch(`${AT}/queues/jobs`, posted({ body: 7 }));
  const key = await crypto.subtle.importKey(
    "raw",
    new TextEncoder().encode("a-secret-of-a-webhook-of-some-length"),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  const body = "{}";
  const digest = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(body));
  const deliver = (): Promise<Response> =>
    v.fetch(`${AT}/request/`, {
      method: "POST",
      headers: { "x-signature": Buffer.from(digest).toString("hex"), "x-id": "evt_1" },
      body,
    });
  const first = deliver();
  await setWhileHeld(v, held);
  expect((await first).status).toBe(409);
  const second = await deliver();
  expect([second.status, second.headers.get("byward-duplicate")]).toEqual([200, null]);
  expect(runs).toBe(2);
});
