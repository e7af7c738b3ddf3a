/** What several callers share, and what a decision leaves behind. */
import { getEventListeners } from "node:events";
import { actor, anyOf, bearer, Caller, event, hasClaim, memory, party, queue, refine, setup, Visitor } from "byward";
import { expect, test } from "vitest";
import { MemoryStore } from "../../src/hosts/memory/store.ts";
import { type ActorRef, type Snapshot, StoreError, type WriteSet } from "../../src/hosts/port.ts";
import { virtual } from "./virtual.ts";

const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });
const Admin = refine("Admin", User, hasClaim("admin"));
const JSON_TYPE = { "content-type": "application/json" };

test("two who present one token at once, and lack a claim, are told the ids of their own records", async () => {
  let ran = 0;
  const safe = actor({ by: Admin, actions: { open: () => ++ran } });
  const v = await virtual(setup({ use: { safe } }));
  const token = await v.token("ada", 600);
  const told = await Promise.all(
    [1, 2, 3].map(async () => {
      const answer = await v.fetch("/actors/safe/a/actions/open", {
        method: "POST",
        headers: { ...JSON_TYPE, authorization: `Bearer ${token}` },
        body: "[]",
      });
      expect(answer.status).toBe(403);
      return ((await answer.json()) as { correlationId: string }).correlationId;
    }),
  );
  expect(new Set(told).size).toBe(3);
  expect(
    v.edge.runtime.decisions
      .recent()
      .map(({ correlationId }) => correlationId)
      .sort(),
  ).toEqual(told.sort());
  expect(ran).toBe(0);
});

test("decisions, sends, subscriptions and raw requests leave no listener behind on the actor's stop", async () => {
  let stop: AbortSignal | null = null;
  const room = actor({
    by: Visitor,
    state: {},
    events: { news: event<string>() },
    queues: { jobs: queue<number>() },
    onWake: (c) => {
      stop = c.abortSignal;
    },
    canInvoke: async (c, invoke) => {
      void c.abortSignal.aborted;
      return invoke.kind !== "action" || invoke.name !== "steal";
    },
    onRequest: (c) => {
      void c.abortSignal.aborted;
      return new Response("here");
    },
    actions: { steal: () => 1, look: () => 1 },
  });
  const v = await virtual(setup({ use: { room } }));
  const socket = await v.rpc("/actors/room/one");
  const listeners = () => getEventListeners(stop!, "abort").length;
  const at: Record<string, number> = {};
  const before = listeners();
  let id = 0;
  const say = async (name: string, message: object) => {
    for (let turn = 0; turn < 5; turn++) {
      socket.say({ id: ++id, ...message });
      await v.settle();
    }
    at[name] = listeners() - before;
  };
  await say("look", { t: "action", name: "look", args: [] });
  await say("denied", { t: "action", name: "steal", args: [] });
  await say("send", { t: "send", name: "jobs", body: 1 });
  await say("subscribe", { t: "subscribe", name: "news" });
  for (let turn = 0; turn < 5; turn++) {
    const r = await v.fetch("/actors/room/one/actions/steal", { method: "POST", headers: JSON_TYPE, body: "[]" });
    expect(r.status).toBe(403);
  }
  at.denied_http = listeners() - before;
  for (let turn = 0; turn < 5; turn++) {
    const r = await v.fetch("/actors/room/one/request/");
    expect([r.status, await r.text()]).toEqual([200, "here"]);
  }
  at.raw = listeners() - before;
  expect(at).toEqual({ look: 0, denied: 0, send: 0, subscribe: 0, denied_http: 0, raw: 0 });
});

test("a denied call leaves no timer behind for the end of its credential, and its decision's signal has fired", async () => {
  const signals: AbortSignal[] = [];
  const safe = actor({
    by: User,
    state: {},
    canInvoke: (c) => {
      signals.push(c.abortSignal);
      return false;
    },
    actions: { open: () => 1 },
  });
  const v = await virtual(setup({ use: { safe } }));
  const authorization = `Bearer ${await v.token("ada", 600)}`;
  const before = v.clock.pending;
  for (let turn = 0; turn < 3; turn++) {
    const init = { method: "POST", headers: { ...JSON_TYPE, authorization }, body: "[]" };
    expect((await v.fetch("/actors/safe/a/actions/open", init)).status).toBe(403);
  }
  expect(v.clock.pending).toBe(before);
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true]);
});

