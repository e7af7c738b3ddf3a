/** Each hook: when it runs, what its context has, what happens when it takes too long and when it fails. */
import { actor, bearer, party, queue, setup, UserError, Visitor } from "byward";
import { setupTest, type TestKit } from "byward/testing";
import { expect, type TestContext, test } from "vitest";

const never = new Promise<never>(() => {});

/** Runs what `act` starts while time passes, and gives its result or its error. */
async function during(kit: Pick<TestKit, "clock">, ms: number, act: () => Promise<unknown>): Promise<unknown> {
  const running = act().catch((error: unknown) => error);
  await kit.clock.advance(ms);
  return running;
}

const messages = (kit: Pick<TestKit, "log">): string[] => kit.log.map(({ message }) => message);

const nameIn = (params: unknown): string => (params as { readonly name: string }).name;

function tracedRegistry(trace: string[]) {
  const push = (what: string): void => void trace.push(what);
  const traced = actor({
    by: Visitor,
    createState: (_c, input: string | undefined) => {
      push(`createState ${input}`);
      return { count: 0 };
    },
    createVars: () => {
      push("createVars");
      return { made: true };
    },
    createConnState: (_c, params) => {
      push(`createConnState ${nameIn(params)}`);
      return { name: nameIn(params) };
    },
    canCreate: ({ key }) => {
      push(`canCreate ${key.join("/")}`);
      return true;
    },
    onCreate: (_c, input) => push(`onCreate ${input}`),
    onWake: () => push("onWake"),
    run: (c) => {
      push("run");
      c.abortSignal.addEventListener("abort", () => push("abort"));
    },
    onBeforeConnect: (_c, params) => push(`onBeforeConnect ${nameIn(params)}`),
    canInvoke: (_c, invoke) => {
      push(`canInvoke ${invoke.kind}`);
      return true;
    },
    onConnect: () => push("onConnect"),
    onDisconnect: () => push("onDisconnect"),
    onStateChange: (_c, state) => push(`onStateChange ${state.count}`),
    onBeforeActionResponse: (_c, name, args, output) => {
      push(`onBeforeActionResponse ${name} ${JSON.stringify(args)}`);
      return output;
    },
    onSleep: () => push("onSleep"),
    onDestroy: () => push("onDestroy"),
    onRequest: () => {
      push("onRequest");
      return new Response("ok");
    },
    onWebSocket: () => push("onWebSocket"),
    actions: {
      add: (c, by: number) => {
        push("add");
        c.state.count += by;
        return c.state.count;
      },
      sleep: (c) => c.sleep(),
      end: (c) => c.destroy(),
    },
  });
  return setup({ use: { traced } });
}

const traced = async (t: TestContext) => {
  const trace: string[] = [];
  const kit = await setupTest(t, tracedRegistry(trace));
  const handle = kit.client.traced.getOrCreate("k", { params: { name: "ada" }, createWithInput: "input" });
  const take = (): string[] => trace.splice(0);
  return { kit, handle, take };
};

test("hooks of a first stateless call run in the order of the reference", async (t) => {
  const { handle, take } = await traced(t);
  await handle.add(2);
  expect(take()).toEqual([
    "canCreate k",
    "createState input",
    "createVars",
    "onBeforeConnect ada",
    "createConnState ada",
    "canInvoke action",
    "onCreate input",
    "onWake",
    "run",
    "onConnect",
    "add",
    "onStateChange 2",
    "onBeforeActionResponse add [2]",
    "onDisconnect",
  ]);
  await handle.add(1);
  expect(take()).toEqual([
    "onBeforeConnect ada",
    "createConnState ada",
    "canInvoke action",
    "onConnect",
    "add",
    "onStateChange 3",
    "onBeforeActionResponse add [1]",
    "onDisconnect",
  ]);
});

test("a connection runs its hooks once, and a decision for each message", async (t) => {
  const { kit, handle, take } = await traced(t);
  await handle.add(1);
  take();
  const connection = handle.connect();
  await connection.add(1);
  await connection.add(1);
  const once = ["onBeforeConnect ada", "createConnState ada", "onConnect"];
  const each = (count: number) => [
    "canInvoke action",
    "add",
    `onStateChange ${count}`,
    "onBeforeActionResponse add [1]",
  ];
  expect(take()).toEqual([...once, ...each(2), ...each(3)]);
  await connection.dispose();
  await kit.clock.settle();
  expect(take()).toEqual(["onDisconnect"]);
});

