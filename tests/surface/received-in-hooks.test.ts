/** Messages received in hooks: acknowledged with what the hook changed when it has settled, delivered again when it failed. */
import { actor, queue, setup, Visitor } from "byward";
import { setupTest, type TestKit } from "byward/testing";
import { expect, test } from "vitest";

type Take = { queue: { tryNext(): Promise<{ body: string; attempt: number } | undefined> }; state: { seen: string[] } };

/** Which hook receives, and how it ends. */
const knobs = { hook: "", how: "return" as "return" | "throw" };
const receive = async (hook: string, c: unknown): Promise<void> => {
  if (knobs.hook !== hook) return;
  const context = c as Take;
  const message = await context.queue.tryNext();
  if (message === undefined) return;
  context.state.seen.push(`${hook} ${message.body} ${message.attempt}`);
  knobs.hook = "";
  if (knobs.how === "throw") throw new Error("not now");
};

const hooked = actor({
  by: Visitor,
  state: { seen: [] as string[] },
  options: { sleepTimeout: 1000 },
  queues: { jobs: queue<string>() },
  onWake: (c) => receive("onWake", c),
  onSleep: (c) => receive("onSleep", c),
  onBeforeConnect: (c) => receive("onBeforeConnect", c),
  createConnState: (c) => receive("createConnState", c),
  onConnect: (c) => receive("onConnect", c),
  onDisconnect: (c) => receive("onDisconnect", c),
  onBeforeActionResponse: async (c, _name, _args, output) => {
    await receive("onBeforeActionResponse", c);
    return output;
  },
  actions: {
    nothing: () => {},
    sleep: (c) => c.sleep(),
    seen: (c) => [...c.state.seen],
    take: async (c) => {
      const message = await c.queue.tryNext();
      return message && `${message.body} ${message.attempt}`;
    },
    /** Receives after the action has ended. */
    later: (c) => {
      const { queue: jobs } = c;
      setTimeout(() => void jobs.tryNext(), 0);
    },
  },
  onWebSocket: (c, socket) => {
    const { queue: jobs } = c;
    socket.addEventListener("message", () => void jobs.tryNext());
  },
});
const registry = setup({ use: { hooked } });

/** What runs each hook. */
const RUN: Readonly<Record<string, (kit: TestKit<typeof registry>) => Promise<unknown>>> = {
  onWake: async (kit) => {
    knobs.hook = "";
    await kit.restart();
    knobs.hook = "onWake";
    await kit.client.hooked.getOrCreate("h").nothing();
  },
  onBeforeConnect: (kit) => kit.client.hooked.getOrCreate("h").nothing(),
  createConnState: (kit) => kit.client.hooked.getOrCreate("h").nothing(),
  onConnect: (kit) => kit.client.hooked.getOrCreate("h").nothing(),
  onDisconnect: (kit) => kit.client.hooked.getOrCreate("h").nothing(),
  onBeforeActionResponse: (kit) => kit.client.hooked.getOrCreate("h").nothing(),
};

const begin = async (t: object) => {
  knobs.hook = "";
  knobs.how = "return";
  const kit = await setupTest(t as never, registry);
  const handle = kit.client.hooked.getOrCreate("h");
  await handle.send("jobs", "one");
  await kit.clock.settle();
  return { kit, handle };
};

for (const [hook, run] of Object.entries(RUN)) {
  test(`${hook} that received and returned has handled it, and what it changed is kept`, async (t) => {
    const { kit, handle } = await begin(t);
    knobs.hook = hook;
    await run(kit);
    await kit.clock.settle();
    expect(await handle.seen()).toEqual([`${hook} one 1`]);
    await kit.clock.advance(100_000);
    expect(await handle.take()).toBeUndefined();
    expect(await handle.seen()).toEqual([`${hook} one 1`]);
  });

  test(`${hook} that received and threw gives it back, with what it changed`, async (t) => {
    const { kit, handle } = await begin(t);
    knobs.hook = hook;
    knobs.how = "throw";
    await run(kit).catch(() => {});
    await kit.clock.advance(100_000);
    expect(await handle.seen()).toEqual([]);
    expect(await handle.take()).toBe("one 2");
  });
}

test("an actor that stops receives nothing more: actor/aborted in onSleep", async (t) => {
  const { kit, handle } = await begin(t);
  knobs.hook = "onSleep";
  await handle.sleep();
  await kit.clock.advance(100);
  const line = kit.log.find(({ message }) => message === "onSleep failed");
  expect(line?.fields["err"]).toMatchObject({ group: "actor", code: "aborted" });
  expect(await handle.take()).toBe("one 1");
});

test("what one hook holds is not acknowledged by the end of another", async (t) => {
  const { kit, handle } = await begin(t);
  const connection = handle.connect();
  knobs.hook = "onDisconnect";
  knobs.how = "throw";
  await connection.nothing();
  await connection.dispose();
  await kit.clock.settle();
  await handle.nothing();
  await kit.clock.advance(100_000);
  expect(await handle.take()).toBe("one 2");
});

test("what is received through a context whose handler is over is delivered again after its lease", async (t) => {
  const { kit, handle } = await begin(t);
  await handle.later();
  await new Promise((resolve) => setTimeout(resolve, 10));
  await kit.clock.settle();
  expect(await handle.take()).toBeUndefined();
  await kit.clock.advance(40_000);
  expect(await handle.take()).toBe("one 2");
});
