/** The edges of an actor's life: stops asked for while it starts, starts that fail, callers that come while it stops, and what nobody was admitted to. */
import { getEventListeners } from "node:events";
import { actor, bearer, event, memory, party, setup, Visitor } from "byward";
import { expect, test } from "vitest";
import { MemoryStore } from "../../src/hosts/memory/store.ts";
import type { ActorRef, Snapshot } from "../../src/hosts/port.ts";
import { type Virtual, virtual } from "./virtual.ts";

const POST = { method: "POST", body: "[]", headers: { "content-type": "application/json" } };

async function call(v: Pick<Virtual, "fetch">, action: string, key = "one") {
  const response = await v.fetch(`/actors/lamp/${key}/actions/${action}`, POST);
  return { status: response.status, body: await response.json() };
}

/** A hook waits in it until the test lets it go on. */
class Hold {
  #resolve: (() => void) | null = null;
  get isReached(): boolean {
    return this.#resolve !== null;
  }
  readonly reached = (): Promise<void> => new Promise((resolve) => (this.#resolve = resolve));
  async goOn(v: Virtual): Promise<void> {
    await expect.poll(() => this.isReached).toBe(true);
    this.#resolve!();
    this.#resolve = null;
    await v.settle();
  }
}

test("an actor that asks for its own sleep while it wakes sleeps once it is awake, and serves afterwards", async () => {
  const hold = new Hold();
  let isFirst = true;
  const lamp = actor({
    by: Visitor,
    state: { n: 0 },
    onWake: async (c) => {
      if (c.state.n !== 1 || !isFirst) return;
      isFirst = false;
      c.sleep();
      await hold.reached();
    },
    actions: { add: (c) => ++c.state.n, nap: (c) => c.sleep() },
  });
  const v = await virtual(setup({ use: { lamp } }));
  await call(v, "add");
  await call(v, "nap");
  await v.clock.advance(1);
  const waking = call(v, "add");
  await expect.poll(() => hold.isReached).toBe(true);
  await v.clock.advance(1000);
  await hold.goOn(v);
  expect((await waking).body).toEqual({ output: 2 });
  await v.clock.advance(1);
  expect(v.edge.runtime.liveInstances()).toEqual([]);
  expect((await call(v, "add")).body).toEqual({ output: 3 });
});

test("an actor that asks for its end while it is created is created, and then gone", async () => {
  const hold = new Hold();
  const lamp = actor({
    by: Visitor,
    state: { n: 0 },
    onCreate: async (c) => {
      c.destroy();
      await hold.reached();
    },
    actions: { add: (c) => ++c.state.n },
  });
  const v = await virtual(setup({ use: { lamp } }));
  for (let life = 0; life < 2; life++) {
    const adding = call(v, "add");
    await expect.poll(() => hold.isReached).toBe(true);
    await v.clock.advance(1000);
    await hold.goOn(v);
    expect((await adding).body).toEqual({ output: 1 });
    await v.clock.advance(1);
    expect((await v.fetch("/actors/lamp/one")).status).toBe(404);
  }
});

test("a destroy that follows a sleep is not lost", async () => {
  const lives: string[] = [];
  const lamp = actor({
    by: Visitor,
    state: { n: 0 },
    onDestroy: () => void lives.push("destroyed"),
    actions: {
      add: (c) => ++c.state.n,
      both: (c) => {
        c.sleep();
        c.destroy();
      },
    },
  });
  const v = await virtual(setup({ use: { lamp } }));
  await call(v, "add");
  await call(v, "both");
  await v.clock.advance(1000);
  expect(lives).toEqual(["destroyed"]);
  expect((await call(v, "add")).body).toEqual({ output: 1 });
});

test("an actor that could not wake keeps its connections, and what that start still does is written nowhere", async () => {
  const hold = new Hold();
  let isBroken = false;
  const lamp = actor({
    by: Visitor,
    state: { n: 0 },
    events: { lit: event<number>() },
    onWake: (c) => {
      if (!isBroken) return;
      isBroken = false;
      void hold.reached().then(() => {
        c.state.n = 100;
      });
      throw new Error("the database is away");
    },
    actions: { add: (c) => ++c.state.n, nap: (c) => c.sleep(), light: (c) => c.broadcast("lit", c.state.n) },
  });
  const v = await virtual(setup({ use: { lamp } }));
  const socket = await v.rpc("/actors/lamp/one");
  socket.say({ t: "subscribe", id: 1, name: "lit" });
  await call(v, "add");
  await call(v, "nap");
  await v.clock.advance(1);
  isBroken = true;
  expect((await call(v, "add")).status).toBe(500);
  expect((await call(v, "add")).body).toEqual({ output: 2 });
  await call(v, "light");
  await v.settle();
  expect(socket.of("event")).toEqual([{ t: "event", name: "lit", args: [2] }]);
  await hold.goOn(v);
  await call(v, "nap");
  await v.clock.advance(1);
  expect((await call(v, "add")).body).toEqual({ output: 3 });
});

test("who connects or calls while an actor is on its way out reaches its next life", async () => {
  const hold = new Hold();
  const lamp = actor({
    by: Visitor,
    state: { n: 0 },
    events: { lit: event<number>() },
    actions: {
      add: (c) => ++c.state.n,
      nap: (c) => {
        c.waitUntil(hold.reached());
        c.sleep();
      },
      rest: (c) => c.sleep(),
      light: (c) => c.broadcast("lit", 1),
    },
  });
  const v = await virtual(setup({ use: { lamp } }));
  await call(v, "add");
  await call(v, "nap");
  await v.clock.advance(1);
  const socket = await v.rpc("/actors/lamp/one");
  const adding = call(v, "add");
  await hold.goOn(v);
  expect((await adding).body).toEqual({ output: 2 });
  expect(socket.of("ready")).toHaveLength(1);
  socket.say({ t: "subscribe", id: 1, name: "lit" });
  await v.settle();
  // As a connection of the new life it outlives that life's sleep.
  await call(v, "rest");
  await v.clock.advance(1);
  await call(v, "light");
  await v.settle();
  expect(socket.of("event")).toHaveLength(1);
});

test("what hooks and a decision stage for a missing actor is written with its creation, or never", async () => {
  let commits = 0;
  class CountingStore extends MemoryStore {
    override commit(writes: Parameters<MemoryStore["commit"]>[0]): Promise<void> {
      commits += 1;
      return super.commit(writes);
    }
  }
  const faults: unknown[] = [];
  const log = {
    debug() {},
    info() {},
    warn() {},
    error: (fields: object) => void faults.push(fields),
    child: () => log,
  };
  const later = () => new Promise((resolve) => setTimeout(resolve, 1));
  const lamp = actor({
    by: Visitor,
    createState: (c) => {
      void c.schedule.after(3_600_000, "add");
      return { n: 0 };
    },
    createVars: async (c) => {
      await c.kv.put("made", "yes");
      await later();
      return {};
    },
    canInvoke: async (c, invoke) => {
      await c.kv.put("asked", "yes");
      await later();
      return invoke.kind === "action" && invoke.name === "kept";
    },
    actions: {
      add: (c) => ++c.state.n,
      kept: async (c) => [await c.kv.get("made"), await c.kv.get("asked"), (await c.schedule.list()).length],
    },
  });
  const registry = setup({ use: { lamp }, limits: { maxProvisional: 4 } });
  await registry.start(memory({ store: new CountingStore(), log }));
  const v = {
    fetch: (path: string, init?: RequestInit) => registry.fetch(new Request(`http://localhost${path}`, init)),
  };
  for (let turn = 0; turn < 8; turn++) expect((await call(v, "add", `denied${turn}`)).status).toBe(403);
  expect(commits).toBe(0);
  expect(await call(v, "kept")).toEqual({ status: 200, body: { output: ["yes", "yes", 1] } });
  expect(faults).toEqual([]);
});

test("a `run` that fails again and again leaves nothing behind on the signal of its actor's stop", async () => {
  const listeners: number[] = [];
  const lamp = actor({
    by: Visitor,
    state: {},
    options: { sleepTimeout: 3_600_000 },
    run: (c) => {
      listeners.push(getEventListeners(c.abortSignal, "abort").length);
      throw new Error("again");
    },
    actions: { ok: () => 1 },
  });
  const v = await virtual(setup({ use: { lamp } }));
  await call(v, "ok");
  for (let turn = 0; turn < 5; turn++) await v.clock.advance(30_000);
  expect(listeners.length).toBeGreaterThan(5);
  expect(new Set(listeners).size).toBe(1);
});

test("a missing actor that asks for its sleep before anybody was admitted is judged all the same, and counted once", async () => {
  const hooks: string[] = [];
  const lamp = actor({
    by: Visitor,
    state: {},
    createVars: (c) => {
      c.sleep();
      return {};
    },
    onSleep: () => void hooks.push("onSleep"),
    canInvoke: async (_c, invoke) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return invoke.kind === "action" && invoke.name === "ok";
    },
    actions: { ok: () => 1, no: () => 2 },
  });
  const v = await virtual(setup({ use: { lamp }, limits: { maxProvisional: 2 } }));
  for (let turn = 0; turn < 4; turn++) {
    const denied = call(v, "no", `denied${turn}`);
    await v.clock.advance(1);
    expect((await denied).status).toBe(403);
  }
  expect(hooks).toEqual([]);
  expect((await call(v, "ok")).body).toEqual({ output: 1 });
});

test("two loads of one actor that are answered out of turn are one: nothing acknowledged is overwritten", async () => {
  let isSlow = false;
  class UnevenStore extends MemoryStore {
    override load(actor: ActorRef): Snapshot | null {
      const snapshot = super.load(actor);
      if (!isSlow) return snapshot;
      isSlow = false;
      // The port allows a promise; the class it is made from does not say so.
      return new Promise((resolve) => setTimeout(() => resolve(snapshot), 50)) as unknown as Snapshot;
    }
  }
  const lamp = actor({ by: Visitor, state: { n: 0 }, actions: { add: (c) => ++c.state.n, nap: (c) => c.sleep() } });
  const registry = setup({ use: { lamp } });
  await registry.start(memory({ store: new UnevenStore() }));
  const v = {
    fetch: (path: string, init?: RequestInit) => registry.fetch(new Request(`http://localhost${path}`, init)),
  };
  const asleep = () => expect.poll(async () => (await registry.runtime()).liveInstances().length).toBe(0);
  await call(v, "add");
  await call(v, "nap");
  await asleep();
  isSlow = true;
  const first = call(v, "add");
  const second = call(v, "add");
  await second.then(() => call(v, "nap"));
  await asleep();
  const answers = [(await first).body, (await second).body, (await call(v, "add")).body];
  expect(answers).toEqual([{ output: 2 }, { output: 3 }, { output: 4 }]);
});

test("a registry whose start failed for something missing starts with the next request", async () => {
  let key: string | undefined;
  const User = party("User", { auth: bearer({ secret: "LATE_SECRET" }) });
  const lamp = actor({ by: User, state: {} });
  const registry = setup({ use: { lamp }, host: memory({ env: () => key }) });
  const ask = () => registry.fetch(new Request("http://localhost/actors/lamp/one"));
  await expect(ask()).rejects.toMatchObject({ code: "secret.missing" });
  key = "a-secret-that-came-late-of-32-bytes";
  expect((await ask()).status).toBe(401);
});
