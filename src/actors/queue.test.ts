import { expect, test } from "vitest";
import { z } from "zod";
import { LateStore, REF, Rig, type RigOptions } from "../../tests/support/actor-rig.ts";
import { Refusal } from "../boundary/errors.ts";
import type { CallerRecord } from "../boundary/scheme.ts";
import { VirtualClock } from "../hosts/memory/clock.ts";
import type { CompletableMessage, QueueContext, QueueReceipt } from "./queue.ts";

interface Counter {
  sum: number;
}

const open = (options: RigOptions = {}): Promise<Rig<Counter>> => Rig.open<Counter>({ sum: 0 }, options);

/** What one part of a test needs of the typed face. */
interface Message {
  id: bigint;
  name: string;
  body: unknown;
  attempt: number;
  caller: CallerRecord | null;
}
const next = (queue: QueueContext, options: object = {}): Promise<Message | undefined> => queue.next(options as never);
const tryNext = (queue: QueueContext, options: object = {}): Promise<Message | undefined> =>
  queue.tryNext(options as never);
const hold = (queue: QueueContext, options: object = {}): Promise<CompletableMessage | undefined> =>
  queue.tryNext({ ...options, completable: true } as never);

const send = (rig: Rig<Counter>, name: string, body: unknown, more: object = {}): Promise<QueueReceipt> =>
  rig.queues.enqueue({ name, body, caller: null, ...more });

const codeOf = async (run: Promise<unknown>): Promise<string> => {
  try {
    await run;
  } catch (error) {
    return error instanceof Refusal ? `${error.group}/${error.code}` : String(error);
  }
  return "did not throw";
};

/** The same actor in a new life, on the same disk. */
const reopen = (rig: Rig<Counter>, options: RigOptions = {}): Promise<Rig<Counter>> => {
  rig.crash();
  return open({ ...options, store: rig.late, clock: rig.clock });
};

test("messages arrive in the order they were sent, across queues", async () => {
  const rig = await open();
  for (const [name, body] of [
    ["a", 1],
    ["b", 2],
    ["a", 3],
  ] as const) {
    await send(rig, name, body);
  }
  const queue = rig.queues.forContext();
  const received = [await next(queue), await next(queue), await next(queue)];
  expect(received.map((message) => [message?.id, message?.name, message?.body, message?.attempt])).toEqual([
    [1n, "a", 1, 1],
    [2n, "b", 2, 1],
    [3n, "a", 3, 1],
  ]);
  expect(await tryNext(queue)).toBeUndefined();
});

test("only the named queues are received from", async () => {
  const rig = await open();
  await send(rig, "a", 1);
  await send(rig, "b", 2);
  const queue = rig.queues.forContext();
  expect((await next(queue, { names: ["b"] }))?.body).toBe(2);
  expect(await tryNext(queue, { names: ["b"] })).toBeUndefined();
  expect((await next(queue, { names: [] }))?.body).toBe(1);
});

test("a receipt leaves after the message is durable, and not before", async () => {
  const store = new LateStore();
  const rig = await open({ store });
  store.isPrompt = false;
  let told: QueueReceipt | null = null;
  const sent = send(rig, "a", 1).then((receipt) => {
    told = receipt;
  });
  await rig.clock.drain();
  expect([told, store.queued]).toEqual([null, 1]);
  store.applyNext();
  await sent;
  expect(told).toEqual({ status: "queued", id: 1n, duplicate: false });
});

test("a waiting receiver gets a message as it comes, receivers in the order they began", async () => {
  const rig = await open();
  const order: string[] = [];
  const waits = ["first", "second", "third"].map((name) =>
    next(rig.queues.forContext()).then((message) => order.push(`${name}:${message?.body}`)),
  );
  await rig.clock.drain();
  expect(rig.queues.isWaiting).toBe(true);
  for (const body of [1, 2, 3]) await send(rig, "a", body);
  await Promise.all(waits);
  expect(order).toEqual(["first:1", "second:2", "third:3"]);
  expect(rig.queues.isWaiting).toBe(false);
});

