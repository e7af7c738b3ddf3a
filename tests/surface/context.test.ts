/** What a context has (§2.2): each member, where it works and where it does not. */
import {
  type ActionContextOf,
  actor,
  anyOf,
  bearer,
  Caller,
  event,
  hasClaim,
  party,
  queue,
  refine,
  setup,
  Visitor,
} from "byward";
import { ActorError } from "byward/client";
import { setupTest } from "byward/testing";
import { expect, expectTypeOf, test } from "vitest";
import { DEFAULT_OPTIONS } from "../../src/actors/entrypoints.ts";

const User = party("User", { auth: bearer({ secret: "USER_SECRET" }) });
const Admin = refine("Admin", User, hasClaim("admin"));

test("options have the defaults of the reference", () => {
  expect(DEFAULT_OPTIONS).toMatchObject({
    createVarsTimeout: 5000,
    createConnStateTimeout: 5000,
    onConnectTimeout: 5000,
    onSleepTimeout: 5000,
    onDestroyTimeout: 5000,
    stateSaveInterval: 10_000,
    actionTimeout: 60_000,
    waitUntilTimeout: 15_000,
    runStopTimeout: 15_000,
    noSleep: false,
    sleepTimeout: 30_000,
    maxQueueSize: 1000,
    maxQueueMessageSize: 1_048_576,
    canInvokeTimeout: 5000,
    durability: "durable",
  });
});

test("an actor knows its name, key and id; a string is a key of one component", async (t) => {
  const plain = actor({
    by: Visitor,
    actions: { me: (c) => ({ id: c.actorId, name: c.name, key: c.key, region: c.region, aborted: c.aborted }) },
  });
  const kit = await setupTest(t, setup({ use: { plain } }));
  const handle = kit.client.plain.getOrCreate(["a", "b,c"]);
  expect(await handle.me()).toEqual({
    id: await handle.resolve(),
    name: "plain",
    key: ["a", "b,c"],
    region: "unknown",
    aborted: false,
  });
  expect((await kit.client.plain.getOrCreate("x").me()).key).toEqual(["x"]);
  expect((await kit.client.plain.getOrCreate().me()).key).toEqual([]);
});

test("state, vars and connection state that are not declared say so", async (t) => {
  const bare = actor({
    by: Visitor,
    actions: {
      state: (c) => String(c.state),
      vars: (c) => String(c.vars),
      connState: (c) => String(c.conn.state),
      assign: (c) => {
        (c as { state: unknown }).state = 1;
      },
    },
  });
  const kit = await setupTest(t, setup({ use: { bare } }));
  for (const [action, code] of [
    ["state", "state_not_enabled"],
    ["vars", "vars_not_enabled"],
    ["connState", "conn_state_not_enabled"],
    ["assign", "only a getter"],
  ] as const) {
    await expect(kit.client.bare.getOrCreate().action({ name: action })).rejects.toMatchObject({
      code: "internal_error",
    });
    expect(String(kit.log.at(-1)?.fields["err"])).toContain(code);
  }
});

test("constants are copied for each actor, start and connection", async (t) => {
  const copying = actor({
    by: Visitor,
    state: { list: [] as number[] },
    vars: { list: [] as number[] },
    connState: { list: [] as number[] },
    actions: {
      push: (c) => {
        c.state.list.push(1);
        c.vars.list.push(1);
        c.conn.state.list.push(1);
        return [c.state.list.length, c.vars.list.length, c.conn.state.list.length];
      },
    },
  });
  const kit = await setupTest(t, setup({ use: { copying } }));
  const handle = kit.client.copying.getOrCreate("a");
  expect(await handle.push()).toEqual([1, 1, 1]);
  expect(await handle.push()).toEqual([2, 2, 1]);
  const connection = handle.connect();
  expect([await connection.push(), await connection.push()]).toEqual([
    [3, 3, 1],
    [4, 4, 2],
  ]);
  await connection.dispose();
  await kit.restart();
  expect(await handle.push()).toEqual([5, 1, 1]);
  expect(await kit.client.copying.getOrCreate("b").push()).toEqual([1, 1, 1]);
});

