/** What a decision changes beside the state: kept apart, joined on admission, dropped on denial (ruling 10). */
import { actor, event, queue, setup, Visitor } from "byward";
import { expect, test } from "vitest";
import { virtual } from "./virtual.ts";

function createSetting() {
  const seen: unknown[] = [];
  const room = actor({
    by: Visitor,
    state: { asked: 0 },
    events: { news: event<string>() },
    canInvoke: async (c, invoke) => {
      if (invoke.kind !== "action" || invoke.name === "look") return true;
      c.state.asked += 1;
      await c.kv.put("asked", invoke.name);
      await c.kv.delete("gone");
      await c.schedule.cancel((await c.schedule.list()).find(({ action }) => action === "old")?.id ?? "");
      await c.schedule.after(60_000, "due");
      c.broadcast("news", invoke.name);
      seen.push(await c.kv.get("asked"), await c.kv.get("gone"), (await c.kv.list("")).length);
      seen.push((await c.schedule.list()).map(({ action }) => action));
      return invoke.name === "enter";
    },
    actions: {
      look: async (c, prepare?: boolean) => {
        if (prepare) {
          await c.kv.put("gone", "not yet");
          await c.schedule.after(3_600_000, "old");
        }
        const kept = (await c.kv.list("")).map(([key, value]) => `${key}=${value}`);
        return [c.state.asked, kept, (await c.schedule.list()).map(({ action }) => action)];
      },
      enter: async (c) => [c.state.asked, await c.kv.get("asked"), await c.kv.get("gone")],
      steal: () => "ran",
      old: () => {},
      due: () => {},
    },
  });
  return { seen, registry: setup({ use: { room } }) };
}

async function open() {
  const { seen, registry } = createSetting();
  const v = await virtual(registry);
  const call = async (name: string, ...args: unknown[]) => {
    const headers = { "content-type": "application/json" };
    const answer = await v.fetch(`/actors/room/one/actions/${name}`, {
      method: "POST",
      headers,
      body: JSON.stringify(args),
    });
    return { status: answer.status, output: ((await answer.json()) as { output?: unknown }).output };
  };
  await call("look", true);
  const socket = await v.rpc("/actors/room/one", {});
  socket.say({ t: "subscribe", id: 1, name: "news" });
  await v.settle();
  return { v, seen, call, socket };
}

test("what a denied decision wrote, scheduled and told is gone", async () => {
  const { v, seen, call, socket } = await open();
  expect((await call("steal")).status).toBe(403);
  await v.settle();
  expect(seen).toEqual(["steal", null, 1, ["due"]]);
  expect((await call("look")).output).toEqual([0, ["gone=not yet"], ["old"]]);
  expect(socket.of("event")).toEqual([]);
});

test("what a decision that admits wrote, scheduled and told is there for its handler and for all", async () => {
  const { v, seen, call, socket } = await open();
  expect((await call("enter")).output).toEqual([1, "enter", null]);
  await v.settle();
  expect(seen).toEqual(["enter", null, 1, ["due"]]);
  expect((await call("look")).output).toEqual([1, ["asked=enter"], ["due"]]);
  expect(socket.of("event")).toHaveLength(1);
});

test("nobody sees what a decision wrote before it has admitted", async () => {
  let goOn: () => void = () => {};
  const waiting = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const room = actor({
    by: Visitor,
    state: {},
    canInvoke: async (c, invoke) => {
      if (invoke.kind === "action" && invoke.name === "look") return true;
      await c.kv.put("asked", "yes");
      await waiting;
      return true;
    },
    actions: { look: (c) => c.kv.get("asked"), enter: (c) => c.kv.get("asked") },
  });
  const v = await virtual(setup({ use: { room } }));
  const call = async (name: string) => {
    const headers = { "content-type": "application/json" };
    const answer = await v.fetch(`/actors/room/one/actions/${name}`, { method: "POST", headers, body: "[]" });
    return ((await answer.json()) as { output?: unknown }).output;
  };
  expect(await call("look")).toBeNull();
  const entering = call("enter");
  await v.settle();
  expect(await call("look")).toBeNull();
  goOn();
  expect(await entering).toBe("yes");
  expect(await call("look")).toBe("yes");
});