test("a wait ends at its timeout with nothing, and later messages are not lost to it", async () => {
  const rig = await open();
  const queue = rig.queues.forContext();
  const waited = next(queue, { timeout: 50 });
  await rig.advance(50);
  expect(await waited).toBeUndefined();
  await send(rig, "a", 1);
  expect((await next(queue, { timeout: 0 }))?.body).toBe(1);
});

test("a wait is aborted by its signal and by the actor's stop; iter ends quietly", async () => {
  const rig = await open();
  const controller = new AbortController();
  const bySignal = codeOf(next(rig.queues.forContext(), { signal: controller.signal }));
  const byStop = codeOf(next(rig.queues.forContext()));
  const seen: unknown[] = [];
  const loop = (async () => {
    for await (const message of rig.queues.forContext().iter()) seen.push((message as Message).body);
    return "ended";
  })();
  controller.abort();
  expect(await bySignal).toBe("actor/aborted");
  rig.halt();
  expect(await byStop).toBe("actor/aborted");
  expect(await loop).toBe("ended");
  expect(seen).toEqual([]);
  expect(await codeOf(send(rig, "a", 1))).toBe("actor/aborted");
  expect(await codeOf(next(rig.queues.forContext()))).toBe("actor/aborted");
});

test("a batch is what is there, never waited for, and capped by its count", async () => {
  const rig = await open();
  for (const body of [1, 2, 3]) await send(rig, "a", body);
  const queue = rig.queues.forContext();
  const bodies = async (count: number) =>
    ((await queue.nextBatch({ count })) as Message[]).map((message) => message.body);
  expect(await bodies(2)).toEqual([1, 2]);
  expect(await bodies(5)).toEqual([3]);
  expect(await queue.tryNextBatch({ count: 5 })).toEqual([]);
});

test("an acknowledgement and the state changed since are one commit", async () => {
  const store = new LateStore();
  const rig = await open({ store });
  await send(rig, "a", 5);
  const queue = rig.queues.forContext();
  store.isPrompt = false;
  const message = await next(queue);
  rig.state.sum += message?.body as number;
  void next(queue).catch(() => {});
  await rig.clock.drain();
  while (store.queued > 0) {
    store.applyNext();
    await rig.clock.drain();
    const snapshot = store.inner.load(REF);
    const isThere = (snapshot?.queues["a"]?.ready ?? 0) > 0;
    expect([snapshot?.state, isThere]).toEqual(isThere ? ['{"sum":0}', true] : ['{"sum":5}', false]);
  }
  expect(store.inner.load(REF)?.state).toBe('{"sum":5}');
});

test("a message not acknowledged before a crash is delivered again, with its attempt counted", async () => {
  const rig = await open();
  await send(rig, "a", 5);
  const first = await next(rig.queues.forContext());
  rig.state.sum += 5;
  expect(first?.attempt).toBe(1);
  await rig.clock.drain();
  const again = await reopen(rig);
  expect((await next(again.queues.forContext()))?.attempt).toBe(2);
});

test("run that settles acknowledges what it holds; run that fails gets it again after a pause", async () => {
  const rig = await open();
  await send(rig, "a", 1);
  const failing = rig.queues.forContext();
  await next(failing);
  rig.queues.releaseHeld(failing);
  const waiting = next(rig.queues.forContext());
  await rig.advance(999);
  expect(rig.queues.earliest()).toBe(rig.clock.now() + 1);
  await rig.advance(1);
  expect((await waiting)?.attempt).toBe(2);
  const settling = rig.queues.forContext();
  await send(rig, "a", 2);
  await next(settling);
  rig.queues.acknowledgeHeld(settling);
  await rig.outbox.durable();
  expect(rig.late.inner.load(REF)?.queues["a"]?.ready).toBe(1);
});