test("raw requests and raw sockets are decided before onConnect", async (t) => {
  const { kit, handle, take } = await traced(t);
  await handle.add(1);
  take();
  await (await handle.fetch("/")).text();
  const before = ["onBeforeConnect ada", "createConnState ada"];
  expect(take()).toEqual([...before, "canInvoke request", "onConnect", "onRequest", "onDisconnect"]);
  const socket = await handle.webSocket("/");
  expect(take()).toEqual([...before, "canInvoke websocket", "onConnect", "onWebSocket"]);
  socket.close();
  await kit.clock.settle();
  expect(take()).toEqual(["onDisconnect"]);
});

test("sleep and waking run abort, onSleep, createVars, onWake and run; destroy runs onDestroy", async (t) => {
  const { kit, handle, take } = await traced(t);
  await handle.add(1);
  await handle.sleep();
  take();
  await kit.clock.settle();
  expect(take()).toEqual(["abort", "onSleep"]);
  expect(await handle.add(1)).toBe(2);
  expect(take().slice(0, 3)).toEqual(["createVars", "onWake", "run"]);
  await handle.end();
  take();
  await kit.clock.settle();
  expect(take()).toEqual(["abort", "onDestroy"]);
  await handle.add(1);
  expect(take().slice(0, 2)).toEqual(["canCreate k", "createState input"]);
});

test("contexts: who has state, vars, conn, caller and request", async (t) => {
  const seen: Record<string, readonly string[]> = {};
  const User = party("User", { auth: bearer({ secret: "USER_SECRET" }) });
  const MEMBERS = ["state", "vars", "conn", "caller", "request"] as const;
  const look = (hook: string, c: object): void => {
    seen[hook] = MEMBERS.filter((member) => {
      try {
        return (c as Record<string, unknown>)[member] !== undefined;
      } catch {
        return false;
      }
    });
  };
  const looking = actor({
    by: User,
    createState: (c) => {
      look("createState", c);
      return { n: 0 };
    },
    createVars: (c) => {
      look("createVars", c);
      return {};
    },
    createConnState: (c) => look("createConnState", c),
    onCreate: (c) => look("onCreate", c),
    onWake: (c) => look("onWake", c),
    run: (c) => look("run", c),
    onBeforeConnect: (c) => look("onBeforeConnect", c),
    canInvoke: (c) => {
      look("canInvoke", c);
      return true;
    },
    onConnect: (c) => look("onConnect", c),
    onDisconnect: (c) => look("onDisconnect", c),
    onStateChange: (c) => look("onStateChange", c),
    onBeforeActionResponse: (c, _name, _args, output) => {
      look("onBeforeActionResponse", c);
      return output;
    },
    onSleep: (c) => look("onSleep", c),
    onRequest: (c) => {
      look("onRequest", c);
      return new Response();
    },
    onWebSocket: (c) => look("onWebSocket", c),
    actions: {
      act: (c) => {
        look("action", c);
        c.state.n += 1;
      },
      sleep: (c) => c.sleep(),
    },
  });
  const kit = await setupTest(t, setup({ use: { looking } }));
  const handle = kit.as(User, { sub: "ada" }).looking.getOrCreate();
  await handle.act();
  await handle.fetch("/");
  (await handle.webSocket("/")).close();
  await handle.sleep();
  await kit.clock.settle();
  const shared = ["state", "vars"];
  const all = [...shared, "conn", "caller", "request"];
  expect(seen).toEqual({
    createState: [],
    createVars: ["state"],
    onBeforeConnect: [...shared, "caller", "request"],
    createConnState: [...shared, "caller", "request"],
    canInvoke: all,
    onCreate: shared,
    onWake: shared,
    run: shared,
    onConnect: all,
    action: all,
    onStateChange: shared,
    onBeforeActionResponse: shared,
    onDisconnect: shared,
    onRequest: all,
    onWebSocket: all,
    onSleep: shared,
  });
});

/** One actor whose hooks do what a test says. */
type Behaviour = "fail" | "hang" | "user" | "fine";
function unruly(hook: string, behaviour: () => Behaviour) {
  let ran = 0;
  const act = (name: string): Promise<void> | undefined => {
    if (name !== hook) return undefined;
    const how = behaviour();
    if (how === "fail") throw new Error(`${name} was told to fail`);
    if (how === "user") throw new UserError("not now", { code: "not_now" });
    return how === "hang" ? never : undefined;
  };
  const definition = actor({
    by: Visitor,
    createState: async () => {
      await act("createState");
      return { n: 0 };
    },
    createVars: async () => {
      await act("createVars");
      return { v: 1 };
    },
    createConnState: async () => {
      await act("createConnState");
      return 1;
    },
    canCreate: async () => {
      await act("canCreate");
      return true;
    },
    onCreate: async (c) => {
      c.state.n = 100;
      await act("onCreate");
    },
    onWake: async () => act("onWake"),
    onBeforeConnect: async () => act("onBeforeConnect"),
    canInvoke: async () => {
      await act("canInvoke");
      return true;
    },
    onConnect: async () => act("onConnect"),
    onDisconnect: async () => act("onDisconnect"),
    onStateChange: () => void act("onStateChange"),
    onBeforeActionResponse: async (_c, _name, _args, output) => {
      await act("onBeforeActionResponse");
      return output;
    },
    onSleep: async () => act("onSleep"),
    onDestroy: async () => act("onDestroy"),
    onRequest: async () => {
      ran += 1;
      await act("onRequest");
      return new Response("fine");
    },
    onWebSocket: async () => act("onWebSocket"),
    actions: {
      act: (c) => {
        ran += 1;
        c.state.n += 1;
        return c.state.n;
      },
      sleep: (c) => c.sleep(),
      end: (c) => c.destroy(),
    },
  });
  return { registry: setup({ use: { unruly: definition } }), ran: () => ran };
}

