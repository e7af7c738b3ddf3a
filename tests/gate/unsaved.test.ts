/** Handlers that are at work while their actor's memory is given up: what they changed or saw is on no disk, and is not answered (G8). */
import { actor, Caller, memory, setup, UserError, Visitor } from "byward";
import { expect, test } from "vitest";
import { VirtualClock } from "../../src/hosts/memory/clock.ts";
import { MemoryStore } from "../../src/hosts/memory/store.ts";
import { StoreError, type WriteSet } from "../../src/hosts/port.ts";

class FailingStore extends MemoryStore {
  failures = 0;
  override commit(writes: WriteSet): Promise<void> {
    if (this.failures === 0) return super.commit(writes);
    this.failures -= 1;
    return Promise.reject(new StoreError("failed", "the disk is broken"));
  }
}

async function world() {
  const clock = new VirtualClock();
  const store = new FailingStore();
  const holds = new Map<string, () => void>();
  const held = (name: string) => new Promise<void>((resolve) => holds.set(name, resolve));
  const counter = actor({
    by: Visitor,
    state: { slow: 0, other: 0 },
    actions: {
      add: (c) => ++c.state.other,
      read: (c) => c.state.slow,
      sleep: (c) => c.sleep(),
      slow: async (c) => {
        c.state.slow += 1;
        await held("slow");
        return c.state.slow;
      },
      late: async (c) => {
        await held("before");
        c.state.slow += 1;
        await held("after");
        return c.state.slow;
      },
      look: async (c) => {
        await held("look");
        return c.state.slow;
      },
    },
  });
  const registry = setup({ use: { counter } });
  await registry.start(memory({ clock, store }));
  const call = async (action: string) => {
    const response = await registry.fetch(
      new Request(`http://localhost/actors/counter/one/actions/${action}`, {
        method: "POST",
        body: "[]",
        headers: { "content-type": "application/json" },
      }),
    );
    return { status: response.status, body: await response.json() };
  };
  /** Lets a handler go on, once it waits. */
  const goOn = async (name: string): Promise<void> => {
    await expect.poll(() => holds.has(name)).toBe(true);
    holds.get(name)!();
    holds.delete(name);
    await clock.drain();
  };
  return { clock, store, holds, call, goOn };
}

test("an action that changed state before another one's commit failed is not answered as done", async () => {
  const { store, holds, call, goOn } = await world();
  await call("add");
  const slow = call("slow");
  await expect.poll(() => holds.has("slow")).toBe(true);
  store.failures = 1;
  expect((await call("add")).status).toBe(500);
  await goOn("slow");
  expect((await slow).status).toBe(500);
  expect((await call("read")).body).toEqual({ output: 0 });
});

test("of two handlers that outlive their actor's sleep, both are told when one of them wrote", async () => {
  const { clock, holds, call, goOn } = await world();
  await call("add");
  const late = call("late");
  const look = call("look");
  await expect.poll(() => holds.size).toBe(2);
  await call("sleep");
  await clock.advance(1);
  await goOn("before");
  await goOn("look");
  expect(await look).toMatchObject({ status: 503, body: { group: "actor", code: "aborted" } });
  await goOn("after");
  expect(await late).toMatchObject({ status: 503, body: { group: "actor", code: "aborted" } });
  expect((await call("read")).body).toEqual({ output: 0 });
});

test("an actor learns of another's failure once what the other changed is on disk", async () => {
  const written: string[] = [];
  class SlowStore extends MemoryStore {
    override async commit(writes: WriteSet): Promise<void> {
      await super.commit(writes);
      await new Promise((resolve) => setTimeout(resolve, 20));
      written.push(writes.actor.name);
    }
  }
  const stock = actor({
    by: Caller,
    state: { asked: 0 },
    actions: {
      take: (c) => {
        c.state.asked += 1;
        throw new UserError("empty", { code: "empty" });
      },
      count: (c) => c.state.asked,
    },
  });
  const desk = actor({
    by: Visitor,
    actions: {
      order: async (c) => {
        const one = c.client<typeof stocks>().stock.getOrCreate("one");
        await one.count();
        const before = written.length;
        await expect(one.take()).rejects.toMatchObject({ group: "user", code: "empty" });
        return written.slice(before);
      },
    },
  });
  const stocks = setup({ use: { stock } });
  const registry = setup({ use: { stock, desk } });
  await registry.start(memory({ store: new SlowStore() }));
  const response = await registry.fetch(
    new Request("http://localhost/actors/desk/one/actions/order", {
      method: "POST",
      body: "[]",
      headers: { "content-type": "application/json" },
    }),
  );
  expect(await response.json()).toEqual({ output: ["stock"] });
});