test("attempts pause longer each time and end in the dead-letter list", async () => {
  const rig = await open({ queues: { a: { maxAttempts: 4 } } });
  await send(rig, "a", { n: 1 });
  const times: number[] = [];
  const start = rig.clock.now();
  for (let attempt = 1; attempt <= 4; attempt++) {
    const queue = rig.queues.forContext();
    const waiting = next(queue);
    await rig.advance(100_000);
    expect((await waiting)?.attempt).toBe(attempt);
    times.push(rig.clock.now() - start);
    queue.releaseHeld();
  }
  expect(await tryNext(rig.queues.forContext())).toBeUndefined();
  const [dead] = await rig.queues.forContext().dead("a");
  expect(dead).toMatchObject({ id: 1n, attempt: 4, body: { n: 1 }, reason: "not handled after 4 deliveries" });
  expect(rig.queues.size).toBe(0);
});

test("a message that kills its process each time is dead-lettered on the start after its last attempt", async () => {
  let rig = await open({ queues: { a: { maxAttempts: 3 } } });
  await send(rig, "a", 1);
  for (let attempt = 1; attempt <= 3; attempt++) {
    expect((await next(rig.queues.forContext()))?.attempt).toBe(attempt);
    await rig.clock.drain();
    rig = await reopen(rig, { queues: { a: { maxAttempts: 3 } } });
  }
  expect(await tryNext(rig.queues.forContext())).toBeUndefined();
  expect((await rig.queues.forContext().dead("a")).length).toBe(1);
});

test("dead letters are put back, all or some, in their old place with attempts counted anew", async () => {
  const rig = await open({ queues: { a: { maxAttempts: 1 } } });
  for (const body of [1, 2, 3, 4]) await send(rig, "a", body);
  const failing = rig.queues.forContext();
  await failing.tryNextBatch({ count: 3 });
  failing.releaseHeld();
  const queue = rig.queues.forContext();
  expect((await queue.dead("a")).map((message) => message.id)).toEqual([1n, 2n, 3n]);
  expect((await queue.dead("a", { after: 1n, limit: 1 })).map((message) => message.id)).toEqual([2n]);
  expect(await queue.redrive("a", [2n, 99n])).toBe(1);
  const again = await next(queue, { names: ["a"] });
  expect([again?.body, again?.attempt]).toEqual([2, 1]);
  expect(await queue.redrive("a")).toBe(2);
  expect((await next(queue))?.body).toBe(1);
  await rig.outbox.durable();
  const later = await reopen(rig);
  const rest: unknown[] = [];
  for (let left = await tryNext(later.queues.forContext()); left !== undefined; ) {
    rest.push(left.body);
    left = await tryNext(later.queues.forContext());
  }
  expect(rest).toEqual([1, 3, 4]);
});

test("dead letters past the limit push out the oldest", async () => {
  const rig = await open({ limits: { maxQueueSize: 3 }, queues: { a: { maxAttempts: 1 } } });
  for (let body = 1; body <= 6; body++) {
    await send(rig, "a", body);
    const queue = rig.queues.forContext();
    await next(queue);
    queue.releaseHeld();
    await rig.outbox.durable();
    await rig.clock.drain();
  }
  expect((await rig.queues.forContext().dead("a")).map((message) => message.body)).toEqual([4, 5, 6]);
  expect(rig.late.inner.load(REF)?.queues["a"]).toEqual({ ready: 0, dead: 3 });
});

test("a completable message is acknowledged by complete(), in one commit with the state, once", async () => {
  const rig = await open();
  await send(rig, "a", 1);
  const queue = rig.queues.forContext();
  const message = (await hold(queue))!;
  rig.state.sum = 1;
  await message.complete();
  expect(rig.late.inner.load(REF)).toMatchObject({ state: '{"sum":1}', queues: {} });
  expect(await codeOf(message.complete())).toBe("queue/already_completed");
});

test("receiving before completing is refused in the same context only", async () => {
  const rig = await open();
  for (const body of [1, 2]) await send(rig, "a", body);
  const queue = rig.queues.forContext();
  const first = (await hold(queue))!;
  expect(await codeOf(next(queue))).toBe("queue/previous_message_not_completed");
  expect((await hold(rig.queues.forContext()))?.body).toBe(2);
  await first.complete();
  expect(await tryNext(queue)).toBeUndefined();
  const loop = async (): Promise<void> => {
    await send(rig, "a", 3);
    await send(rig, "a", 4);
    for await (const _ of rig.queues.forContext().iter({ completable: true })) void _;
  };
  expect(await codeOf(loop())).toBe("queue/previous_message_not_completed");
});

