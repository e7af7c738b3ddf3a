/**
 * Owns what every `ActorStore` must do, as one suite of tests that each store's own test file runs. Test code: imported
 * by `*.test.ts` only.
 */
import { afterAll, expect, onTestFinished, test } from "vitest";
import type { ActorMeta, ActorRef, ActorStore, QueueRow, RevocationRow, WriteSet } from "./port.ts";

/** A store under test. `reopen` closes it and opens the same data again; absent where nothing outlives the object. */
export interface StoreUnderTest {
  readonly store: ActorStore;
  readonly reopen?: () => Promise<ActorStore>;
}

export const META: ActorMeta = { id: "id-1", createdAt: 1000, version: 1, nextQueueId: 1, running: false };
const ROOM: ActorRef = { name: "room", key: "lobby" };

export function create(actor: ActorRef, extra: Partial<WriteSet> = {}): WriteSet {
  return {
    actor,
    mode: "create",
    meta: { ...META, id: `id-of-${actor.key}` },
    state: `{"key":"${actor.key}"}`,
    ...extra,
  };
}

export function update(actor: ActorRef, extra: Partial<WriteSet>): WriteSet {
  return { actor, mode: "update", ...extra };
}

export function message(id: number, extra: Partial<QueueRow> = {}): QueueRow {
  return {
    id,
    queue: "jobs",
    body: `{"n":${id}}`,
    caller: null,
    createdAt: 1000 + id,
    availableAt: 1000 + id,
    attempt: 0,
    idempotencyKey: null,
    status: "ready",
    keepUntil: null,
    response: null,
    deadReason: null,
    ...extra,
  };
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Runs the suite against stores opened by `open`: one that most tests share, and a fresh one where it matters. */
export function storeSuite(open: () => Promise<StoreUnderTest>): void {
  let shared: Promise<StoreUnderTest> | null = null;
  let rooms = 0;
  const use: Use = async () => {
    shared ??= open();
    rooms += 1;
    return { store: (await shared).store, room: { name: `room${rooms}`, key: "lobby" } };
  };
  const start: Start = async () => {
    const under = await open();
    onTestFinished(() => under.store.close());
    return under;
  };
  afterAll(async () => (await shared)?.store.close());

  stateTests(use);
  failureTests(use);
  queueTests(use);
  partTests(use);
  findingTests(start);
  hostTests(start);
  endingTests(start);
}

/** The shared store and an actor of this test's own. */
type Use = () => Promise<{ readonly store: ActorStore; readonly room: ActorRef }>;
/** A store of this test's own. */
type Start = () => Promise<StoreUnderTest>;

function stateTests(use: Use): void {
  test("an actor that was never created loads as null", async () => {
    const { store, room } = await use();
    expect(await store.load(room)).toBeNull();
  });

  test("what was committed is what loads", async () => {
    const { store, room } = await use();
    await store.commit(create(room, { state: '{"text":"grüße \\u0000 🎉"}' }));
    expect(await store.load(room)).toEqual({
      meta: { ...META, id: "id-of-lobby" },
      state: '{"text":"grüße \\u0000 🎉"}',
      schedules: [],
      connections: [],
      queues: {},
    });
  });

  test("an absent part of a write set leaves what is stored", async () => {
    const { store, room } = await use();
    await store.commit(
      create(room, { schedulePut: [{ id: "s", dueAt: 5, action: "a", args: "[]", cron: null, createdAt: 1 }] }),
    );
    await store.commit(update(room, { meta: { ...META, id: "id-of-lobby", version: 2 } }));
    const snapshot = await store.load(room);
    expect(snapshot?.state).toBe('{"key":"lobby"}');
    expect(snapshot?.meta.version).toBe(2);
    expect(snapshot?.schedules).toHaveLength(1);
  });

  test("a state can be set to null and is told from an empty text", async () => {
    const { store, room } = await use();
    await store.commit(create(room, { state: "" }));
    expect((await store.load(room))?.state).toBe("");
    await store.commit(update(room, { state: null }));
    expect((await store.load(room))?.state).toBeNull();
  });

  test("commits handed over together apply in order and a read sees them all", async () => {
    const { store, room } = await use();
    const commits = [store.commit(create(room))];
    for (let n = 0; n < 200; n += 1) commits.push(store.commit(update(room, { state: `${n}` })));
    expect((await store.load(room))?.state).toBe("199");
    await Promise.all(commits);
  });

  test("a large state survives whole", async () => {
    const { store, room } = await use();
    const state = JSON.stringify({ text: "0123456789".repeat(100_000) });
    await store.commit(create(room, { state }));
    expect((await store.load(room))?.state).toBe(state);
  });

  test("a relaxed update is seen by the next read", async () => {
    const { store, room } = await use();
    await store.commit(create(room));
    await store.commit(update(room, { state: "relaxed", wakeAt: 77, durability: "relaxed" }));
    expect(await store.nextDue(76)).toBe(77);
    expect((await store.load(room))?.state).toBe("relaxed");
  });
}

function failureTests(use: Use): void {
  test("creating an actor that exists is a conflict and changes nothing", async () => {
    const { store, room } = await use();
    await store.commit(create(room));
    const again = store.commit(create(room, { state: "other", kvPut: [{ key: text("k"), value: bytes(1) }] }));
    await expect(again).rejects.toMatchObject({ name: "StoreError", code: "conflict" });
    expect((await store.load(room))?.state).toBe('{"key":"lobby"}');
    expect(await store.kvGet(room, [text("k")])).toEqual([null]);
  });

  test("updating or destroying an actor that does not exist is missing", async () => {
    const { store, room } = await use();
    await expect(store.commit(update(room, { state: "x" }))).rejects.toMatchObject({ code: "missing" });
    await expect(store.commit({ actor: room, mode: "destroy" })).rejects.toMatchObject({ code: "missing" });
    expect(await store.load(room)).toBeNull();
  });

  test("a commit handed over before an earlier failure was known fails with it", async () => {
    const { store, room } = await use();
    await store.commit(create(room));
    const other = { ...room, key: "other" };
    const results = await Promise.allSettled([
      store.commit(create(room, { state: "conflicting" })),
      store.commit(update(room, { state: "built on it" })),
      store.commit(create(other)),
    ]);
    expect(results.map((result) => result.status)).toEqual(["rejected", "rejected", "fulfilled"]);
    expect((await store.load(room))?.state).toBe('{"key":"lobby"}');
    await store.commit(update(room, { state: "after" }));
    expect((await store.load(room))?.state).toBe("after");
  });

  test("a row both written and deleted in one set is refused whole", async () => {
    const { store, room } = await use();
    await store.commit(create(room));
    const torn = store.commit(update(room, { state: "new", queuePut: [message(1)], queueDelete: [1] }));
    await expect(torn).rejects.toMatchObject({ code: "failed" });
    expect((await store.load(room))?.state).toBe('{"key":"lobby"}');
  });

  test("a second message with an idempotency id in use is a conflict and nothing of its commit stays", async () => {
    const { store, room } = await use();
    await store.commit(create(room, { queuePut: [message(1, { idempotencyKey: "k" })] }));
    const twice = update(room, { state: "new", queuePut: [message(2), message(3, { idempotencyKey: "k" })] });
    await expect(store.commit(twice)).rejects.toMatchObject({ code: "conflict" });
    expect(await store.load(room)).toMatchObject({
      state: '{"key":"lobby"}',
      queues: { jobs: { ready: 1, dead: 0 } },
    });
    await store.commit(update(room, { queuePut: [message(2, { queue: "other", idempotencyKey: "k" })] }));
    expect((await store.findQueueKey(room, "other", "k"))?.id).toBe(2);
  });

  test("destroy wipes everything of the actor, and a new one with its key starts empty", async () => {
    const { store, room } = await use();
    const parts: Partial<WriteSet> = {
      queuePut: [message(1, { idempotencyKey: "k" })],
      schedulePut: [{ id: "s", dueAt: 5, action: "a", args: "[]", cron: null, createdAt: 1 }],
      connectionPut: [{ id: "c", data: "{}" }],
      kvPut: [{ key: text("k"), value: bytes(1) }],
      replayPut: [{ id: "r", status: "done", keepUntil: 99 }],
      wakeAt: 5,
    };
    await store.commit(create(room, parts));
    await store.commit({ actor: room, mode: "destroy" });
    expect(await store.load(room)).toBeNull();
    expect((await store.due(5, 99)).map((entry) => entry.actor)).not.toContainEqual(room);
    await store.commit(create(room, { state: "second" }));
    expect(await store.load(room)).toMatchObject({ state: "second", queues: {}, schedules: [], connections: [] });
    expect(await store.kvList(room, {})).toEqual([]);
    expect(await store.replayCount(room)).toBe(0);
    expect(await store.findQueueKey(room, "jobs", "k")).toBeNull();
    expect(await store.readQueue(room, { queue: null, status: "ready", afterId: 0, limit: 9 })).toEqual([]);
  });
}

function queueTests(use: Use): void {
  test("a queue may be named as members of objects are, and nothing else changes by it", async () => {
    const { store, room } = await use();
    await store.commit(
      create(room, { queuePut: [message(1, { queue: "__proto__" }), message(2, { queue: "constructor" })] }),
    );
    const queues = (await store.load(room))?.queues ?? {};
    expect(Object.entries(queues).sort()).toEqual([
      ["__proto__", { ready: 1, dead: 0 }],
      ["constructor", { ready: 1, dead: 0 }],
    ]);
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect((await store.readQueue(room, { queue: "__proto__", status: "ready", afterId: 0, limit: 9 })).length).toBe(1);
  });

  const page = { queue: "jobs", status: "ready", afterId: 0, limit: 100 } as const;

  test("a message comes back as it was written", async () => {
    const { store, room } = await use();
    const caller = { party: "User", identity: "u1", claims: { role: "x" }, expiresAt: 5, issuedAt: null, tokenId: "t" };
    const full = message(1, {
      caller,
      idempotencyKey: "k",
      response: '"ok"',
      status: "done",
      keepUntil: 9,
      attempt: 2,
    });
    await store.commit(create(room, { queuePut: [full] }));
    expect(await store.findQueueKey(room, "jobs", "k")).toEqual(full);
    expect(await store.findQueueKey(room, "jobs", "absent")).toBeNull();
    expect(await store.findQueueKey(room, "other", "k")).toBeNull();
  });

  test("pages are in id order, by queue and status, after the given id", async () => {
    const { store, room } = await use();
    const rows = Array.from({ length: 30 }, (_, at) => message(at + 1, { queue: at % 3 === 0 ? "mail" : "jobs" }));
    await store.commit(create(room, { queuePut: rows }));
    await store.commit(update(room, { queuePut: [message(2, { status: "dead" }), message(3, { status: "done" })] }));
    const ids = async (query: Partial<Parameters<ActorStore["readQueue"]>[1]>): Promise<number[]> =>
      (await store.readQueue(room, { ...page, ...query })).map((row) => row.id);
    expect(await ids({ limit: 3 })).toEqual([5, 6, 8]);
    expect(await ids({ limit: 3, afterId: 8 })).toEqual([9, 11, 12]);
    expect(await ids({ queue: "mail", afterId: 20 })).toEqual([22, 25, 28]);
    expect(await ids({ queue: null, limit: 5 })).toEqual([1, 4, 5, 6, 7]);
    expect(await ids({ status: "dead", queue: null })).toEqual([2]);
    expect(await ids({ queue: "absent" })).toEqual([]);
  });

  test("the tally follows writes, status changes and deletions", async () => {
    const { store, room } = await use();
    const tally = async (): Promise<unknown> => (await store.load(room))?.queues;
    await store.commit(create(room, { queuePut: [message(1), message(2), message(3, { queue: "mail" })] }));
    expect(await tally()).toEqual({ jobs: { ready: 2, dead: 0 }, mail: { ready: 1, dead: 0 } });
    await store.commit(update(room, { queuePut: [message(1, { status: "dead" }), message(2, { attempt: 1 })] }));
    expect(await tally()).toEqual({ jobs: { ready: 1, dead: 1 }, mail: { ready: 1, dead: 0 } });
    await store.commit(update(room, { queueDelete: [1, 3, 99], queuePut: [message(2, { status: "done" })] }));
    expect(await tally()).toEqual({});
  });

  test("pruning forgets done marks and replay ids past their time, and nothing else", async () => {
    const { store, room } = await use();
    await store.commit(
      create(room, {
        queuePut: [
          message(1, { idempotencyKey: "old", status: "done", keepUntil: 10 }),
          message(2, { idempotencyKey: "kept", status: "done", keepUntil: 20 }),
          message(3, { idempotencyKey: "ready", keepUntil: 10 }),
        ],
        replayPut: [
          { id: "old", status: "done", keepUntil: 10 },
          { id: "kept", status: "in_progress", keepUntil: 20 },
        ],
      }),
    );
    await store.replayPrune(room, 20);
    expect(await store.findQueueKey(room, "jobs", "old")).toBeNull();
    expect((await store.findQueueKey(room, "jobs", "kept"))?.id).toBe(2);
    expect((await store.findQueueKey(room, "jobs", "ready"))?.id).toBe(3);
    expect(await store.replayGet(room, "old")).toBeNull();
    expect(await store.replayCount(room)).toBe(1);
    await store.replayPrune({ ...room, key: "absent" }, 20);
  });
}

function partTests(use: Use): void {
  test("schedules and connections are written, replaced and deleted by id", async () => {
    const { store, room } = await use();
    const schedule = { id: "s1", dueAt: 50, action: "tick", args: "[1]", cron: "* * * * *", createdAt: 3 };
    await store.commit(
      create(room, {
        schedulePut: [schedule, { ...schedule, id: "s2" }],
        connectionPut: [
          { id: "c1", data: "{}" },
          { id: "c2", data: "{}" },
        ],
      }),
    );
    await store.commit(
      update(room, {
        schedulePut: [{ ...schedule, dueAt: 60 }],
        scheduleDelete: ["s2", "absent"],
        connectionPut: [{ id: "c2", data: '{"n":1}' }],
        connectionDelete: ["c1"],
      }),
    );
    expect(await store.load(room)).toMatchObject({
      schedules: [{ ...schedule, dueAt: 60 }],
      connections: [{ id: "c2", data: '{"n":1}' }],
    });
  });

  test("keys are bytes, listed in byte order within a range", async () => {
    const { store, room } = await use();
    const keys = [bytes(), bytes(0), text("a"), text("ab"), text("b"), bytes(0x62, 0xff), bytes(0xff, 0xff)];
    await store.commit(create(room, { kvPut: keys.map((key) => ({ key, value: bytes(key.length) })) }));
    const list = async (range: Parameters<ActorStore["kvList"]>[1]): Promise<string[]> =>
      (await store.kvList(room, range)).map((pair) => Array.from(pair.key).join("."));
    expect(await list({})).toEqual(["", "0", "97", "97.98", "98", "98.255", "255.255"]);
    expect(await list({ start: text("a"), end: text("b") })).toEqual(["97", "97.98"]);
    expect(await list({ prefix: text("b") })).toEqual(["98", "98.255"]);
    const prefix = Buffer.from([0xff]);
    expect(await list({ prefix })).toEqual(["255.255"]);
    expect(prefix[0]).toBe(0xff);
    const own = Buffer.from("a");
    expect(await list({ prefix: own })).toEqual(["97", "97.98"]);
    expect(own.toString()).toBe("a");
    expect(await list({ prefix: text("a"), start: text("aa"), limit: 5 })).toEqual(["97.98"]);
    expect(await list({ reverse: true, limit: 2 })).toEqual(["255.255", "98.255"]);
  });

  test("a pair is read, overwritten and deleted, and the caller's bytes stay its own", async () => {
    const { store, room } = await use();
    const value = bytes(1, 2, 3);
    await store.commit(create(room, { kvPut: [{ key: text("k"), value }] }));
    value[0] = 9;
    expect(await store.kvGet(room, [text("k"), text("absent")])).toEqual([bytes(1, 2, 3), null]);
    await store.commit(update(room, { kvPut: [{ key: text("k"), value: bytes() }] }));
    expect(await store.kvGet(room, [text("k")])).toEqual([bytes()]);
    await store.commit(update(room, { kvDelete: [text("k"), text("absent")] }));
    expect(await store.kvGet(room, [text("k")])).toEqual([null]);
    expect(await store.kvGet({ ...room, key: "absent" }, [text("k")])).toEqual([null]);
  });

  test("what is handed over is taken as it is at that moment", async () => {
    const { store, room } = await use();
    await store.commit(create(room));
    const pool = Buffer.alloc(10_000);
    const value = pool.subarray(100, 103);
    const queuePut = [message(1)];
    const commit = store.commit(update(room, { queuePut, kvPut: [{ key: text("k"), value }] }));
    queuePut.length = 0;
    pool.fill(9);
    await commit;
    const key = text("k");
    const read = store.kvGet(room, [key]);
    key[0] = 0;
    expect(await read).toEqual([bytes(0, 0, 0)]);
    expect((await store.load(room))?.queues).toEqual({ jobs: { ready: 1, dead: 0 } });
  });

  test("a caller that is no plain data is stored as its JSON, and one that has none is refused alone", async () => {
    const { store, room } = await use();
    const caller = { party: "User", claims: {}, expiresAt: null, issuedAt: null, tokenId: null };
    const odd = { ...caller, identity: { name: "u", greet: () => "hi" } };
    await store.commit(create(room, { queuePut: [message(1, { caller: odd, idempotencyKey: "k" })] }));
    expect((await store.findQueueKey(room, "jobs", "k"))?.caller).toEqual({ ...caller, identity: { name: "u" } });
    const none = update(room, { state: "new", queuePut: [message(2, { caller: { ...caller, identity: 1n } })] });
    await expect(store.commit(none)).rejects.toMatchObject({ name: "StoreError", code: "failed" });
    expect((await store.load(room))?.state).toBe('{"key":"lobby"}');
    await store.commit(update(room, { state: "after" }));
  });

  test("replay ids are counted, replaced and deleted", async () => {
    const { store, room } = await use();
    await store.commit(
      create(room, {
        replayPut: [
          { id: "a", status: "in_progress", keepUntil: 5 },
          { id: "b", status: "failed", keepUntil: 5 },
        ],
      }),
    );
    await store.commit(update(room, { replayPut: [{ id: "a", status: "done", keepUntil: 7 }], replayDelete: ["b"] }));
    expect(await store.replayGet(room, "a")).toEqual({ id: "a", status: "done", keepUntil: 7 });
    expect(await store.replayGet(room, "b")).toBeNull();
    expect(await store.replayCount(room)).toBe(1);
  });
}

function findingTests(start: Start): void {
  test("actors are listed by type in key order, in pages", async () => {
    const { store } = await start();
    const keys = ["b", "a", "c", "~", "a,b"];
    await Promise.all(keys.map((key) => store.commit(create({ name: "room", key }))));
    await store.commit(create({ name: "rooms", key: "a" }));
    const first = await store.list("room", null, 3);
    expect(first).toEqual(["a", "a,b", "b"].map((key) => ({ name: "room", key })));
    expect((await store.list("room", "b", 3)).map((actor) => actor.key)).toEqual(["c", "~"]);
    expect(await store.list("absent", null, 3)).toEqual([]);
  });

  test("an actor is found by its incarnation's id, and not after it was replaced", async () => {
    const { store } = await start();
    await store.commit(create(ROOM));
    expect(await store.findById("id-of-lobby")).toEqual(ROOM);
    await store.commit({ actor: ROOM, mode: "destroy" });
    await store.commit(create(ROOM, { meta: { ...META, id: "second" } }));
    expect(await store.findById("id-of-lobby")).toBeNull();
    expect(await store.findById("second")).toEqual(ROOM);
  });

  test("due actors come by time, interrupted ones first, in pages that end", async () => {
    const { store } = await start();
    const make = (key: string, wakeAt: number | null, running = false): Promise<void> =>
      store.commit(create({ name: "room", key }, { wakeAt, meta: { ...META, id: key, running } }));
    await Promise.all([make("late", 300), make("b", 100), make("a", 100), make("never", null), make("soon", 50)]);
    await Promise.all([make("run-2", 500, true), make("run-1", null, true)]);
    const all = await store.due(100, 10);
    expect(all.map(({ actor, wakeAt }) => [actor.key, wakeAt])).toEqual([
      ["run-1", 0],
      ["run-2", 0],
      ["soon", 50],
      ["a", 100],
      ["b", 100],
    ]);
    const paged: string[] = [];
    for (let after: { actor: ActorRef; wakeAt: number } | undefined; ; ) {
      const page = await store.due(100, 2, after);
      paged.push(...page.map(({ actor }) => actor.key));
      after = page.at(-1);
      if (after === undefined) break;
    }
    expect(paged).toEqual(all.map(({ actor }) => actor.key));
    expect(await store.nextDue(100)).toBe(300);
    expect(await store.nextDue(500)).toBeNull();
  });

  test("the wake time and the running mark follow updates", async () => {
    const { store } = await start();
    await store.commit(create(ROOM, { wakeAt: 10 }));
    await store.commit(update(ROOM, { wakeAt: 20 }));
    expect(await store.due(15, 10)).toEqual([]);
    await store.commit(update(ROOM, { meta: { ...META, running: true } }));
    expect(await store.due(15, 10)).toEqual([{ actor: ROOM, wakeAt: 0 }]);
    await store.commit(update(ROOM, { meta: META, wakeAt: null }));
    expect(await store.due(99, 10)).toEqual([]);
    expect(await store.nextDue(0)).toBeNull();
  });
}

function hostTests(start: Start): void {
  const revocation = (id: string, revokedAt: number, keepUntil: number): RevocationRow => ({
    id,
    party: "User",
    identity: null,
    claim: { name: "tenant", value: "t1" },
    tokenId: null,
    issuedBefore: revokedAt,
    revokedAt,
    keepUntil,
  });

  test("revocations are listed while they can matter and forgotten after", async () => {
    const { store } = await start();
    await store.putRevocation(revocation("a", 10, 100));
    await store.putRevocation(revocation("b", 20, 200));
    expect(await store.listRevocations(50)).toEqual([revocation("a", 10, 100), revocation("b", 20, 200)]);
    expect(await store.listRevocations(100)).toHaveLength(2);
    expect(await store.listRevocations(101)).toEqual([revocation("b", 20, 200)]);
    await store.putRevocation(revocation("c", 150, 300));
    expect((await store.listRevocations(0)).map((row) => row.id)).toEqual(["b", "c"]);
  });

  test("the policy epoch starts at 0 and is what was put last", async () => {
    const { store } = await start();
    expect(await store.getEpoch()).toBe(0);
    await store.putEpoch(1);
    await store.putEpoch(2);
    expect(await store.getEpoch()).toBe(2);
  });
}

function endingTests(start: Start): void {
  test("everything committed outlives a reopening", async () => {
    const under = await start();
    if (under.reopen === undefined) return;
    await under.store.commit(
      create(ROOM, {
        queuePut: [message(1), message(2, { status: "dead", deadReason: "poison" })],
        kvPut: [{ key: text("k"), value: bytes(1, 2) }],
        replayPut: [{ id: "r", status: "done", keepUntil: 99 }],
        connectionPut: [{ id: "c", data: "{}" }],
        wakeAt: 1234,
      }),
    );
    await under.store.commit(update(ROOM, { state: "late", durability: "relaxed" }));
    await under.store.putEpoch(7);
    const store = await under.reopen();
    onTestFinished(() => store.close());
    expect(await store.load(ROOM)).toMatchObject({
      state: "late",
      queues: { jobs: { ready: 1, dead: 1 } },
      connections: [{ id: "c", data: "{}" }],
    });
    expect(await store.kvGet(ROOM, [text("k")])).toEqual([bytes(1, 2)]);
    expect(await store.replayGet(ROOM, "r")).toEqual({ id: "r", status: "done", keepUntil: 99 });
    expect(await store.nextDue(0)).toBe(1234);
    expect(await store.getEpoch()).toBe(7);
  });

  test("a closed store refuses and says so", async () => {
    const { store } = await start();
    await store.commit(create(ROOM));
    await store.close();
    await store.close();
    await expect(store.commit(update(ROOM, { state: "late" }))).rejects.toMatchObject({ code: "closed" });
    await expect(Promise.resolve().then(() => store.load(ROOM))).rejects.toMatchObject({ code: "closed" });
  });
}
