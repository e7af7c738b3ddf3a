/** Durable queues of services: at least once, in order, with backoff and dead letters; on disk before a send resolves. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ack,
  actor,
  anyOf,
  party,
  type QueueResult,
  retry,
  type ServiceMessage,
  service,
  setup,
  signature,
  Visitor,
} from "byward";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { VirtualClock } from "../../src/hosts/memory/clock.ts";
import { SqliteStore } from "../../src/hosts/node/store/sqlite-store.ts";
import { createRig, get, post, type Rig, show, sign } from "./rig.ts";

type Handle = (message: ServiceMessage<{ n: number }>) => QueueResult | void | Promise<QueueResult | void>;

function createSetting(
  handle: Handle,
  rig: Rig = createRig(),
  options: { concurrency?: number; maxAttempts?: number; maxSize?: number } = {},
) {
  const callers: unknown[] = [];
  const jobs = service({
    queues: {
      work: {
        message: z.object({ n: z.number() }),
        maxAttempts: 3,
        ...options,
        handle: (c, message) => {
          callers.push([c.caller.party, c.caller.identity, message.sender?.identity ?? null]);
          return handle(message);
        },
      },
    },
  });
  const Hook = party("Hook", {
    auth: signature({ secret: "HOOK", header: "X-Signature", timestamp: "X-Timestamp", id: { claim: "id" } }),
  });
  let failHook = false;
  const front = service({
    by: Visitor,
    routes: {
      "POST /work": { body: z.unknown(), handle: (c) => c.send(jobs.queues.work, c.body as { n: number }) },
      "POST /hook": {
        by: Hook,
        handle: async (c) => {
          await c.send(jobs.queues.work, { n: 1 });
          await c.send(jobs.queues.work, { n: 2 });
          if (failHook) return new Response(null, { status: 503 });
          return undefined;
        },
      },
    },
  });
  const robot = actor({
    by: anyOf(Visitor),
    actions: { work: (c, n: number) => c.send(jobs.queues.work, { n }) },
  });
  const registry = setup({ use: { robot }, services: { jobs, front }, host: rig.host });
  return {
    rig,
    registry,
    callers,
    queue: jobs.queues.work,
    failHook: (fails: boolean) => {
      failHook = fails;
    },
  };
}

test("a message is handled once, as Producer, with its sender as data", async () => {
  const handled: unknown[] = [];
  const { rig, registry, callers, queue } = createSetting((message) => {
    handled.push([message.body.n, message.attempt, message.createdAt]);
  });
  expect(await registry.send(queue, { n: 1 })).toEqual({ duplicate: false });
  expect((await registry.fetch(post("/work", { n: 2 }))).status).toBe(200);
  expect(await show(await registry.fetch(post("/actors/robot/r2/actions/work", [3])))).toBe("200");
  await rig.clock.advance(60_000);
  const sentAt = rig.clock.now() - 60_000;
  expect(handled).toEqual([
    [1, 1, sentAt],
    [2, 1, sentAt],
    [3, 1, sentAt],
  ]);
  expect(callers).toEqual([
    ["Producer", "jobs/work", null],
    ["Producer", "jobs/work", "front"],
    ["Producer", "jobs/work", "robot/r2"],
  ]);
  expect((await rig.decisions(registry)).filter((line) => line.startsWith("message"))).toEqual(
    Array(3).fill("message work Producer ok"),
  );
  await registry.close();
});

test("what throws, rejects or asks for a retry comes again after a growing pause, then is dead-lettered", async () => {
  const at: [number, number][] = [];
  const start = { now: 0 };
  const { rig, registry, queue } = createSetting((message) => {
    at.push([message.attempt, rig.clock.now() - start.now]);
    if (message.attempt === 1) throw new Error("first");
    if (message.attempt === 2) return Promise.reject(new Error("second"));
    return retry("third");
  });
  start.now = rig.clock.now();
  await registry.send(queue, { n: 1 });
  await rig.clock.advance(600_000);
  expect(at.map(([attempt]) => attempt)).toEqual([1, 2, 3]);
  const [first, second, third] = at.map(([, when]) => when) as [number, number, number];
  expect(first).toBe(0);
  expect(second).toBeGreaterThan(0);
  expect(third - second).toBeGreaterThan(second - first);
  expect(rig.lines.filter(({ message }) => message.startsWith("run failed"))).toEqual([]);
  const dead = await registry.deadLetters(queue);
  expect(dead.map(({ body, attempt }) => [body, attempt])).toEqual([[{ n: 1 }, 3]]);
  await registry.close();
});

test("dead letters can be put back", async () => {
  let isBroken = true;
  const handled: number[] = [];
  const { rig, registry, queue } = createSetting((message) => {
    if (isBroken) throw new Error("broken");
    handled.push(message.body.n);
  });
  for (const n of [1, 2, 3]) await registry.send(queue, { n });
  await rig.clock.advance(3_600_000);
  const dead = await registry.deadLetters(queue);
  expect(dead.map(({ body }) => body.n)).toEqual([1, 2, 3]);
  isBroken = false;
  expect(await registry.redrive(queue, [dead[1]!.id])).toBe(1);
  await rig.clock.advance(1000);
  expect(handled).toEqual([2]);
  expect(await registry.redrive(queue)).toBe(2);
  await rig.clock.advance(1000);
  expect(handled).toEqual([2, 1, 3]);
  expect(await registry.deadLetters(queue)).toEqual([]);
  await registry.close();
});

test("one at a time and in order by default, as many as declared otherwise", async () => {
  for (const concurrency of [1, 4]) {
    let running = 0;
    let most = 0;
    const order: number[] = [];
    const { rig, registry, queue } = createSetting(
      async (message) => {
        running += 1;
        most = Math.max(most, running);
        order.push(message.body.n);
        await new Promise<void>((resolve) => rig.clock.after(1000, resolve));
        running -= 1;
      },
      createRig(),
      { concurrency },
    );
    for (let n = 0; n < 8; n++) await registry.send(queue, { n });
    await rig.clock.advance(20_000);
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(most).toBe(concurrency);
    await registry.close();
  }
});

test("one that fails among several at a time does not take the others with it", async () => {
  const done: number[] = [];
  const { rig, registry, queue } = createSetting(
    (message) => {
      if (message.body.n === 1 && message.attempt === 1) throw new Error("once");
      done.push(message.body.n);
    },
    createRig(),
    { concurrency: 3 },
  );
  for (const n of [0, 1, 2]) await registry.send(queue, { n });
  await rig.clock.advance(60_000);
  expect(done.sort()).toEqual([0, 1, 2]);
  await registry.close();
});

test("the same id is one message", async () => {
  const handled: number[] = [];
  const { rig, registry, queue } = createSetting((message) => void handled.push(message.body.n));
  expect(await registry.send(queue, { n: 1 }, { id: "a" })).toEqual({ duplicate: false });
  expect(await registry.send(queue, { n: 1 }, { id: "a" })).toEqual({ duplicate: true });
  await rig.clock.advance(1000);
  expect(await registry.send(queue, { n: 1 }, { id: "a" })).toEqual({ duplicate: true });
  await rig.clock.advance(1000);
  expect(handled).toEqual([1]);
  await registry.close();
});

test("what a delivery enqueues is one message each, also when the delivery runs again", async () => {
  const handled: number[] = [];
  const { rig, registry, failHook } = createSetting((message) => void handled.push(message.body.n));
  const deliver = async (): Promise<number> => {
    const body = '{"id":"evt_1"}';
    return (await registry.fetch(post("/hook", body, sign(body, rig.clock.now())))).status;
  };
  failHook(true);
  expect(await deliver()).toBe(503);
  failHook(false);
  expect(await deliver()).toBe(204);
  await rig.clock.advance(1000);
  expect(handled).toEqual([1, 2]);
  await registry.close();
});

test("a message its schema refuses is not enqueued, nor one too many", async () => {
  const { registry, queue } = createSetting(() => new Promise<void>(() => {}), createRig(), { maxSize: 2 });
  expect(await show(await registry.fetch(post("/work", { n: "one" })))).toMatch(/^400 queue/);
  await registry.send(queue, { n: 1 });
  await registry.send(queue, { n: 2 });
  const full = await registry.fetch(post("/work", { n: 3 }));
  expect([full.status, (await full.json()).code]).toEqual([429, "full"]);
  // @ts-expect-error the message has no such member
  await expect(registry.send(queue, { m: 1 })).rejects.toThrow();
});

test("a message survives a restart that came before its consumer was done", async () => {
  const directory = await mkdtemp(join(tmpdir(), "byward-queues-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const clock = new VirtualClock();
  const started: number[] = [];
  const first = createSetting(
    (message) => {
      started.push(message.body.n);
      return new Promise<void>(() => {});
    },
    createRig({ clock, store: await SqliteStore.open({ directory }) }),
  );
  await first.registry.send(first.queue, { n: 1 });
  await first.registry.send(first.queue, { n: 2 });
  await expect.poll(() => started).toEqual([1]);
  let isClosed = false;
  const closing = first.registry.close().then(() => {
    isClosed = true;
  });
  // The consumer never ends: closing waits for it as long as it waits for any `run`, and no longer.
  while (!isClosed) {
    await clock.advance(1000);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await closing;
  const handled: number[] = [];
  const second = createSetting(
    (message) => {
      handled.push(message.body.n);
      return ack();
    },
    createRig({ clock, store: await SqliteStore.open({ directory }) }),
  );
  await second.registry.edge();
  await expect
    .poll(async () => {
      await clock.advance(1000);
      return handled;
    })
    .toEqual([1, 2]);
  await second.registry.close();
});

test("nothing from outside sends to or reads from a queue of a service", async () => {
  const handled: number[] = [];
  const { rig, registry, queue } = createSetting((message) => void handled.push(message.body.n));
  await registry.send(queue, { n: 1 });
  await rig.clock.advance(1000);
  for (const path of [
    "/queues/work",
    "/jobs/queues/work",
    "/actors/jobs/~/queues/work",
    "/actors/$queue/jobs/work",
    "/actors/$queue%2Fjobs%2Fwork/~/queues/work",
    "/actors/%24queue%2fjobs%2fwork/~",
    "/actors/$queue/jobs/queues/work",
  ]) {
    const sent = await registry.fetch(post(path, { body: { n: 9 } }, { "byward-channel": "producer" }));
    expect([400, 404], path).toContain(sent.status);
    expect([400, 404], path).toContain((await registry.fetch(get(path))).status);
  }
  await rig.clock.advance(1000);
  expect(handled).toEqual([1]);
  await registry.close();
});
