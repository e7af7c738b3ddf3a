import { expect, onTestFinished, test } from "vitest";
import { create, message, update } from "../../store-suite.ts";
import type { Fault } from "./faults.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const ROOM = { name: "room", key: "lobby" };
const OTHER = { name: "room", key: "other" };
const KEY = Uint8Array.of(7);

async function open(directory = temporaryDirectory()): Promise<SqliteStore> {
  const store = await SqliteStore.open({ directory });
  onTestFinished(() => store.close());
  return store;
}

const many = { state: "new", queuePut: [message(1)], kvPut: [{ key: KEY, value: KEY }], wakeAt: 9 };

for (const step of ["begin", "write", "commit"] as const) {
  for (const kind of ["full", "io"] as const) {
    test(`a disk that fails (${kind}) at "${step}" refuses the commit, keeps nothing of it and heals`, async () => {
      const directory = temporaryDirectory();
      const store = await open(directory);
      await store.commit(create(ROOM));
      store.setFaults([{ step, kind, times: Number.POSITIVE_INFINITY }]);
      await expect(store.commit(update(ROOM, many))).rejects.toMatchObject({ name: "StoreError", code: "full" });
      await expect(store.commit(update(ROOM, { state: "single" }))).rejects.toMatchObject({ code: "full" });
      expect(await store.load(ROOM)).toMatchObject({ state: '{"key":"lobby"}', queues: {} });
      expect(await store.kvGet(ROOM, [KEY])).toEqual([null]);
      store.setFaults([]);
      await store.commit(update(ROOM, many));
      await store.close();
      const again = await open(directory);
      expect(await again.load(ROOM)).toMatchObject({ state: "new", queues: { jobs: { ready: 1, dead: 0 } } });
    });
  }
}

test("one actor's failing write takes no other's with it", async () => {
  const store = await open();
  await Promise.all([store.commit(create(ROOM)), store.commit(create(OTHER))]);
  store.setFaults([{ step: "write", kind: "io", actor: "room/lobby" }]);
  const results = await Promise.allSettled([
    store.commit(update(OTHER, { state: "before" })),
    store.commit(update(ROOM, many)),
    store.commit(update(OTHER, { state: "after" })),
  ]);
  expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect((await store.load(OTHER))?.state).toBe("after");
  expect(await store.load(ROOM)).toMatchObject({ state: '{"key":"lobby"}', queues: {} });
});

test("when a group's transaction is lost, its commits are tried again one by one", async () => {
  const store = await open();
  await store.commit(create(ROOM));
  store.setFaults([{ step: "commit", kind: "full", times: 1 }]);
  const others = Array.from({ length: 20 }, (_, at) => ({ name: "room", key: `k${at}` }));
  await Promise.all([...others.map((actor) => store.commit(create(actor))), store.commit(update(ROOM, many))]);
  expect(await store.list("room", null, 99)).toHaveLength(21);
  expect((await store.load(ROOM))?.state).toBe("new");
});

test("a lost relaxed update is reported with its actor", async () => {
  const lost: string[] = [];
  const store = await SqliteStore.open({
    directory: temporaryDirectory(),
    onLost: (actor, error) => lost.push(`${actor.name}/${actor.key} ${error.code}`),
  });
  onTestFinished(() => store.close());
  await store.commit(create(ROOM));
  store.setFaults([{ step: "commit", kind: "full", times: 1 }]);
  await store.commit(update(ROOM, { state: "lost", durability: "relaxed" }));
  expect((await store.load(ROOM))?.state).toBe('{"key":"lobby"}');
  expect(lost).toEqual(["room/lobby full"]);
});

for (const [step, survives] of [
  ["commit", false],
  ["reply", true],
] as const) {
  test(`when the thread dies at "${step}" nothing is acknowledged, nothing more is taken, and the file is whole`, async () => {
    const directory = temporaryDirectory();
    const store = await open(directory);
    await store.commit(create(ROOM));
    const fault: Fault = { step, kind: "thread" };
    store.setFaults([fault]);
    await expect(store.commit(update(ROOM, many))).rejects.toMatchObject({ code: "failed" });
    await expect(store.commit(update(OTHER, many))).rejects.toMatchObject({ code: "failed" });
    await store.close();
    const again = await open(directory);
    expect(again.unclean).toBe(true);
    const [value] = await again.kvGet(ROOM, [KEY]);
    expect((await again.load(ROOM))?.state).toBe(survives ? "new" : '{"key":"lobby"}');
    expect(value).toEqual(survives ? KEY : null);
  });
}
