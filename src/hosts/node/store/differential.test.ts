import fc from "fast-check";
import { expect, test } from "vitest";
import { MemoryStore } from "../../memory/store.ts";
import type { ActorRef, ActorStore, QueueRow, WriteSet } from "../../port.ts";
import { message } from "../../store-suite.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const small = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });
const id = fc.constantFrom("a", "b", "c");
const actor: fc.Arbitrary<ActorRef> = fc.record({ name: fc.constantFrom("room", "cart"), key: id });
const key = fc.uint8Array({ maxLength: 2, max: 3 });
const meta = fc.record({
  id: fc.constantFrom("m1", "m2"),
  createdAt: fc.constant(1),
  version: small(2),
  nextQueueId: small(9),
  running: fc.boolean(),
});
const row: fc.Arbitrary<QueueRow> = fc
  .record({
    id: small(8),
    queue: fc.constantFrom("jobs", "mail"),
    status: fc.constantFrom("ready" as const, "dead" as const, "done" as const),
    idempotencyKey: fc.option(id, { freq: 3 }),
    keepUntil: fc.option(small(9)),
    attempt: small(3),
  })
  .map(({ id: at, ...extra }) => message(at, extra));
const schedule = fc.record({
  id,
  dueAt: small(50),
  action: id,
  args: fc.constant("[]"),
  cron: fc.option(id),
  createdAt: fc.constant(1),
});
const some = <T>(item: fc.Arbitrary<T>, by: (item: T) => unknown): fc.Arbitrary<T[]> =>
  fc.uniqueArray(item, { maxLength: 4, selector: by });

const drawn: fc.Arbitrary<WriteSet> = fc.record(
  {
    actor,
    mode: fc.constantFrom(
      ...(["create", "create", "update", "update", "update", "update", "update", "destroy"] as const),
    ),
    meta,
    state: fc.option(fc.string()),
    wakeAt: fc.option(small(50)),
    queuePut: some(row, (item) => item.id),
    queueDelete: some(small(8), (item) => item),
    schedulePut: some(schedule, (item) => item.id),
    scheduleDelete: some(id, (item) => item),
    connectionPut: some(fc.record({ id, data: fc.string() }), (item) => item.id),
    connectionDelete: some(id, (item) => item),
    kvPut: some(fc.record({ key, value: key }), (pair) => pair.key.join()),
    kvDelete: some(key, (item) => item.join()),
    replayPut: some(
      fc.record({ id, status: fc.constantFrom("done" as const, "failed" as const), keepUntil: small(9) }),
      (item) => item.id,
    ),
    replayDelete: some(id, (item) => item),
    durability: fc.constantFrom("durable" as const, "durable" as const, "relaxed" as const),
  },
  { requiredKeys: ["actor", "mode", "meta"] },
);
/** Most sets delete other rows than they write; the others are refused whole. */
const write = fc.tuple(drawn, fc.integer({ min: 0, max: 9 })).map(([set, dice]) => (dice === 0 ? set : disjoint(set)));

function disjoint(set: WriteSet): WriteSet {
  const without = <T>(deleted: readonly T[] | undefined, put: readonly T[] | undefined): readonly T[] | undefined =>
    deleted?.filter((item) => put?.some((other) => String(other) === String(item)) !== true);
  const drop: { -readonly [Key in keyof WriteSet]?: WriteSet[Key] | undefined } = {
    queueDelete: without(
      set.queueDelete,
      set.queuePut?.map((item) => item.id),
    ),
    scheduleDelete: without(
      set.scheduleDelete,
      set.schedulePut?.map((item) => item.id),
    ),
    connectionDelete: without(
      set.connectionDelete,
      set.connectionPut?.map((item) => item.id),
    ),
    kvDelete: without(
      set.kvDelete,
      set.kvPut?.map((item) => item.key),
    ),
    replayDelete: without(
      set.replayDelete,
      set.replayPut?.map((item) => item.id),
    ),
  };
  return { ...set, ...drop } as WriteSet; // Undefined parts are absent parts to a store.
}

type Step = { readonly write: WriteSet } | { readonly prune: ActorRef; readonly before: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 9, arbitrary: fc.record({ write }) },
  { weight: 1, arbitrary: fc.record({ prune: actor, before: small(9) }) },
);

/** Steps handed over together; the next batch starts when all of this one are answered. */
async function carryOut(store: ActorStore, batch: readonly Step[]): Promise<readonly string[]> {
  const results = await Promise.allSettled(
    batch.map((one) => ("write" in one ? store.commit(one.write) : store.replayPrune(one.prune, one.before))),
  );
  return results.map((result) => (result.status === "fulfilled" ? "ok" : (result.reason as { code: string }).code));
}

async function picture(store: ActorStore): Promise<unknown> {
  const actors: unknown[] = [];
  for (const name of ["cart", "room"]) {
    for (const ref of await store.list(name, null, 99)) {
      const { schedules, connections, ...rest } = (await store.load(ref)) ?? { schedules: [], connections: [] };
      const page = { queue: null, afterId: 0, limit: 99 };
      actors.push({
        ref,
        ...rest,
        schedules: [...schedules].sort((a, b) => (a.id < b.id ? -1 : 1)),
        connections: [...connections].sort((a, b) => (a.id < b.id ? -1 : 1)),
        ready: await store.readQueue(ref, { ...page, status: "ready" }),
        dead: await store.readQueue(ref, { ...page, status: "dead" }),
        keys: await Promise.all(["a", "b", "c"].map((text) => store.findQueueKey(ref, "jobs", text))),
        kv: (await store.kvList(ref, {})).map((pair) => [...pair.key, -1, ...pair.value]),
        replay: await Promise.all(["a", "b", "c"].map((text) => store.replayGet(ref, text))),
        replayCount: await store.replayCount(ref),
      });
    }
  }
  return { actors, due: await store.due(30, 99), next: await store.nextDue(10) };
}

/** Relaxed updates answer before they can fail; whether they were carried out shows in the picture. */
function comparable(batch: readonly Step[], codes: readonly string[]): readonly string[] {
  return codes.map((code, at) => {
    const one = batch[at];
    return one !== undefined && "write" in one && one.write.durability === "relaxed" ? "relaxed" : code;
  });
}

test("the durable store and the one in memory agree on every history", async () => {
  const store = await SqliteStore.open({ directory: temporaryDirectory(), checkpointPages: 20 });
  const runs = Number(process.env["FUZZ_RUNS"] ?? 40);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { maxLength: 12 }), async (batches) => {
      const model = new MemoryStore();
      for (const name of ["cart", "room"]) {
        for (const ref of await store.list(name, null, 99)) await store.commit({ actor: ref, mode: "destroy" });
      }
      for (const batch of batches) {
        const [real, expected] = [await carryOut(store, batch), await carryOut(model, batch)];
        expect(comparable(batch, real)).toEqual(comparable(batch, expected));
        expect(await picture(store)).toEqual(await picture(model));
      }
    }),
    { numRuns: runs },
  );
  await store.close();
});