const fault = { group: "byward", code: "internal_error" };

for (const hook of ["createState", "createVars", "onCreate", "onWake", "canCreate"]) {
  test(`${hook} that fails fails the start, hides why, and the next call starts anew`, async (t) => {
    let how: Behaviour = "fail";
    const { registry, ran } = unruly(hook, () => how);
    const kit = await setupTest(t, registry);
    const handle = kit.client.unruly.getOrCreate("k");
    const error = await handle.act().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject(fault);
    expect(String(error)).not.toContain("told to fail");
    expect(JSON.stringify(kit.log.map(({ fields }) => String(fields["err"])))).toContain("told to fail");
    expect(ran()).toBe(0);
    await expect(kit.client.unruly.get("k").act()).rejects.toMatchObject({
      code: hook === "canCreate" || hook.startsWith("on") ? "not_found" : fault.code,
    });
    how = "fine";
    expect(await handle.act()).toBe(101);
  });
}

for (const hook of ["onBeforeConnect", "createConnState", "canInvoke"]) {
  test(`${hook} that fails denies the call; a UserError reaches the caller`, async (t) => {
    let how: Behaviour = "fail";
    const { registry, ran } = unruly(hook, () => how);
    const kit = await setupTest(t, registry);
    const handle = kit.client.unruly.getOrCreate("k");
    await expect(handle.act()).rejects.toMatchObject(fault);
    how = "user";
    await expect(handle.act()).rejects.toMatchObject({ group: "user", code: "not_now", message: "not now" });
    expect((await handle.fetch("/")).status).toBe(400);
    await expect(handle.webSocket("/")).rejects.toMatchObject({ group: "user", code: "not_now" });
    expect(ran()).toBe(0);
    await expect(
      kit.client.unruly
        .get("k")
        .fetch("/")
        .then(({ status }) => status),
    ).resolves.toBe(400);
    how = "fine";
    expect(await handle.act()).toBe(101);
  });
}

for (const [hook, limit] of [
  ["createVars", 5000],
  ["canCreate", 5000],
  ["onBeforeConnect", 5000],
  ["createConnState", 5000],
  ["canInvoke", 5000],
] as const) {
  test(`${hook} is given ${limit} ms, and the call fails when it takes longer`, async (t) => {
    const { registry, ran } = unruly(hook, () => "hang");
    const kit = await setupTest(t, registry);
    let isOver = false;
    const call = kit.client.unruly
      .getOrCreate("k")
      .act()
      .catch((error: unknown) => error)
      .finally(() => {
        isOver = true;
      });
    await kit.clock.advance(limit - 1);
    expect(isOver).toBe(false);
    await kit.clock.advance(1);
    expect(isOver).toBe(true);
    expect(await call).toMatchObject(fault);
    expect(ran()).toBe(0);
  });
}

test("onConnect that fails or takes longer than 5 s closes the connection", async (t) => {
  let how: Behaviour = "fail";
  const { registry } = unruly("onConnect", () => how);
  const kit = await setupTest(t, registry);
  const closes: string[] = [];
  const sockets = (): void => {
    const connection = kit.client.unruly.getOrCreate("k").connect();
    connection.onClose(() => closes.push(connection.connStatus));
  };
  sockets();
  await kit.clock.settle();
  expect(closes.length).toBeGreaterThan(0);
  expect(messages(kit)).toContain("onConnect failed");
  await kit.client.dispose();
  how = "hang";
  closes.length = 0;
  sockets();
  await kit.clock.advance(4999);
  expect(closes).toEqual([]);
  await kit.clock.advance(1);
  expect(closes.length).toBe(1);
});