test("a decision whose changes cannot be joined is recorded, on a connection too", async () => {
  let goOn: () => void = () => {};
  let ran = 0;
  const room = actor({
    by: Visitor,
    state: { box: { n: 0 } as { n: number } | null },
    canInvoke: async (c, invoke) => {
      if (invoke.kind !== "action" || invoke.name !== "enter") return true;
      c.state.box!.n += 1;
      await c.kv.put("asked", "yes");
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      return true;
    },
    actions: {
      enter: () => ++ran,
      clear: (c) => {
        c.state.box = { n: 7 };
      },
      look: async (c) => [c.state.box?.n, await c.kv.get("asked")],
    },
  });
  const v = await virtual(setup({ use: { room } }));
  const one = await v.rpc("/actors/room/one");
  const two = await v.rpc("/actors/room/one");
  one.say({ t: "action", id: 1, name: "enter", args: [] });
  await v.settle();
  two.say({ t: "action", id: 1, name: "clear", args: [] });
  await v.settle();
  goOn();
  await v.settle();
  const told = one.of("error");
  const recorded = v.edge.runtime.decisions.recent().filter(({ name }) => name === "enter");
  expect(told).toHaveLength(1);
  expect(recorded.map(({ correlationId }) => correlationId)).toEqual([told[0].correlationId]);
  two.say({ t: "action", id: 2, name: "look", args: [] });
  await v.settle();
  expect(two.of("result").at(-1).output).toEqual([7, null]);
  expect(ran).toBe(0);
});

test("a denied decision does not destroy its actor, nor put it to sleep; one that admits does", async () => {
  const room = actor({
    by: Visitor,
    state: { n: 0 },
    canInvoke: (c, invoke) => {
      if (invoke.kind === "action" && invoke.name === "add") return true;
      if (invoke.kind === "action" && invoke.name === "nap") c.sleep();
      else c.destroy();
      return invoke.kind === "action" && invoke.name === "leave";
    },
    actions: { add: (c) => ++c.state.n, steal: () => 1, nap: () => 1, leave: () => "gone" },
  });
  const v = await virtual(setup({ use: { room } }));
  const call = async (name: string) => {
    const answer = await v.fetch(`/actors/room/a/actions/${name}`, { method: "POST", headers: JSON_TYPE, body: "[]" });
    return { status: answer.status, output: ((await answer.json()) as { output?: unknown }).output };
  };
  await call("add");
  expect([(await call("steal")).status, (await call("nap")).status]).toEqual([403, 403]);
  await v.clock.advance(1000);
  expect(v.edge.runtime.liveInstances()).toHaveLength(1);
  expect((await call("add")).output).toBe(2);
  expect((await call("leave")).output).toBe("gone");
  await v.clock.advance(1000);
  expect((await call("add")).output).toBe(1);
});

test("an actor that is being read from disk when its registry closes does not wake", async () => {
  let answer: (() => void) | null = null;
  let isSlow = false;
  class SlowStore extends MemoryStore {
    override load(ref: ActorRef): Snapshot | null {
      const snapshot = super.load(ref);
      if (!isSlow) return snapshot;
      // The port allows a promise; the class it is made from does not say so.
      return new Promise((resolve) => {
        answer = () => resolve(snapshot);
      }) as unknown as Snapshot;
    }
  }
  const woke: string[] = [];
  const lamp = actor({
    by: Visitor,
    state: { n: 0 },
    onWake: (c) => void woke.push(c.key.join()),
    actions: { add: (c) => ++c.state.n, nap: (c) => c.sleep() },
  });
  const registry = setup({ use: { lamp } });
  const { runtime } = await registry.start(memory({ store: new SlowStore() }));
  const call = (key: string, name: string) =>
    registry.fetch(
      new Request(`http://localhost/actors/lamp/${key}/actions/${name}`, {
        method: "POST",
        headers: JSON_TYPE,
        body: "[]",
      }),
    );
  await call("a", "add");
  await call("a", "nap");
  await expect.poll(() => runtime.liveInstances().length).toBe(0);
  isSlow = true;
  const calls = [call("a", "add")];
  await expect.poll(() => answer).not.toBe(null);
  const closing = registry.close();
  await new Promise((resolve) => setTimeout(resolve, 5));
  answer!();
  await closing;
  const [first] = await Promise.all(calls);
  expect(first!.status).toBe(503);
  expect(woke).toEqual(["a"]);
  expect(runtime.liveInstances()).toEqual([]);
});