test("a message whose handler ended without completing it is delivered again after the visibility timeout", async () => {
  const rig = await open({ queues: { a: { visibilityTimeout: 5000 } } });
  await send(rig, "a", 1);
  const queue = rig.queues.forContext();
  const message = (await hold(queue))!;
  await rig.advance(60_000);
  expect(await tryNext(rig.queues.forContext())).toBeUndefined();
  queue.end("handled");
  const waiting = next(rig.queues.forContext());
  await rig.advance(4999);
  expect(rig.queues.isWaiting).toBe(true);
  await rig.advance(1001);
  expect((await waiting)?.attempt).toBe(2);
  expect(await codeOf(message.complete())).toBe("queue/lease_lost");
});

test("a handler that throws gives its messages back at once, with a pause", async () => {
  const rig = await open();
  await send(rig, "a", 1);
  const queue = rig.queues.forContext();
  const message = (await hold(queue))!;
  queue.end("failed");
  expect(await codeOf(message.complete())).toBe("queue/lease_lost");
  await rig.advance(1000);
  expect((await tryNext(rig.queues.forContext()))?.attempt).toBe(2);
});

test("one loop's receive does not acknowledge what another loop of the same context handles", async () => {
  const rig = await open();
  await send(rig, "a", 1);
  await send(rig, "b", 2);
  const queue = rig.queues.forContext();
  const a = queue.iter({ names: ["a"] });
  const b = queue.iter({ names: ["b"] });
  expect((await a.next()).value).toMatchObject({ body: 1 });
  expect((await b.next()).value).toMatchObject({ body: 2 });
  void b.next();
  await rig.outbox.durable();
  expect(rig.late.inner.load(REF)?.queues).toEqual({ a: { ready: 1, dead: 0 } });
  await a.return?.();
  queue.acknowledgeHeld();
  await rig.outbox.durable();
  expect(rig.late.inner.load(REF)?.queues).toEqual({});
});

test("a sender that waits is answered when its message is completed, after that is durable", async () => {
  const store = new LateStore();
  const rig = await open({ store });
  const consumer = (async () => {
    const message = (await rig.queues.forContext().next({ completable: true } as never)) as CompletableMessage;
    await message.complete({ ok: true });
  })();
  const sent = send(rig, "a", 1, { wait: true, timeout: 1000 });
  expect(await sent).toEqual({ status: "completed", response: { ok: true } });
  await consumer;
  store.isPrompt = false;
  let told = false;
  const second = send(rig, "a", 2, { wait: true }).then(() => {
    told = true;
  });
  await rig.clock.drain();
  const queue = rig.queues.forContext();
  const message = await next(queue);
  expect(message?.body).toBe(2);
  queue.acknowledgeHeld();
  await rig.clock.drain();
  expect(told).toBe(false);
  store.isPrompt = true;
  while (store.queued > 0) {
    store.applyNext();
    await rig.clock.drain();
  }
  await second;
});

test("a wait that times out leaves the message; a timeout of 0 enqueues nothing", async () => {
  const rig = await open();
  expect(await send(rig, "a", 0, { wait: true, timeout: 0 })).toEqual({ status: "timedOut" });
  expect(await codeOf(send(rig, "a", 0, { wait: true, signal: AbortSignal.abort() }))).toBe("actor/aborted");
  expect(rig.queues.size).toBe(0);
  const sent = send(rig, "a", 1, { wait: true, timeout: 100 });
  await rig.advance(100);
  expect(await sent).toEqual({ status: "timedOut" });
  expect((await tryNext(rig.queues.forContext()))?.body).toBe(1);
});

test("waiting senders are told when their message is given up, when they abort, and when the actor stops", async () => {
  const rig = await open({ queues: { a: { maxAttempts: 1 }, b: {} } });
  const given = codeOf(send(rig, "a", 1, { wait: true }));
  await rig.clock.drain();
  const queue = rig.queues.forContext();
  await next(queue);
  queue.releaseHeld();
  expect(await given).toBe("queue/dead_lettered");
  const controller = new AbortController();
  const left = codeOf(send(rig, "b", 1, { wait: true, signal: controller.signal }));
  const stopped = codeOf(send(rig, "b", 2, { wait: true }));
  await rig.clock.drain();
  controller.abort();
  expect(await left).toBe("actor/aborted");
  rig.halt();
  expect(await stopped).toBe("actor/aborted");
});