test("conns has admitted connections only; conn.send, disconnect and state work on them", async (t) => {
  const hub = actor({
    by: anyOf(User, Visitor),
    createConnState: (c) => ({ who: c.caller.party }),
    events: { note: event<string>(), secret: event<string>() },
    guards: { events: { secret: { by: Admin } } },
    canInvoke: (c, invoke) => invoke.kind !== "action" || invoke.name !== "denied" || c.caller.party === "User",
    actions: {
      denied: () => {},
      count: (c) => c.conns.size,
      tell: (c, name: "note" | "secret", text: string) => {
        for (const conn of c.conns.values()) conn.send(name, text);
      },
      mark: (c) => {
        c.conn.state = { who: "marked" as "User" };
        return [...c.conns.values()].map((conn) => conn.state.who);
      },
      kick: async (c, terminal: boolean) => {
        for (const conn of c.conns.values()) if (conn.id !== c.conn.id) await conn.disconnect("bye", { terminal });
      },
      subscriptions: (c) => [...c.conn.subscriptions],
    },
  });
  const kit = await setupTest(t, setup({ use: { hub } }));
  const handle = kit.client.hub.getOrCreate("h");
  const heard: string[] = [];
  const connection = handle.connect();
  connection.on("note", (text) => heard.push(`note ${text}`));
  connection.on("secret", (text) => heard.push(`secret ${text}`), { onDenied: () => heard.push("denied") });
  expect(await connection.count()).toBe(1);
  expect(await handle.count()).toBe(2);
  await expect(handle.denied()).rejects.toMatchObject({ code: "forbidden" });
  expect(await connection.count()).toBe(1);
  await connection.tell("note", "a");
  await connection.tell("secret", "b");
  expect(heard).toEqual(["denied", "note a"]);
  expect(await connection.subscriptions()).toEqual(["note"]);
  expect(await connection.mark()).toEqual(["marked"]);
  await handle.kick(false);
  await kit.clock.advance(60_000);
  expect(connection.connStatus).toBe("connected");
  await handle.kick(true);
  await kit.clock.advance(60_000);
  expect([connection.connStatus, connection.$failure?.code]).toEqual(["disconnected", "forbidden"]);
});

test("waitUntil and keepAwake keep the actor awake until they settle", async (t) => {
  let finish: () => void = () => {};
  let slept = 0;
  const waiting = actor({
    by: Visitor,
    options: { sleepTimeout: 1000 },
    onSleep: () => {
      slept += 1;
    },
    actions: {
      later: (c) => {
        c.waitUntil(
          new Promise<void>((resolve) => {
            finish = resolve;
          }),
        );
      },
      fails: (c) => c.waitUntil(Promise.reject(new Error("in the background"))),
      value: async (c) => c.keepAwake(Promise.resolve(5)),
      error: (c) => c.keepAwake(Promise.reject(new Error("passed on"))),
    },
  });
  const kit = await setupTest(t, setup({ use: { waiting } }));
  const handle = kit.client.waiting.getOrCreate();
  await handle.later();
  await kit.clock.advance(10_000);
  expect(slept).toBe(0);
  finish();
  await kit.clock.advance(2500);
  expect(slept).toBe(1);
  await handle.fails();
  await kit.clock.settle();
  expect(kit.log.map(({ message }) => message)).toContain("a waitUntil promise was rejected");
  expect(await handle.value()).toBe(5);
  await expect(handle.error()).rejects.toMatchObject({ code: "internal_error" });
});

test("saveState resolves when what was changed is durable, also in onCreate", async (t) => {
  const saving = actor({
    by: Visitor,
    state: { n: 0 },
    onCreate: async (c) => {
      c.state.n = 1;
      await c.saveState({ immediate: true });
    },
    actions: {
      saveThenFail: async (c) => {
        c.state.n += 1;
        await c.saveState({ immediate: true });
        throw new Error("after the save");
      },
      n: (c) => c.state.n,
    },
  });
  const kit = await setupTest(t, setup({ use: { saving } }), { host: "sqlite" });
  const handle = kit.client.saving.getOrCreate();
  await expect(handle.saveThenFail()).rejects.toMatchObject({ code: "internal_error" });
  await kit.crash();
  expect(await handle.n()).toBe(2);
});

