/** What happens to a call after its credential or its decision is over: while it runs, while it streams, and when it comes back late (G7, rulings 10, 16, 17, 19, 26). */
import { actor, bearer, event, hasClaim, party, queue, refine, service, setup, signature, Visitor } from "byward";
import { createClient } from "byward/client";
import { expect, test } from "vitest";
import { virtual } from "./virtual.ts";

const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });

function posted(token?: string): RequestInit {
  const headers = new Headers({ "content-type": "application/json" });
  if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  return { method: "POST", body: "[]", headers };
}

/** A place in a handler that waits for the test. */
function hold() {
  let goOn: () => void = () => {};
  let isReached = false;
  const reached = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  return {
    wait: (): Promise<void> => {
      isReached = true;
      return reached;
    },
    goOn: () => goOn(),
    reached: () => expect.poll(() => isReached).toBe(true),
  };
}

test("an action whose caller is revoked while it runs answers `expired`, and no client takes that for leave to run it again", async () => {
  const held = hold();
  let ran = 0;
  const job = actor({
    by: User,
    state: {},
    actions: {
      run: async () => {
        ran += 1;
        await held.wait();
        return ran;
      },
    },
  });
  const v = await virtual(setup({ use: { job } }));
  const answers: unknown[] = [];
  const client = createClient({
    endpoint: "http://localhost",
    token: () => v.token("ann", 600),
    fetch: async (input, init) => {
      const response = await v.registry.fetch(new Request(input, init));
      answers.push(await response.clone().json());
      return response;
    },
  });
  const running = client.getOrCreate("job", "one").action({ name: "run" });
  running.catch(() => {});
  await held.reached();
  await v.registry.revoke({ party: "User", identity: "ann" });
  // A token of now is good again.
  await v.clock.advance(2000);
  held.goOn();
  await expect(running).rejects.toMatchObject({ group: "auth", code: "expired" });
  expect(answers).toMatchObject([{ group: "auth", code: "expired" }]);
  expect(ran).toBe(1);
});

test("a streamed answer of an actor ends when its caller's credential does, and no byte that comes later leaves", async () => {
  let source: ReadableStreamDefaultController<Uint8Array> | undefined;
  let isCancelled = false;
  const feed = actor({
    by: User,
    state: {},
    onRequest: () =>
      new Response(
        new ReadableStream<Uint8Array>({
          start: (controller) => {
            source = controller;
          },
          cancel: () => {
            isCancelled = true;
          },
        }),
      ),
  });
  const v = await virtual(setup({ use: { feed } }));
  const headers = { authorization: `Bearer ${await v.token("ann", 10)}` };
  const reader = (await v.fetch("/actors/feed/one/request/", { headers })).body!.getReader();
  source!.enqueue(new TextEncoder().encode("early"));
  expect(new TextDecoder().decode((await reader.read()).value)).toBe("early");
  const next = reader.read();
  const ended = expect(next).rejects.toThrow(/lease ended: expired/);
  await v.clock.advance(10_000);
  await ended;
  expect(isCancelled).toBe(true);
});

test("a raw answer made after its caller's credential ended is `expired`, headers and all", async () => {
  const held = hold();
  const feed = actor({
    by: User,
    state: {},
    onRequest: async () => {
      await held.wait();
      return new Response(null, { status: 204, headers: { "x-told": "a secret" } });
    },
  });
  const v = await virtual(setup({ use: { feed } }));
  const headers = { authorization: `Bearer ${await v.token("ann", 10)}` };
  const asking = v.fetch("/actors/feed/one/request/", { headers });
  await held.reached();
  await v.clock.advance(10_000);
  held.goOn();
  const response = await asking;
  expect(response.status).toBe(401);
  expect(response.headers.get("x-told")).toBeNull();
  expect(await response.json()).toMatchObject({ group: "auth", code: "expired" });
});

test("the abort signal of a stateless call fires when its credential ends", async () => {
  const held = hold();
  let firedAt = 0;
  const job = actor({
    by: User,
    state: {},
    actions: {
      run: async (c) => {
        c.abortSignal.addEventListener("abort", () => {
          firedAt = v.clock.now();
        });
        await held.wait();
      },
    },
  });
  const v = await virtual(setup({ use: { job } }));
  const endsAt = v.clock.now() + 5000;
  const running = v.fetch("/actors/job/one/actions/run", posted(await v.token("ann", 5)));
  await held.reached();
  await v.clock.advance(10_000);
  expect(firedAt).toBe(endsAt);
  held.goOn();
  expect((await running).status).toBe(401);
});