test("the same id twice is one message, whenever the second comes", async () => {
  const rig = await open();
  const both = await Promise.all([send(rig, "a", 1, { id: "x" }), send(rig, "a", 1, { id: "x" })]);
  expect(both).toEqual([
    { status: "queued", id: 1n, duplicate: false },
    { status: "queued", id: 1n, duplicate: true },
  ]);
  expect(await send(rig, "b", 1, { id: "x" })).toMatchObject({ duplicate: false });
  expect(rig.queues.size).toBe(2);
  const queue = rig.queues.forContext();
  const message = (await hold(queue, { names: ["a"] }))!;
  const waiting = send(rig, "a", 1, { id: "x", wait: true });
  await rig.clock.drain();
  await message.complete("done");
  expect(await waiting).toEqual({ status: "completed", response: "done" });
  const later = await reopen(rig);
  expect(await send(later, "a", 1, { id: "x" })).toMatchObject({ id: 1n, duplicate: true });
  expect(await send(later, "a", 1, { id: "x", wait: true })).toEqual({ status: "completed", response: "done" });
  expect(await tryNext(later.queues.forContext(), { names: ["a"] })).toBeUndefined();
  expect(await codeOf(send(later, "a", 1, { id: "" }))).toBe("queue/invalid_option");
  expect(await codeOf(send(later, "a", 1, { id: "x".repeat(257) }))).toBe("queue/invalid_option");
});

test("a known id is answered also when the queue is full", async () => {
  const rig = await open({ limits: { maxQueueSize: 1 } });
  await send(rig, "a", 1, { id: "x" });
  expect(await send(rig, "a", 1, { id: "x" })).toMatchObject({ duplicate: true });
  expect(await codeOf(send(rig, "a", 1, { id: "y" }))).toBe("queue/full");
});

test("completed ids are forgotten after a day", async () => {
  const clock = new VirtualClock();
  const rig = await open({ clock });
  await send(rig, "a", 1, { id: "x" });
  const queue = rig.queues.forContext();
  await next(queue);
  queue.acknowledgeHeld();
  await rig.outbox.durable();
  await rig.advance(25 * 60 * 60 * 1000);
  await send(rig, "a", 2, { id: "y" });
  await next(queue);
  queue.acknowledgeHeld();
  await rig.outbox.durable();
  await clock.drain();
  expect(await send(rig, "a", 3, { id: "x" })).toMatchObject({ duplicate: false });
});

test("limits refuse with their numbers and enqueue nothing", async () => {
  const rig = await open({ limits: { maxQueueSize: 2, maxQueueMessageSize: 20 } });
  const failure = (run: Promise<unknown>): Promise<Refusal> =>
    run.then(
      () => Promise.reject(new Error("was accepted")),
      (error: Refusal) => error,
    );
  const large = await failure(send(rig, "a", "é".repeat(10)));
  expect([large.outcome, large.code, large.metadata]).toEqual([
    "too_large",
    "message_too_large",
    { size: 22, limit: 20 },
  ]);
  const invalid = await failure(send(rig, "a", { deep: [() => 1] }));
  expect([invalid.outcome, invalid.code, invalid.metadata]).toEqual([
    "malformed",
    "message_invalid",
    { path: "body.deep[0]" },
  ]);
  expect(rig.queues.size).toBe(0);
  await send(rig, "a", 1);
  await send(rig, "b", 2);
  const full = await failure(send(rig, "c", 3));
  expect([full.outcome, full.code, full.metadata]).toEqual(["overloaded", "full", { limit: 2 }]);
  expect(full.message).toMatch(/full.*2/);
  await next(rig.queues.forContext());
  expect((await failure(send(rig, "c", 3))).code).toBe("full");
});

