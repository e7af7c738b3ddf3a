/** The store of a runner under the suite of all stores, over a SQLite database for each actor in place of `c.db`. */
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { VirtualClock } from "../memory/clock.ts";
import { MemoryStore } from "../memory/store.ts";
import type { ActorRef, ActorStore, Clock } from "../port.ts";
import { create, message, type StoreUnderTest, storeSuite, update } from "../store-suite.ts";
import { ActorStorage } from "./actor-storage.ts";
import type { RivetDatabase } from "./platform.ts";
import { RivetStore, textOf } from "./store.ts";
import { migrate } from "./tables.ts";

/** `c.db` over SQLite in memory: statements answer later, and a transaction is whole or nothing. */
class Database implements RivetDatabase {
  readonly sqlite = new DatabaseSync(":memory:");
  failNext: Error | null = null;

  async execute(sql: string, ...args: readonly unknown[]): Promise<readonly Record<string, unknown>[]> {
    await null;
    return this.sqlite.prepare(sql).all(...(args as never[]));
  }
  async transaction<T>(run: (tx: RivetDatabase) => Promise<T>): Promise<T> {
    this.sqlite.exec("BEGIN");
    try {
      const result = await run(this);
      const failure = this.failNext;
      this.failNext = null;
      if (failure !== null) throw failure;
      this.sqlite.exec("COMMIT");
      return result;
    } catch (error) {
      this.sqlite.exec("ROLLBACK");
      throw error;
    }
  }
}