test("abortSignal fires when the actor stops, and in an action when its caller goes", async (t) => {
  const aborts: string[] = [];
  const listening = actor({
    by: Visitor,
    run: (c) => c.abortSignal.addEventListener("abort", () => aborts.push("run")),
    actions: {
      hold: async (c) => {
        c.abortSignal.addEventListener("abort", () => aborts.push("action"));
        await new Promise<void>((resolve) => c.abortSignal.addEventListener("abort", () => resolve()));
      },
      sleep: (c) => c.sleep(),
    },
  });
  const kit = await setupTest(t, setup({ use: { listening } }));
  const connection = kit.client.listening.getOrCreate().connect();
  const held = connection.hold().catch(() => {});
  await kit.clock.settle();
  await connection.dispose();
  await kit.clock.settle();
  expect(aborts).toEqual(["action"]);
  await held;
  await kit.client.listening.getOrCreate().sleep();
  await kit.clock.settle();
  expect(aborts).toEqual(["action", "run"]);
});

test("an actor's client calls as Caller, on behalf of who called it; without Caller it is forbidden", async (t) => {
  const inner = actor({
    by: anyOf(User, Caller),
    queues: { jobs: queue<string>() },
    guards: { actions: { people: { by: User } } },
    actions: {
      who: (c) =>
        c.caller.party === "Caller"
          ? { identity: c.caller.identity, behalf: c.caller.onBehalfOf?.identity ?? null, source: c.caller.source }
          : null,
      people: () => "seen",
      received: async (c) => (await c.queue.tryNext())?.body ?? null,
    },
    onRequest: (c, request) => new Response(`${c.caller.party} ${request.method} ${new URL(request.url).pathname}`),
  });
  const outer = actor({
    by: User,
    actions: {
      ask: (c, action: string) =>
        c
          .client<{ "~actors"?: { inner: typeof inner } }>()
          .inner.getOrCreate("i")
          .action({ name: action as "who" }),
      askCaught: async (c, action: string) => {
        try {
          return await c.client().getOrCreate("inner", "i").action({ name: action, args: [] });
        } catch (error) {
          return error instanceof ActorError ? `${error.group}/${error.code}` : "no ActorError";
        }
      },
      enqueue: async (c) => {
        const handle = c.client<{ "~actors"?: { inner: typeof inner } }>().inner.getOrCreate("i");
        await handle.send("jobs", "from outer");
        return handle.received();
      },
      request: async (c) => (await c.client().getOrCreate("inner", "i").fetch("/path", { method: "PUT" })).text(),
      idOf: (c) => c.client().getOrCreate("inner", "i").resolve(),
      create: async (c) => (await c.client().create("inner", "made")).resolve(),
    },
  });
  const kit = await setupTest(t, setup({ use: { inner, outer } }));
  const handle = kit.as(User, { sub: "ada" }).outer.getOrCreate("o");
  expect(await handle.ask("who")).toEqual({
    identity: "outer/o",
    behalf: "ada",
    source: { name: "outer", key: ["o"] },
  });
  expect(await handle.askCaught("people")).toBe("auth/forbidden");
  // What the callee refused is the handler's error, not a refusal of this caller's own call.
  await expect(handle.ask("people")).rejects.toMatchObject({ group: "byward", code: "internal_error" });
  expect(await handle.enqueue()).toBe("from outer");
  expect(await handle.request()).toBe("Caller PUT /path");
  expect(await handle.idOf()).toBe(await kit.as(User).inner.get("i").resolve());
  await handle.create();
  await expect(handle.create()).rejects.toMatchObject({ code: "internal_error" });
});

test("a message received in onRequest is acknowledged with what the handler changed", async (t) => {
  const intake = actor({
    by: Visitor,
    state: { seen: [] as string[] },
    queues: { jobs: queue<string>() },
    actions: { seen: (c) => [...c.state.seen] },
    onRequest: async (c, request) => {
      const message = await c.queue.tryNext();
      if (message !== undefined) c.state.seen.push(message.body);
      if (request.method === "DELETE") throw new Error("failed after the receive");
      return new Response(message?.body ?? "none");
    },
  });
  const kit = await setupTest(t, setup({ use: { intake } }));
  const handle = kit.client.intake.getOrCreate("i");
  await handle.send("jobs", "one");
  await handle.send("jobs", "two");
  expect(await (await handle.fetch("/")).text()).toBe("one");
  expect(await handle.seen()).toEqual(["one"]);
  expect((await handle.fetch("/", { method: "DELETE" })).status).toBe(500);
  expect(await handle.seen()).toEqual(["one"]);
  await kit.clock.advance(60_000);
  expect(await (await handle.fetch("/")).text()).toBe("two");
  expect(await handle.seen()).toEqual(["one", "two"]);
});