test("what a program does to the claims of one call is not seen by the next that presents the token", async () => {
  let ran = 0;
  const desk = actor({
    by: User,
    actions: {
      raise: (c) => {
        const claims = c.caller.claims as Record<string, unknown>;
        const inner = claims["roles"] as string[];
        const tried = [() => (claims["admin"] = true), () => inner.push("admin")].map((change) => {
          try {
            change();
            return "changed";
          } catch {
            return "refused";
          }
        });
        return [tried, claims["roles"]];
      },
    },
  });
  const safe = actor({ by: Admin, actions: { open: () => ++ran } });
  const v = await virtual(setup({ use: { desk, safe } }));
  const authorization = `Bearer ${await v.token("ada", 600, { roles: ["clerk"] })}`;
  const call = async (path: string) => {
    const answer = await v.fetch(`/actors/${path}`, {
      method: "POST",
      headers: { ...JSON_TYPE, authorization },
      body: "[]",
    });
    return { status: answer.status, body: (await answer.json()) as { output?: unknown } };
  };
  await call("desk/a/actions/raise");
  expect((await call("safe/a/actions/open")).status).toBe(403);
  expect((await call("desk/a/actions/raise")).body.output).toEqual([["refused", "refused"], ["clerk"]]);
  expect(ran).toBe(0);
});

test("a stream that was answered with, by a handler whose change then reached no disk, is cancelled", async () => {
  class FailingStore extends MemoryStore {
    isFull = false;
    override commit(writes: WriteSet): Promise<void> {
      return this.isFull && writes.actor.name === "tap"
        ? Promise.reject(new StoreError("full", "the disk is full"))
        : super.commit(writes);
    }
  }
  const cancelled: string[] = [];
  const tap = actor({
    by: anyOf(Caller, Visitor),
    state: { n: 0 },
    onRequest: (c) => {
      c.state.n += 1;
      return new Response(new ReadableStream({ cancel: () => void cancelled.push(c.caller.party) }));
    },
    actions: { ok: () => 1 },
  });
  const asker = actor({
    by: Visitor,
    actions: {
      ask: (c) =>
        c
          .client<{ tap: typeof tap }>()
          .tap!.getOrCreate("a")
          .fetch("/")
          .then(
            () => "answered",
            () => "refused",
          ),
    },
  });
  const store = new FailingStore();
  const registry = setup({ use: { tap, asker } });
  await registry.start(memory({ store }));
  const call = (path: string, init: RequestInit = { method: "POST", headers: JSON_TYPE, body: "[]" }) =>
    registry.fetch(new Request(`http://localhost/actors/${path}`, init));
  await call("tap/a/actions/ok");
  await call("asker/a/actions/ask");
  store.isFull = true;
  expect((await call("tap/a/request/", {})).status).toBe(503);
  expect(cancelled).toEqual(["Visitor"]);
  expect(await (await call("asker/a/actions/ask")).json()).toEqual({ output: "refused" });
  expect(cancelled).toEqual(["Visitor", "Caller"]);
});

test("a decision that hangs past its deadline has its signal fired, so that what it waits for ends", async () => {
  let ran = 0;
  const reasons: unknown[] = [];
  const room = actor({
    by: Visitor,
    canInvoke: (c) =>
      new Promise((_, reject) => {
        c.abortSignal.addEventListener("abort", () => {
          reasons.push(c.abortSignal.reason);
          reject(c.abortSignal.reason);
        });
      }),
    actions: { open: () => ++ran },
  });
  const v = await virtual(setup({ use: { room } }));
  const calling = v.fetch("/actors/room/a/actions/open", { method: "POST", headers: JSON_TYPE, body: "[]" });
  await v.settle();
  await v.clock.advance(4_999);
  expect(reasons).toEqual([]);
  await v.clock.advance(1);
  expect((await calling).status).toBe(500);
  await v.settle();
  expect(reasons.map(String)).toEqual([expect.stringContaining("[decision/denied]")]);
  expect(ran).toBe(0);
});