test("a decision that was denied by its deadline changes nothing when it goes on", async () => {
  const held = hold();
  let isSlow = false;
  const door = actor({
    by: Visitor,
    state: { opened: 0 },
    canInvoke: async (c) => {
      if (!isSlow) return true;
      await held.wait();
      c.state.opened += 1;
      return true;
    },
    actions: { read: (c) => c.state.opened },
  });
  const v = await virtual(setup({ use: { door } }));
  const read = async () => (await v.fetch("/actors/door/one/actions/read", posted())).json();
  expect(await read()).toEqual({ output: 0 });
  isSlow = true;
  const denied = v.fetch("/actors/door/one/actions/read", posted());
  await held.reached();
  await v.clock.advance(5000);
  expect((await denied).status).toBe(500);
  isSlow = false;
  held.goOn();
  await v.settle();
  expect(await read()).toEqual({ output: 0 });
});

test("after a renewal that narrows, the connection's own caller is narrowed too", async () => {
  const Founder = party("Founder", { auth: bearer({ secret: "AUTH_JWT_SECRET", audience: "founding" }) });
  const Admin = refine("Admin", User, hasClaim("admin"));
  const room = actor({
    by: Founder,
    state: {},
    guards: { actions: { who: { by: User }, rule: { by: Admin } } },
    actions: { who: (c) => [c.conn.caller.claims["admin"] ?? null, c.caller.claims["admin"] ?? null], rule: () => 1 },
  });
  const v = await virtual(setup({ use: { room } }));
  const founding = posted(await v.token("founder", 100, { aud: "founding" }));
  expect((await v.fetch("/actors/room/one", { ...founding, method: "PUT", body: "{}" })).status).toBe(200);
  const socket = await v.rpc("/actors/room/one", { token: await v.token("ann", 100, { admin: true }) });
  socket.say({ t: "action", id: 1, name: "who", args: [] });
  socket.say({ t: "renew", id: 2, token: await v.token("ann", 1000) });
  await v.settle();
  socket.say({ t: "action", id: 3, name: "who", args: [] });
  await v.settle();
  expect(socket.of("result").filter(({ id }) => id !== 2)).toEqual([
    { t: "result", id: 1, output: [true, true] },
    { t: "result", id: 3, output: [null, null] },
  ]);
});

test("a revocation is remembered for as long as the longest token of any party lives", async () => {
  const days = 86_400;
  const Device = party("Device", { auth: bearer({ secret: "AUTH_JWT_SECRET", maxLifetime: 30 * days }) });
  const meter = actor({ by: Device, state: {}, actions: { report: () => "ok" } });
  const v = await virtual(setup({ use: { meter } }));
  const token = await v.token("meter-1", 30 * days);
  await v.registry.revoke({ party: "Device", identity: "meter-1" });
  for (let day = 1; day < 30; day++) {
    await v.clock.advance(days * 1000);
    expect((await v.fetch("/actors/meter/one/actions/report", posted(token))).status).toBe(401);
  }
});

test("events held while a subscription is decided again are heard by who subscribes again meanwhile, and once", async () => {
  const held = hold();
  let isSlow = false;
  const room = actor({
    by: Visitor,
    state: { n: 0 },
    events: { news: event<number>() },
    canInvoke: async (_c, invoke) => {
      if (invoke.kind !== "subscribe" || !isSlow) return true;
      isSlow = false;
      await held.wait();
      return true;
    },
    actions: {
      tell: (c) => {
        c.state.n += 1;
        c.broadcast("news", c.state.n);
      },
    },
  });
  const v = await virtual(setup({ use: { room } }));
  const socket = await v.rpc("/actors/room/one", {});
  socket.say({ t: "subscribe", id: 1, name: "news" });
  await v.settle();
  await v.registry.bumpEpoch();
  isSlow = true;
  socket.say({ t: "action", id: 2, name: "tell", args: [] });
  await held.reached();
  socket.say({ t: "subscribe", id: 3, name: "news" });
  await v.settle();
  held.goOn();
  socket.say({ t: "action", id: 4, name: "tell", args: [] });
  await v.settle();
  expect(socket.of("event").map(({ args }) => args)).toEqual([[1], [2]]);
});

test("events on their way are heard by who subscribes again before they leave", async () => {
  const room = actor({
    by: Visitor,
    state: { n: 0 },
    events: { news: event<number>() },
    actions: {
      tell: (c) => {
        c.state.n += 1;
        c.broadcast("news", c.state.n);
      },
    },
  });
  const v = await virtual(setup({ use: { room } }));
  const socket = await v.rpc("/actors/room/one", {});
  socket.say({ t: "subscribe", id: 1, name: "news" });
  await v.settle();
  socket.say([
    { t: "action", id: 2, name: "tell", args: [] },
    { t: "subscribe", id: 3, name: "news" },
  ]);
  await v.settle();
  expect(socket.of("event").map(({ args }) => args)).toEqual([[1]]);
});