test("a declared schema checks state when it is created, and migrate brings an older one up", async (t) => {
  const { z } = await import("zod");
  let version = 1;
  const shaped = actor({
    by: Visitor,
    createState: (_c, input: unknown) => ({ name: input as string, version: 1 }),
    schema: z.object({ name: z.string(), version: z.number() }) as never,
    migrate: {
      get version() {
        return version;
      },
      up: (state, from) => ({ ...(state as { name: string }), version: from + 1 }),
    },
    actions: { state: (c) => ({ ...c.state }) },
  });
  const kit = await setupTest(t, setup({ use: { shaped } }));
  const made = (key: string, input: unknown) => kit.client.shaped.getOrCreate(key, { createWithInput: input });
  await expect(made("bad", 5).state()).rejects.toMatchObject({ code: "internal_error" });
  expect(kit.log.some(({ fields }) => fields["reason"] === "state.invalid_shape")).toBe(true);
  await expect(kit.client.shaped.get("bad").resolve()).rejects.toThrow();
  expect(await made("good", "ada").state()).toEqual({ name: "ada", version: 1 });
  await kit.restart();
  version = 2;
  expect(await made("good", undefined).state()).toEqual({ name: "ada", version: 2 });
});

test("atomic drops what a failed action changed; serial runs one call at a time", async (t) => {
  let running = 0;
  let most = 0;
  const careful = actor({
    by: Visitor,
    state: { n: 0 },
    guards: { actions: { atomic: { atomic: true }, serial: { serial: true } } },
    actions: {
      atomic: (c) => {
        c.state.n += 1;
        throw new Error("no");
      },
      plain: (c) => {
        c.state.n += 1;
        throw new Error("no");
      },
      serial: async () => {
        most = Math.max(most, ++running);
        await Promise.resolve();
        running -= 1;
      },
      n: (c) => c.state.n,
    },
  });
  const kit = await setupTest(t, setup({ use: { careful } }));
  const handle = kit.client.careful.getOrCreate();
  await handle.atomic().catch(() => {});
  expect(await handle.n()).toBe(0);
  await handle.plain().catch(() => {});
  expect(await handle.n()).toBe(1);
  const connection = handle.connect();
  await Promise.all(Array.from({ length: 5 }, () => connection.serial()));
  expect(most).toBe(1);
});

test("ActionContextOf gives a helper the state, events and callers of its actor", async (t) => {
  const counter = actor({
    by: anyOf(User, Visitor),
    state: { n: 0 },
    events: { changed: event<number>() },
    actions: { add: (c, by: number) => c.state.n + by },
  });
  const announce = (c: ActionContextOf<typeof counter>): string => {
    expectTypeOf(c.state).toEqualTypeOf<{ n: number }>();
    expectTypeOf(c.caller.party).toEqualTypeOf<"User" | "Visitor">();
    c.broadcast("changed", c.state.n);
    return c.caller.party;
  };
  expectTypeOf(announce).parameter(0).toHaveProperty("conn");
  const kit = await setupTest(t, setup({ use: { counter } }));
  expect(await kit.client.counter.getOrCreate().add(2)).toBe(2);
});

test("a handler that goes on after its actor slept writes nothing over what was acknowledged since", async (t) => {
  let release: () => void = () => {};
  const sleeper = actor({
    by: Visitor,
    state: { n: 0 },
    actions: {
      slow: async (c) => {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        c.state.n += 1;
        return "done";
      },
      set: (c, n: number) => {
        c.state.n = n;
      },
      n: (c) => c.state.n,
      sleep: (c) => c.sleep(),
    },
  });
  const kit = await setupTest(t, setup({ use: { sleeper } }));
  for (const way of ["stateless", "connection"] as const) {
    const handle = kit.client.sleeper.getOrCreate(way);
    const caller = way === "stateless" ? handle : handle.connect();
    await caller.n();
    const slow = caller.slow().catch((error: unknown) => error);
    await kit.clock.settle();
    await handle.sleep();
    await kit.clock.settle();
    await caller.set(7);
    release();
    expect(await slow).toMatchObject({ group: "actor", code: "aborted" });
    await kit.clock.settle();
    await kit.crash();
    expect(await handle.n()).toBe(7);
  }
});