test("a decision that goes on after its denial writes, schedules and tells nothing", async () => {
  let goOn: () => void = () => {};
  const waiting = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const failed: string[] = [];
  const room = actor({
    by: Visitor,
    state: {},
    events: { news: event<string>() },
    canInvoke: async (c, invoke) => {
      if (invoke.kind === "action" && invoke.name === "look") return true;
      const { kv, schedule } = c;
      await waiting;
      for (const change of [
        () => kv.put("late", "yes"),
        () => c.kv.put("late", "yes"),
        () => schedule.after(1000, "enter"),
        () => c.schedule.after(1000, "enter"),
        async () => c.broadcast("news", "late"),
      ]) {
        await change().catch((error: Error) => void failed.push(error.message));
      }
      return true;
    },
    actions: {
      look: async (c) => [await c.kv.get("late"), (await c.schedule.list()).length],
      enter: () => "ran",
    },
  });
  const v = await virtual(setup({ use: { room } }));
  const call = async (name: string) => {
    const headers = { "content-type": "application/json" };
    const answer = await v.fetch(`/actors/room/one/actions/${name}`, { method: "POST", headers, body: "[]" });
    return { status: answer.status, output: ((await answer.json()) as { output?: unknown }).output };
  };
  await call("look");
  const entering = call("enter");
  await v.settle();
  await v.clock.advance(5000);
  expect((await entering).status).toBe(500);
  goOn();
  await expect.poll(() => failed.length).toBe(5);
  for (const message of failed) expect(message).toMatch(/decision\/denied/);
  expect((await call("look")).output).toEqual([null, 0]);
});

test("a decision that sends to a queue is refused as a fault, and nothing is sent", async () => {
  let ran = 0;
  const room = actor({
    by: Visitor,
    state: {},
    queues: { jobs: queue<string>() },
    canInvoke: async (c, invoke) => {
      if (invoke.kind === "action" && invoke.name === "enter") await c.queue.send("jobs", "asked");
      return true;
    },
    actions: {
      enter: () => ++ran,
      look: async (c) => (await c.queue.tryNextBatch({ names: ["jobs"], count: 10 })).length,
    },
  });
  const v = await virtual(setup({ use: { room } }));
  const call = async (name: string) => {
    const headers = { "content-type": "application/json" };
    const answer = await v.fetch(`/actors/room/one/actions/${name}`, { method: "POST", headers, body: "[]" });
    return { status: answer.status, output: ((await answer.json()) as { output?: unknown }).output };
  };
  expect((await call("enter")).status).toBe(500);
  expect((await call("look")).output).toBe(0);
  expect(ran).toBe(0);
});

test("decisions at the same time schedule no more together than an actor may; the one that finds no room changes nothing", async () => {
  let ran = 0;
  let goOn: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let asked = 0;
  const room = actor({
    by: Visitor,
    state: { asked: 0 },
    canInvoke: async (c, invoke) => {
      if (invoke.kind !== "action" || invoke.name !== "plan") return true;
      const mine = ++asked;
      for (let at = 0; at < 600; at++) await c.schedule.after(60_000, "due");
      await c.kv.put(`asked ${mine}`, "yes");
      if (mine > 1) return true;
      c.state.asked = mine;
      await held;
      return true;
    },
    actions: {
      plan: () => ++ran,
      due: () => {},
      look: async (c) => [c.state.asked, (await c.kv.list("")).map(([key]) => key), (await c.schedule.list()).length],
    },
  });
  const v = await virtual(setup({ use: { room } }));
  const call = async (name: string) => {
    const headers = { "content-type": "application/json" };
    const answer = await v.fetch(`/actors/room/one/actions/${name}`, { method: "POST", headers, body: "[]" });
    return { status: answer.status, body: await answer.json() };
  };
  await call("look");
  const first = call("plan");
  expect(await call("plan")).toEqual({ status: 200, body: { output: 1 } });
  goOn();
  expect(await first).toMatchObject({ status: 429, body: { group: "schedule", code: "full" } });
  expect(ran).toBe(1);
  expect((await call("look")).body).toEqual({ output: [0, ["asked 2"], 600] });
});