test("bodies are validated before they are enqueued, by sync and async schemas, and stored as the schema gives them", async () => {
  const body = z.object({ n: z.coerce.number() });
  const slow = z.object({ n: z.number() }).refine(async (value) => value.n > 0, "must be positive");
  const rig = await open({ queues: { a: { message: body, complete: z.string() }, slow: { message: slow } } });
  await send(rig, "a", { n: "7" });
  const message = (await hold(rig.queues.forContext()))!;
  expect(message.body).toEqual({ n: 7 });
  expect(await codeOf((message.complete as (reply: unknown) => Promise<void>)(5))).toBe(
    "queue/invalid_completion_payload",
  );
  await (message.complete as (reply: unknown) => Promise<void>)("fine");
  expect(await codeOf(send(rig, "a", { n: "x" }))).toBe("queue/invalid_payload");
  expect(await codeOf(send(rig, "slow", { n: -1 }))).toBe("queue/invalid_payload");
  await send(rig, "slow", { n: 1 });
  expect(rig.queues.size).toBe(1);
});

test("an undeclared name is refused without a word about names", async () => {
  const rig = await open({ queues: { a: {} } });
  expect(await codeOf(send(rig, "b", 1))).toBe("auth/forbidden");
  expect(await codeOf(rig.queues.forContext().send("b", 1))).toBe("auth/forbidden");
  expect(rig.queues.size).toBe(0);
});

const ann: CallerRecord = {
  party: "User",
  identity: "ann",
  claims: {},
  expiresAt: null,
  issuedAt: null,
  tokenId: null,
};

test("a message carries its sender as data, and runs although the sender was revoked unless the queue says otherwise", async () => {
  const rig = await open({
    queues: { runs: {}, drops: { onRevoked: "deadLetter" } },
    revoked: (caller) => caller.identity === "ann",
  });
  await send(rig, "drops", 1, { caller: ann });
  await send(rig, "runs", 2, { caller: ann });
  await rig.queues.forContext().send("drops", 3);
  const queue = rig.queues.forContext();
  const message = await next(queue);
  expect([message?.body, message?.caller]).toEqual([2, ann]);
  expect((await next(queue))?.body).toBe(3);
  const [dead] = await queue.dead("drops");
  expect(dead).toMatchObject({ body: 1, attempt: 0, reason: "its sender was revoked" });
});

test("own sends made while a message is handled go to disk with its acknowledgement, not before", async () => {
  const rig = await open();
  await send(rig, "in", 1);
  const queue = rig.queues.forContext();
  await next(queue, { names: ["in"] });
  await rig.outbox.durable();
  await queue.send("out", 2);
  await rig.clock.drain();
  expect(rig.late.inner.load(REF)?.queues).toEqual({ in: { ready: 1, dead: 0 } });
  void next(queue, { names: ["in"] });
  await rig.clock.drain();
  expect(rig.late.inner.load(REF)?.queues).toEqual({ out: { ready: 1, dead: 0 } });
});

test("a message that falls due reaches its receiver, whoever asked for the next time in between", async () => {
  const rig = await open();
  await send(rig, "a", 1);
  const failing = rig.queues.forContext();
  await next(failing);
  failing.releaseHeld();
  const waiting = next(rig.queues.forContext());
  const due = rig.clock.now() + 1000;
  await rig.clock.advance(1500);
  expect([rig.queues.wakeAt(), rig.queues.earliest()]).toEqual([0, due]);
  rig.queues.deliverDue();
  expect((await waiting)?.attempt).toBe(2);
  expect(rig.queues.earliest()).toBeNull();
});

test("what falls due while nobody receives does not keep the alarm ringing", async () => {
  const rig = await open();
  await send(rig, "a", 1);
  const failing = rig.queues.forContext();
  await next(failing);
  failing.releaseHeld();
  await rig.clock.advance(1500);
  rig.queues.deliverDue();
  expect([rig.queues.earliest(), rig.queues.wakeAt()]).toEqual([null, 0]);
});