const realClock: Clock = {
  now: () => Date.now(),
  after: (delay, task) => {
    const timer = setTimeout(task, delay).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

interface Opened {
  readonly storage: ActorStorage;
  readonly db: Database;
  readonly alarms: number[];
  readonly broken: unknown[];
}

async function openStorage(ref: ActorRef, db = new Database(), clock: Clock = realClock): Promise<Opened> {
  await migrate(db);
  const alarms: number[] = [];
  const broken: unknown[] = [];
  const storage = await ActorStorage.open({
    context: { db, run: { setWakeAt: async (at) => void alarms.push(at ?? 0) } },
    ref,
    clock,
    guard: 20_000,
    onBroken: (error) => broken.push(error),
    onDue: () => {},
  });
  return { storage, db, alarms, broken };
}

/** Every address has its Rivet actor, started when it is first used. */
function everywhere(store: RivetStore, databases: Map<string, Database>): ActorStore {
  const opening = new Map<string, Promise<void>>();
  const ensure = (ref: ActorRef): Promise<void> | null => {
    if (store.has(ref)) return null;
    const name = textOf(ref);
    const running =
      opening.get(name) ??
      openStorage(ref, databases.get(name)).then(({ storage, db }) => {
        databases.set(name, db);
        store.adopt({ name: ref.name, key: ref.key }, storage);
      });
    opening.set(name, running);
    return running;
  };
  return new Proxy(store, {
    get: (target, name) => {
      const member = target[name as keyof RivetStore] as unknown;
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        const first = args[0] as { readonly actor?: ActorRef; readonly key?: unknown } | undefined;
        const ref = first?.actor ?? (typeof first?.key === "string" ? (first as ActorRef) : null);
        const call = () => member.apply(target, args) as unknown;
        const wait = ref === null || name === "adopt" ? null : ensure(ref);
        if (wait === null) return call();
        return wait.then(call);
      };
    },
  });
}

async function openStore(): Promise<StoreUnderTest> {
  const host = new MemoryStore();
  const rows = {
    putRevocation: async (row: Parameters<MemoryStore["putRevocation"]>[0]) => host.putRevocation(row),
    listRevocations: async (now: number) => host.listRevocations(now),
    putEpoch: async (epoch: number) => host.putEpoch(epoch),
    getEpoch: async () => host.getEpoch(),
  };
  const databases = new Map<string, Database>();
  const store = everywhere(new RivetStore(rows), databases);
  return {
    store,
    reopen: async () => {
      const again = new RivetStore(rows);
      for (const [name, db] of databases) {
        const [actor, key] = name.split("/") as [string, string];
        const { storage } = await openStorage({ name: actor, key }, db);
        again.adopt({ name: actor, key }, storage);
      }
      return again;
    },
  };
}

storeSuite(openStore);

const ROOM = { name: "room", key: "a" };

test("a commit whose end is unknown ends the actor here: nothing more is read or written", async () => {
  const { storage, db, broken } = await openStorage(ROOM);
  await storage.commit(create(ROOM));
  db.failNext = new Error("the engine went away");
  const behind = [storage.commit(update(ROOM, { state: "x" })), storage.commit(update(ROOM, { state: "y" }))];
  const results = await Promise.allSettled(behind);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(broken).toHaveLength(1);
  await expect(storage.commit(update(ROOM, { state: "z" }))).rejects.toMatchObject({ code: "failed" });
  await expect(storage.load()).rejects.toMatchObject({ code: "failed" });
  expect(db.sqlite.prepare("SELECT state FROM bw_state").get()).toEqual({ state: '{"key":"a"}' });
});

test("an idempotency id in use is a conflict, and the actor goes on", async () => {
  const { storage, broken } = await openStorage(ROOM);
  await storage.commit(create(ROOM, { queuePut: [message(1, { idempotencyKey: "k" })] }));
  const twice = storage.commit(update(ROOM, { queuePut: [message(2, { idempotencyKey: "k" })] }));
  await expect(twice).rejects.toMatchObject({ code: "conflict" });
  await storage.commit(update(ROOM, { state: "on" }));
  expect(broken).toEqual([]);
});

test("a state of 8 MB is committed whole, and more than a commit may carry is refused without harm", async () => {
  const { storage, broken } = await openStorage(ROOM);
  const state = "x".repeat(8 * 1024 * 1024);
  await storage.commit(create(ROOM, { state }));
  expect((await storage.load())?.state).toBe(state);
  const beyond = storage.commit(update(ROOM, { state: "x".repeat(17 * 1024 * 1024) }));
  await expect(beyond).rejects.toMatchObject({ code: "failed" });
  expect((await storage.load())?.state).toBe(state);
  expect(broken).toEqual([]);
});

test("a deadline stands before the work it is for, and moves on before it passes", async () => {
  const clock = new VirtualClock(1_000_000);
  const { storage, alarms } = await openStorage(ROOM, new Database(), clock);
  await storage.commit(create(ROOM, { wakeAt: 1_060_000 }));
  expect(alarms).toEqual([1_060_000]);
  await storage.commit(update(ROOM, { wakeAt: 1_090_000 }));
  expect(alarms, "an earlier deadline covers a later one").toHaveLength(1);
  await storage.commit(update(ROOM, { wakeAt: 1_030_000 }));
  expect(alarms.at(-1)).toBe(1_030_000);
  // The work is not done when its deadline comes: the next one stands already.
  await clock.advance(29_500);
  expect(alarms.at(-1)).toBe(1_049_000);
  await storage.commit(update(ROOM, { wakeAt: null }));
  await clock.advance(60_000);
  expect(alarms).toHaveLength(3);
});

test("work for now keeps a deadline ahead while it lasts", async () => {
  const clock = new VirtualClock(1_000_000);
  const { storage, alarms } = await openStorage(ROOM, new Database(), clock);
  const meta = { id: "i", createdAt: 1, version: 1, nextQueueId: 1, running: true };
  await storage.commit(create(ROOM, { meta }));
  expect(alarms).toEqual([1_020_000]);
  await clock.advance(19_000);
  expect(alarms.at(-1)).toBe(1_039_000);
  await storage.leave();
  expect(alarms.at(-1), "an interrupted run is taken up at once").toBe(clock.now() + 50);
});
