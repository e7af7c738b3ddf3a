import { execFile } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { create, message, storeSuite, update } from "../../store-suite.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

storeSuite(async () => {
  const directory = temporaryDirectory();
  const store = await SqliteStore.open({ directory });
  return {
    store,
    reopen: async () => {
      await store.close();
      return SqliteStore.open({ directory });
    },
  };
});

test("a clean close leaves no log and no trace of an owner", async () => {
  const directory = temporaryDirectory();
  const store = await SqliteStore.open({ directory });
  await store.commit(create({ name: "room", key: "a" }));
  await store.close();
  expect(readdirSync(directory).sort()).toEqual(["actors.sqlite", "lock.sqlite"]);
  expect(statSync(directory).mode & 0o077).toBe(0);
  const again = await SqliteStore.open({ directory });
  expect(again.unclean).toBe(false);
  expect(await again.checked).toBeNull();
  await again.close();
});

test("a store nobody closes does not keep the process alive, and its next owner is told", async () => {
  const directory = temporaryDirectory();
  const store = new URL("./sqlite-store.ts", import.meta.url).href;
  const script = `import { SqliteStore } from ${JSON.stringify(store)};
    const store = await SqliteStore.open({ directory: ${JSON.stringify(directory)} });
    const meta = { id: "1", createdAt: 1, version: 1, nextQueueId: 1, running: false };
    await store.commit({ actor: { name: "room", key: "a" }, mode: "create", meta, state: "kept" });`;
  await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], { timeout: 15_000 });
  const again = await SqliteStore.open({ directory });
  onTestFinished(() => again.close());
  expect(again.unclean).toBe(true);
  expect((await again.load({ name: "room", key: "a" }))?.state).toBe("kept");
});

test("many writers to many actors keep each actor's own order and rows", async () => {
  const store = await SqliteStore.open({ directory: temporaryDirectory(), checkpointPages: 50 });
  onTestFinished(() => store.close());
  const actors = Array.from({ length: 300 }, (_, at) => ({ name: "room", key: `k${at}` }));
  await Promise.all(actors.map((actor) => store.commit(create(actor))));
  // Enough rounds for rows to be moved together (placement) and the log to be folded several times.
  for (let round = 0; round < 40; round += 1) {
    await Promise.all(
      actors.map((actor, at) =>
        at % 3 === 0 ? store.commit(update(actor, { state: `${actor.key}:${round}` })) : null,
      ),
    );
  }
  for (const [at, actor] of actors.entries()) {
    const expected = at % 3 === 0 ? `${actor.key}:39` : `{"key":"${actor.key}"}`;
    expect((await store.load(actor))?.state).toBe(expected);
  }
});

test("a queue of a hundred thousand messages is read and written in pages without slowing down", async () => {
  const store = await SqliteStore.open({ directory: temporaryDirectory() });
  onTestFinished(() => store.close());
  const actor = { name: "room", key: "big" };
  await store.commit(create(actor));
  const rows = (from: number) =>
    Array.from({ length: 5000 }, (_, at) => ({
      id: from + at,
      queue: "jobs",
      body: "{}",
      caller: null,
      createdAt: 0,
      availableAt: 0,
      attempt: 0,
      idempotencyKey: `k${from + at}`,
      status: "ready" as const,
    }));
  for (let from = 1; from < 100_000; from += 5000) await store.commit(update(actor, { queuePut: rows(from) }));
  expect((await store.load(actor))?.queues).toEqual({ jobs: { ready: 100_000, dead: 0 } });
  // Processor time: a slow disk, and other work on the machine, cost none.
  const before = process.cpuUsage();
  for (let n = 0; n < 50; n += 1) {
    const afterId = Math.floor((n * 99_000) / 50);
    const page = await store.readQueue(actor, { queue: "jobs", status: "ready", afterId, limit: 10 });
    expect(page[0]?.id).toBe(afterId + 1);
    expect((await store.findQueueKey(actor, "jobs", `k${afterId + 1}`))?.id).toBe(afterId + 1);
    await store.commit(update(actor, { queueDelete: [afterId + 1] }));
  }
  // Some 3 ms each where measured; one pass over all messages would take twenty times that.
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000 / 50).toBeLessThan(40);
  await store.commit({ actor, mode: "destroy" });
  expect(await store.load(actor)).toBeNull();
});

test("past its limits a store refuses instead of growing, and takes on again when the waiting is done", async () => {
  const limits = { maxWaitingWrites: 3, maxWaitingBytes: 1000, maxWaitingReads: 2 };
  const store = await SqliteStore.open({ directory: temporaryDirectory(), ...limits });
  onTestFinished(() => store.close());
  const refs = Array.from({ length: 5 }, (_, at) => ({ name: "room", key: `k${at}` }));
  const outcomes = (results: readonly PromiseSettledResult<unknown>[]) =>
    results.map((result) => (result.status === "fulfilled" ? "ok" : (result.reason as { code: string }).code));
  const many = await Promise.allSettled(refs.map((actor) => store.commit(create(actor))));
  expect(outcomes(many)).toEqual(["ok", "ok", "ok", "full", "full"]);
  const large = "x".repeat(700);
  const heavy = await Promise.allSettled(
    refs.slice(0, 2).map((actor) => store.commit(update(actor, { state: large }))),
  );
  expect(outcomes(heavy)).toEqual(["ok", "full"]);
  await store.commit(update({ name: "room", key: "k1" }, { state: "x".repeat(5000) }));
  const reads = await Promise.allSettled(refs.slice(0, 3).map((actor) => store.load(actor)));
  expect(outcomes(reads)).toEqual(["ok", "ok", "full"]);
  expect(await store.load({ name: "room", key: "k3" })).toBeNull();
});

test("a text with half of a surrogate pair, which UTF-8 has not, makes no row unreadable", async () => {
  const directory = temporaryDirectory();
  const store = await SqliteStore.open({ directory });
  const room = { name: "room", key: "a" };
  const half = "\ud800";
  const schedulePut = [{ id: "s", dueAt: 5, action: half, args: "[]", cron: null, createdAt: 1 }];
  const queuePut = [message(1, { idempotencyKey: half }), message(2, { status: "dead", deadReason: half })];
  await store.commit(create(room, { queuePut, schedulePut }));
  await store.close();
  const again = await SqliteStore.open({ directory });
  onTestFinished(() => again.close());
  expect((await again.load(room))?.schedules).toHaveLength(1);
  const [dead] = await again.readQueue(room, { queue: null, status: "dead", afterId: 0, limit: 9 });
  expect(dead?.deadReason).toBe("\ufffd");
  const [ready] = await again.readQueue(room, { queue: null, status: "ready", afterId: 0, limit: 9 });
  expect(ready?.body).toBe('{"n":1}');
});