test("backed-off messages are found again after a restart, at their time", async () => {
  const rig = await open();
  await send(rig, "a", 1);
  const failing = rig.queues.forContext();
  await next(failing);
  failing.releaseHeld();
  await rig.outbox.durable();
  const again = await reopen(rig);
  expect(again.queues.wakeAt()).toBe(0);
  const waiting = next(again.queues.forContext());
  await again.clock.drain();
  expect(again.queues.earliest()).toBe(again.clock.now() + 1000);
  expect(again.queues.wakeAt()).toBe(again.clock.now() + 1000);
  expect(again.changes).toBeGreaterThan(0);
  await again.advance(1000);
  expect((await waiting)?.attempt).toBe(2);
});

test("a queue of many messages is read in pages, in order, without holding them in memory", async () => {
  const count = 20_000;
  const rig = await open({ limits: { maxQueueSize: count } });
  await Promise.all(Array.from({ length: count }, (_, body) => send(rig, "a", body)));
  expect(rig.late.rowsRead).toBe(0);
  const queue = rig.queues.forContext();
  for (let body = 0; body < count; body++) {
    const message = await tryNext(queue);
    if (message?.body !== body) expect(message?.body).toBe(body);
  }
  expect(await tryNext(queue)).toBeUndefined();
  expect(rig.late.rowsRead).toBeLessThanOrEqual(count);
  const empty = await reopen(rig, { limits: { maxQueueSize: count } });
  expect(await tryNext(empty.queues.forContext())).toBeUndefined();
});

test("a flood sent in one turn keeps its order across the edge of the window", async () => {
  const store = new LateStore();
  const rig = await open({ store, limits: { maxQueueSize: 5000 } });
  store.isPrompt = false;
  const own = rig.queues.forContext();
  for (let body = 0; body < 1000; body++) void own.send("a", body);
  const queue = rig.queues.forContext();
  const got: unknown[] = [];
  store.isPrompt = true;
  while (got.length < 1000) {
    const message = await next(queue);
    got.push(message?.body);
    if (got.length % 100 === 0) for (let extra = 0; extra < 10; extra++) void own.send("b", extra);
  }
  expect(got).toEqual(Array.from({ length: 1000 }, (_, body) => body));
});

test("memory holds a window of a queue, fewer messages where they are large", async () => {
  const rig = await open({ limits: { maxQueueSize: 5000 } });
  for (let body = 0; body < 2000; body++) void rig.queues.forContext().send("small", body);
  for (let body = 0; body < 60; body++) void rig.queues.forContext().send("large", "x".repeat(400_000));
  await rig.outbox.durable();
  const again = await reopen(rig, { limits: { maxQueueSize: 5000 } });
  const queue = again.queues.forContext();
  const readFor = async (name: string, receives: number): Promise<number> => {
    const before = again.late.rowsRead;
    for (let count = 0; count < receives; count++) await tryNext(queue, { names: [name] });
    return again.late.rowsRead - before;
  };
  expect(await readFor("small", 1)).toBe(16);
  expect(await readFor("small", 16)).toBe(256);
  expect(await readFor("small", 255)).toBe(0);
  expect(await readFor("large", 1)).toBe(16);
  // 11 of 400,000 characters fill the window; the next page is of 16 again.
  expect(await readFor("large", 11)).toBe(16);
});

test("a batch is capped at the window", async () => {
  const rig = await open();
  for (let body = 0; body < 300; body++) void rig.queues.forContext().send("a", body);
  expect((await rig.queues.forContext().tryNextBatch({ count: 1000 })).length).toBe(256);
});

test("past the bound on completed ids the oldest is forgotten", async () => {
  const rig = await open({ limits: { maxQueueSize: 20_000 } });
  const sends: Promise<unknown>[] = [];
  for (let id = 0; id <= 10_000; id++) sends.push(send(rig, "a", 0, { id: `m${id}` }));
  await Promise.all(sends);
  const queue = rig.queues.forContext();
  while (((await queue.tryNextBatch({ count: 256 })) as unknown[]).length > 0);
  await rig.outbox.durable();
  expect(await send(rig, "a", 0, { id: "m1" })).toMatchObject({ duplicate: true });
  expect(await send(rig, "a", 0, { id: "m0" })).toMatchObject({ duplicate: false });
});