test("a raw socket that is decided anew at each epoch leaves no listener behind on the actor's stop", async () => {
  let stop: AbortSignal | null = null;
  const room = actor({
    by: Visitor,
    onWake: (c) => {
      stop = c.abortSignal;
    },
    canInvoke: async (c) => {
      void c.abortSignal.aborted;
      return true;
    },
    onWebSocket: (_c, socket) => {
      socket.onmessage = ({ data }) => socket.send(data as string);
    },
  });
  const v = await virtual(setup({ use: { room } }));
  const socket = await v.raw("/actors/room/one/websocket/");
  const before = getEventListeners(stop!, "abort").length;
  for (let turn = 0; turn < 5; turn++) {
    await v.registry.bumpEpoch();
    socket.say(String(turn));
    await v.settle();
  }
  expect(socket.messages).toEqual([0, 1, 2, 3, 4]);
  expect(getEventListeners(stop!, "abort").length).toBe(before);
});

test("work of an actor that leaves, and calls that very actor, is told so at once and holds nobody up", async () => {
  const told: unknown[] = [];
  let goOn: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let lives = 0;
  const room = actor({
    by: anyOf(Caller, Visitor),
    state: {},
    onWake: () => {
      lives += 1;
    },
    actions: {
      look: () => "here",
      leave: (c) => {
        const self = c.client<typeof registry>().room;
        const work = async (): Promise<void> => {
          await held;
          for (const handle of [self.getOrCreate(c.key), self.getForId(c.actorId), self.getOrCreate("other")]) {
            told.push(await handle.look().catch(({ group, code }) => `${group}/${code}`));
          }
        };
        c.waitUntil(work());
        c.sleep();
      },
    },
  });
  const registry = setup({ use: { room } });
  const v = await virtual(registry);
  const call = (name: string): Promise<Response> =>
    v.fetch(`/actors/room/a/actions/${name}`, { method: "POST", headers: JSON_TYPE, body: "[]" });
  expect((await call("leave")).status).toBe(200);
  await v.settle();
  const next = call("look");
  goOn();
  await v.settle();
  expect(told).toEqual(["actor/aborted", "actor/aborted", "here"]);
  expect(await (await next).json()).toEqual({ output: "here" });
  expect(lives).toBe(3);
});

test("a message whose decision or schema takes longer than its actor waits before it sleeps finds the actor awake", async () => {
  const slept: string[] = [];
  const validate = (value: unknown) =>
    new Promise<{ value: unknown }>((resolve) => void v.clock.after(4000, () => resolve({ value })));
  const Slow = { "~standard": { version: 1, vendor: "test", validate } } as const;
  const room = actor({
    by: Visitor,
    options: { sleepTimeout: 1000, canInvokeTimeout: 10_000 },
    state: { count: 0 },
    events: { news: event<number>() },
    queues: { jobs: queue<number>() },
    canInvoke: (): Promise<boolean> => new Promise((resolve) => void v.clock.after(3000, () => resolve(true))),
    onSleep: () => {
      slept.push("slept");
    },
    guards: { actions: { add: { input: Slow } } },
    actions: { add: (c, _by: unknown) => ++c.state.count },
  });
  const v = await virtual(setup({ use: { room } }));
  const socket = await v.rpc("/actors/room/one");
  socket.say({ t: "subscribe", id: 1, name: "news" });
  socket.say({ t: "send", id: 2, name: "jobs", body: 1 });
  socket.say({ t: "action", id: 3, name: "add", args: [1] });
  await v.clock.advance(13_500);
  expect(socket.of("error")).toEqual([]);
  expect(socket.of("result")).toMatchObject([{ id: 1 }, { id: 2, output: { status: "queued" } }, { id: 3, output: 1 }]);
  expect(slept).toEqual([]);
  await v.clock.advance(10_000);
  expect(slept).toEqual(["slept"]);
});
