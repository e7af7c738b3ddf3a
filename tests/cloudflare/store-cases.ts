/** The store suite, and the tests of what is this store's own; they run inside an object, on the store of `store-stand.ts`. */
import { assertWithinLimits, MAX_BINDINGS, MAX_ROW_BYTES } from "../../src/hosts/cloudflare/sql.ts";
import { ObjectStore } from "../../src/hosts/cloudflare/store.ts";
import { create, META, message, storeSuite, update } from "../../src/hosts/store-suite.ts";
import { expect, test } from "./expect-shim.ts";
import { sql, stand } from "./store-stand.ts";

storeSuite(async () => ({ store: stand.store, reopen: async () => new ObjectStore(sql) }));

const ROOM = { name: "room", key: "long" };
/** Three bytes and four bytes of UTF-8: no cut may fall inside of one. */
const long = (units: number): string => "ß漢🎉".repeat(Math.floor(units / 4)) + "x".repeat(units % 4);

test("a state above two megabytes comes back whole, longer, shorter and empty", async () => {
  const store = new ObjectStore(sql);
  await store.commit(create(ROOM, { state: long(3_000_001) }));
  for (const units of [3_000_001, 600_001, 600_000, 599_999, 5_000_003, 0, 1_200_001]) {
    const state = long(units);
    await store.commit(update(ROOM, { state }));
    expect(new ObjectStore(sql).load(ROOM)?.state === state).toBe(true);
  }
});

test("no row is above the limit of a row", async () => {
  const store = new ObjectStore(sql);
  await store.commit(
    create(ROOM, { state: "漢".repeat(4_000_000), queuePut: [message(1, { body: "漢".repeat(2_000_000) })] }),
  );
  const sizes = sql.all<{ size: number }>("SELECT MAX(LENGTH(CAST(body AS BLOB))) AS size FROM text");
  expect(sizes[0]!.size > 1_000_000 && sizes[0]!.size <= MAX_ROW_BYTES).toBe(true);
});

test("long messages and connections come back whole, change, and leave nothing behind", async () => {
  const store = new ObjectStore(sql);
  const body = long(2_500_000);
  await store.commit(
    create(ROOM, {
      queuePut: [message(1, { body, idempotencyKey: "k" }), message(2, { body })],
      connectionPut: [{ id: "c", data: body }],
    }),
  );
  expect(store.readQueue(ROOM, { queue: "jobs", status: "ready", afterId: 0, limit: 9 })[0]!.body === body).toBe(true);
  expect(store.load(ROOM)?.connections[0]?.data === body).toBe(true);
  await store.commit(
    update(ROOM, {
      queuePut: [message(1, { idempotencyKey: "k", status: "done", response: body, keepUntil: 10 })],
      queueDelete: [2],
      connectionDelete: ["c"],
    }),
  );
  expect(store.findQueueKey(ROOM, "jobs", "k")?.response === body).toBe(true);
  await store.replayPrune(ROOM, 11);
  expect(sql.all("SELECT owner FROM text WHERE owner <> 'state'")).toEqual([]);
});

test("a value above the limit of a row is refused by us, and nothing of its commit stays", async () => {
  const store = new ObjectStore(sql);
  await store.commit(create(ROOM));
  const key = new Uint8Array([1]);
  const over = update(ROOM, { state: "new", kvPut: [{ key, value: new Uint8Array(MAX_ROW_BYTES) }] });
  await expect(store.commit(over)).rejects.toMatchObject({ name: "StoreError", code: "failed" });
  expect(store.load(ROOM)?.state).toBe('{"key":"long"}');
  const under = update(ROOM, { state: "new", kvPut: [{ key, value: new Uint8Array(MAX_ROW_BYTES - 100) }] });
  await store.commit(under);
  expect(store.load(ROOM)?.state).toBe("new");
});

test("more values than a statement takes, and longer statements, are refused by us", () => {
  const refusal = (run: () => void): string => {
    try {
      run();
    } catch (error) {
      return (error as { code: string }).code;
    }
    return "none";
  };
  const values = Array.from({ length: MAX_BINDINGS }, () => 1);
  expect(refusal(() => assertWithinLimits("", values))).toBe("none");
  expect(refusal(() => assertWithinLimits("", [...values, 1]))).toBe("failed");
  expect(refusal(() => assertWithinLimits(" ".repeat(100_001), []))).toBe("failed");
});

test("tables of another version are refused, not read as an empty object", async () => {
  await new ObjectStore(sql).commit(create(ROOM));
  sql.run("UPDATE setting SET value = 99 WHERE name = 'schema'");
  const store = new ObjectStore(sql);
  const uses = [
    () => store.load(ROOM),
    () => store.commit(update(ROOM, { state: "lost" })),
    () => store.list("room", null, 9),
    () => store.listRevocations(0),
    () => store.putEpoch(7),
  ];
  for (const use of uses) {
    let failure = "";
    try {
      await use();
    } catch (error) {
      failure = (error as Error).message;
    }
    expect(failure.includes("another version")).toBe(true);
  }
  sql.run("UPDATE setting SET value = 1 WHERE name = 'schema'");
  expect(new ObjectStore(sql).load(ROOM)?.state).toBe('{"key":"long"}');
  expect(new ObjectStore(sql).getEpoch()).toBe(0);
});

test("an object nobody was admitted to is not written to", () => {
  const store = new ObjectStore(sql);
  expect(store.load(ROOM)).toBeNull();
  expect(store.resident()).toBeNull();
  expect(store.replayCount(ROOM)).toBe(0);
  expect(
    sql.all("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite%'"),
  ).toEqual([]);
});

test("waking is told with the commit that changes it, and not with one that failed", async () => {
  const told: unknown[] = [];
  let undone = 0;
  const store = new ObjectStore(sql, {
    onWake: (at, running) => void told.push([at, running]),
    onRollback: () => {
      undone += 1;
    },
  });
  await store.commit(create(ROOM, { wakeAt: 10 }));
  await store.commit(update(ROOM, { state: "x", wakeAt: 20 }));
  await store.commit(update(ROOM, { meta: { ...META, running: true }, wakeAt: null }));
  await expect(
    store.commit(update(ROOM, { wakeAt: 5, queuePut: [message(1)], queueDelete: [1] })),
  ).rejects.toMatchObject({
    code: "failed",
  });
  expect(told).toEqual([
    [10, false],
    [20, false],
    [null, true],
  ]);
  expect(undone).toBe(1);
  expect(store.wake()).toEqual({ wakeAt: null, running: true });
});
