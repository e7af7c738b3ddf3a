import { Worker } from "node:worker_threads";
import { expect, onTestFinished, test } from "vitest";
import { create, update } from "../../store-suite.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const A = { name: "room", key: "a" };
const B = { name: "room", key: "b" };

async function open(): Promise<SqliteStore> {
  const store = await SqliteStore.open({ directory: temporaryDirectory() });
  onTestFinished(() => store.close());
  return store;
}

/** A second face of the store, as another thread of the host has it. */
function attach(store: SqliteStore): { readonly other: SqliteStore; readonly gone: Promise<void> } {
  const { share, gone } = store.share();
  return { other: SqliteStore.attach(share), gone };
}

test("what one thread committed, another reads", async () => {
  const store = await open();
  const { other, gone } = attach(store);
  await Promise.all([store.commit(create(A)), other.commit(create(B, { state: "theirs" }))]);
  expect((await store.load(B))?.state).toBe("theirs");
  expect((await other.load(A))?.state).toBe('{"key":"a"}');
  await other.close();
  await gone;
  await store.commit(update(A, { state: "still open" }));
  expect((await store.load(A))?.state).toBe("still open");
  await expect(other.commit(update(B, {}))).rejects.toMatchObject({ code: "closed" });
});

test("a failed commit takes its followers of the same thread along, and nobody else's knowledge lets them pass", async () => {
  const store = await open();
  const { other } = attach(store);
  await Promise.all([store.commit(create(A)), other.commit(create(B))]);
  store.setFaults([
    { step: "write", kind: "io", actor: "room/a" },
    { step: "write", kind: "io", actor: "room/b" },
  ]);
  const results = await Promise.allSettled([
    store.commit(update(A, { state: "a1" })),
    other.commit(update(B, { state: "b1" })),
    other.commit(update(B, { state: "b2" })),
  ]);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  expect((await other.load(B))?.state).toBe('{"key":"b"}');
  await other.commit(update(B, { state: "b3" }));
  await store.commit(update(A, { state: "a2" }));
  expect([(await store.load(A))?.state, (await store.load(B))?.state]).toEqual(["a2", "b3"]);
  await other.close();
});

test("a thread that dies is gone once everything it handed over is on the disk", async () => {
  const store = await open();
  await store.commit(create(A));
  const { share, gone } = store.share();
  const writes = 2000;
  const code = `
    const { workerData } = require("node:worker_threads");
    const { writer, count } = workerData;
    for (let at = 1; at <= count; at++) writer.postMessage({ kind: "write", count: 1, flat: ["room\\0a", 4, 0, "s" + at] });
    writer.on("message", () => {});
    throw new Error("dies at once");
  `;
  const thread = new Worker(code, {
    eval: true,
    workerData: { ...share, count: writes },
    transferList: [share.writer, share.reader],
  });
  thread.on("error", () => {});
  await new Promise((resolve) => thread.once("exit", resolve));
  await gone;
  expect((await store.load(A))?.state).toBe(`s${writes}`);
});