test("what fails in onDisconnect, onStateChange and onBeforeActionResponse is logged, and the call succeeds", async (t) => {
  for (const hook of ["onDisconnect", "onStateChange", "onBeforeActionResponse"]) {
    const { registry } = unruly(hook, () => "fail");
    const kit = await setupTest(t, registry);
    expect(await kit.client.unruly.getOrCreate("k").act()).toBe(101);
    await kit.clock.settle();
    expect(messages(kit).join()).toMatch(hook === "onDisconnect" ? /onDisconnect|waitUntil/ : hook);
  }
});

test("onSleep and onDestroy may fail or take longer than 5 s: the stop goes on", async (t) => {
  for (const [hook, how] of [
    ["onSleep", "fail"],
    ["onSleep", "hang"],
    ["onDestroy", "fail"],
    ["onDestroy", "hang"],
  ] as const) {
    const { registry } = unruly(hook, () => how);
    const kit = await setupTest(t, registry);
    const handle = kit.client.unruly.getOrCreate("k");
    await handle.act();
    await (hook === "onSleep" ? handle.sleep() : handle.end());
    await kit.clock.settle();
    if (how === "hang") {
      expect(messages(kit).join()).not.toContain("in time");
      await kit.clock.advance(5000);
    }
    expect(messages(kit).join()).toContain(how === "fail" ? `${hook} failed` : `${hook} did not finish in time`);
    expect(await kit.client.unruly.getOrCreate("k").act()).toBe(hook === "onSleep" ? 102 : 101);
  }
});

test("onRequest that fails or returns no response is a fault; onWebSocket that fails closes 1011", async (t) => {
  const { registry } = unruly("onRequest", () => "fail");
  const kit = await setupTest(t, registry);
  const response = await kit.client.unruly.getOrCreate("k").fetch("/");
  expect(response.status).toBe(500);
  expect(await response.json()).toMatchObject(fault);

  const silent = actor({ by: Visitor, onRequest: () => undefined as unknown as Response });
  const other = await setupTest(t, setup({ use: { silent } }));
  expect((await other.client.silent.getOrCreate().fetch("/")).status).toBe(500);

  const { registry: third } = unruly("onWebSocket", () => "fail");
  const sockets = await setupTest(t, third);
  const socket = await sockets.client.unruly.getOrCreate("k").webSocket("/");
  const closed = new Promise<number>((resolve) => {
    socket.onclose = ({ code }) => resolve(code);
  });
  expect(await closed).toBe(1011);
});

test("run that throws is started again with a pause; run that returns leaves the actor", async (t) => {
  let runs = 0;
  const runner = actor({
    by: Visitor,
    state: { n: 0 },
    run: () => {
      runs += 1;
      if (runs < 3) throw new Error("again");
    },
    actions: { n: (c) => ++c.state.n },
  });
  const kit = await setupTest(t, setup({ use: { runner } }));
  const handle = kit.client.runner.getOrCreate();
  await handle.n();
  expect(runs).toBe(1);
  await kit.clock.advance(250);
  expect(runs).toBe(2);
  await kit.clock.advance(500);
  expect(runs).toBe(3);
  expect(await handle.n()).toBe(2);
});

test("a stop waits 15 s for run and for waitUntil, no longer", async (t) => {
  const stubborn = actor({
    by: Visitor,
    queues: { jobs: queue<string>() },
    run: async () => never,
    actions: { stop: (c) => c.destroy(), wait: (c) => c.waitUntil(never) },
  });
  const kit = await setupTest(t, setup({ use: { stubborn } }));
  const handle = kit.client.stubborn.getOrCreate();
  await handle.wait();
  await handle.stop();
  await kit.clock.advance(14_999);
  expect(messages(kit)).toEqual([]);
  await kit.clock.advance(1);
  expect(messages(kit)).toContain("run did not settle in time");
  await kit.clock.advance(14_999);
  expect(messages(kit)).not.toContain("waitUntil did not settle in time");
  await kit.clock.advance(1);
  expect(messages(kit)).toContain("waitUntil did not settle in time");
});

test("an action is given 60 s; its abort signal fires, and what it does later is logged", async (t) => {
  let aborted: unknown;
  let release: () => void = () => {};
  const slow = actor({
    by: Visitor,
    state: { late: false },
    actions: {
      slow: async (c) => {
        c.abortSignal.addEventListener("abort", () => {
          aborted = c.abortSignal.reason;
        });
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        c.state.late = true;
      },
      late: (c) => c.state.late,
    },
  });
  const kit = await setupTest(t, setup({ use: { slow } }));
  const handle = kit.client.slow.getOrCreate();
  const error = await during(kit, 60_000, () => handle.slow());
  expect(error).toMatchObject({ group: "action", code: "timed_out" });
  expect(aborted).toBeInstanceOf(Error);
  release();
  await kit.clock.settle();
  expect(await handle.late()).toBe(true);
  expect(messages(kit).join()).toContain("an action that had timed out ended");
});