test("an answer to a send that comes after its caller's credential ended is `expired`, and stays with the actor", async () => {
  const desk = actor({
    by: User,
    state: {},
    queues: { jobs: queue<string, string>() },
    actions: {
      answer: async (c) => {
        const job = await c.queue.next({ completable: true });
        await job?.complete("for his eyes");
      },
    },
  });
  const v = await virtual(setup({ use: { desk } }));
  const headers = { "content-type": "application/json", authorization: `Bearer ${await v.token("ann", 10)}` };
  const send = (body: object): Promise<Response> =>
    v.fetch("/actors/desk/a/queues/jobs", { method: "POST", headers, body: JSON.stringify(body) });
  const sending = send({ body: "one", wait: true, timeout: 60_000 });
  await v.settle();
  await v.clock.advance(11_000);
  await v.fetch("/actors/desk/a/actions/answer", posted(await v.token("bob", 600)));
  const answer = await sending;
  expect(answer.status).toBe(401);
  const text = await answer.text();
  expect(JSON.parse(text)).toMatchObject({ group: "auth", code: "expired" });
  expect(text).not.toContain("for his eyes");
});

test("a streamed answer to a caller whose credential does not expire ends when he is revoked", async () => {
  const Hook = party("Hook", { auth: signature({ secret: "HOOK_SECRET", header: "X-Signature" }) });
  let push: (text: string) => void = () => {};
  const stream = (): Response =>
    new Response(
      new ReadableStream<Uint8Array>({
        start: (controller) => {
          push = (text) => controller.enqueue(new TextEncoder().encode(text));
        },
      }),
    );
  const secret = "a-secret-of-a-webhook-of-some-length";
  const api = service({ by: Hook, routes: { "POST /feed": { handle: stream } } });
  const v = await virtual(setup({ services: { api } }), { HOOK_SECRET: secret });
  const mac = { name: "HMAC", hash: "SHA-256" };
  const bytes = new TextEncoder();
  const key = await crypto.subtle.importKey("raw", bytes.encode(secret), mac, false, ["sign"]);
  const digest = Buffer.from(await crypto.subtle.sign("HMAC", key, bytes.encode("{}"))).toString("hex");
  const answer = await v.fetch("/feed", { method: "POST", headers: { "x-signature": digest }, body: "{}" });
  const reader = answer.body!.getReader();
  push("one");
  expect(new TextDecoder().decode((await reader.read()).value)).toBe("one");
  const next = reader.read();
  await v.registry.revoke({ party: "Hook", issuedBefore: v.clock.now() });
  push("two");
  await expect(next).rejects.toThrow(/lease ended: revoked/);
});

test("a delivery whose action timed out and goes on is in progress until it ends, and done when it succeeds", async () => {
  const Hook = party("Hook", { auth: signature({ secret: "HOOK_SECRET", header: "X-Signature", id: "X-Id" }) });
  const ends: ((isGood: boolean) => void)[] = [];
  const desk = actor({
    by: Hook,
    options: { actionTimeout: 1000 },
    state: {},
    actions: {
      take: () =>
        new Promise<string>((resolve, reject) => {
          ends.push((isGood) => (isGood ? resolve("done") : reject(new Error("no"))));
        }),
    },
  });
  const secret = "a-secret-of-a-webhook-of-some-length";
  const v = await virtual(setup({ use: { desk } }), { HOOK_SECRET: secret });
  const mac = { name: "HMAC", hash: "SHA-256" };
  const bytes = new TextEncoder();
  const key = await crypto.subtle.importKey("raw", bytes.encode(secret), mac, false, ["sign"]);
  const digest = Buffer.from(await crypto.subtle.sign("HMAC", key, bytes.encode("[]"))).toString("hex");
  const headers = { "content-type": "application/json", "x-signature": digest, "x-id": "evt_1" };
  const deliver = (): Promise<Response> =>
    v.fetch("/actors/desk/a/actions/take", { method: "POST", headers, body: "[]" });
  const timedOut = async (): Promise<void> => {
    const before = ends.length;
    const asking = deliver();
    await expect.poll(() => ends.length).toBe(before + 1);
    await v.clock.advance(1000);
    expect((await asking).status).toBe(504);
  };
  await timedOut();
  expect(await (await deliver()).json()).toMatchObject({ code: "in_progress" });
  ends[0]!(false);
  await v.settle();
  await timedOut();
  ends[1]!(true);
  await v.settle();
  expect((await deliver()).headers.get("byward-duplicate")).toBe("true");
  expect(ends.length).toBe(2);
});
