/** `saveState` and the throttled save of relaxed actors: what a crash keeps, and when a save has landed. */
import { actor, event, queue, setup, Visitor } from "byward";
import { setupTest } from "byward/testing";
import { expect, test } from "vitest";

const shapeOf = (durability: "durable" | "relaxed") =>
  actor({
    by: Visitor,
    state: { n: 0 },
    vars: { saved: [] as string[] },
    options: { durability, stateSaveInterval: 10_000 },
    events: { changed: event<number>() },
    queues: { jobs: queue<string>() },
    actions: {
      add: (c) => {
        c.state.n += 1;
        c.broadcast("changed", c.state.n);
        return c.state.n;
      },
      n: (c) => c.state.n,
      save: (c, options: { immediate?: boolean; maxWait?: number }) => c.saveState(options),
      saveLater: (c, options: { immediate?: boolean; maxWait?: number }) => {
        c.waitUntil(c.saveState(options).then(() => c.vars.saved.push(JSON.stringify(options))));
      },
      saved: (c) => c.vars.saved,
      enqueue: (c) => c.queue.send("jobs", "one").then(() => {}),
      sleep: (c) => c.sleep(),
    },
  });
const registry = setup({ use: { relaxed: shapeOf("relaxed"), durable: shapeOf("durable") } });

/** A relaxed actor whose interval has just begun, at 1. */
const begun = async (t: object) => {
  const kit = await setupTest(t as never, registry);
  const handle = kit.client.relaxed.getOrCreate("a");
  await handle.n();
  await kit.clock.advance(20_000);
  expect(await handle.add()).toBe(1);
  await kit.clock.settle();
  return { kit, handle };
};

test("the first change after a quiet time is saved at once, later ones with the interval", async (t) => {
  const { kit, handle } = await begun(t);
  await handle.add();
  await handle.add();
  await kit.clock.advance(9000);
  await kit.crash();
  expect(await handle.n()).toBe(1);
  await handle.add();
  await handle.add();
  await kit.clock.advance(10_001);
  await kit.crash();
  expect(await handle.n()).toBe(3);
});

test("replies and events of a relaxed actor wait for no save", async (t) => {
  const { kit, handle } = await begun(t);
  const connection = handle.connect();
  const heard: number[] = [];
  connection.on("changed", (n) => heard.push(n));
  await connection.n();
  const before = kit.clock.now();
  expect(await connection.add()).toBe(2);
  expect(await handle.add()).toBe(3);
  await kit.clock.settle();
  expect(heard).toEqual([2, 3]);
  expect(kit.clock.now()).toBe(before);
});

test("immediate is on disk when it resolves", async (t) => {
  const { kit, handle } = await begun(t);
  await handle.add();
  await handle.save({ immediate: true });
  await kit.crash();
  expect(await handle.n()).toBe(2);
});

test("without options it resolves with the throttled save, with maxWait sooner, and every time anew", async (t) => {
  const { kit, handle } = await begun(t);
  for (let round = 0; round < 3; round++) {
    await handle.add();
    await handle.saveLater({});
    await kit.clock.advance(8000);
    expect(await handle.saved()).toHaveLength(round);
    await kit.clock.advance(2500);
    expect(await handle.saved()).toHaveLength(round + 1);
  }
  await handle.add();
  await handle.saveLater({});
  await handle.saveLater({ maxWait: 2000 });
  await kit.clock.advance(1500);
  expect(await handle.saved()).toHaveLength(3);
  await kit.clock.advance(600);
  expect(await handle.saved()).toHaveLength(5);
  const saved = await handle.n();
  await kit.crash();
  expect(await handle.n()).toBe(saved);
});

test("with nothing changed it resolves at once", async (t) => {
  const { kit, handle } = await begun(t);
  const before = kit.clock.now();
  for (const options of [{}, { immediate: true }, { maxWait: 5000 }]) await handle.save(options);
  expect(kit.clock.now()).toBe(before);
});

test("what else is written takes the state with it", async (t) => {
  const { kit, handle } = await begun(t);
  await handle.add();
  await handle.enqueue();
  await kit.crash();
  expect(await handle.n()).toBe(2);
});

test("an actor that sleeps, or a registry that stops, saves first", async (t) => {
  const { kit, handle } = await begun(t);
  await handle.add();
  await handle.sleep();
  await kit.clock.advance(100);
  await kit.crash();
  expect(await handle.n()).toBe(2);
  await handle.add();
  await handle.add();
  await kit.restart();
  expect(await handle.n()).toBe(4);
});

test("a durable actor needs none of it: every reply is on disk, every option resolves then", async (t) => {
  const kit = await setupTest(t, registry, { host: "sqlite" });
  const handle = kit.client.durable.getOrCreate("a");
  await handle.add();
  for (const options of [{}, { immediate: true }, { maxWait: 5000 }]) {
    await handle.add();
    await handle.save(options);
  }
  await kit.crash();
  expect(await handle.n()).toBe(4);
});
