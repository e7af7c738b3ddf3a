import fc from "fast-check";
import { expect, test } from "vitest";
import { REF, Rig } from "../../tests/support/actor-rig.ts";
import { Refusal } from "../boundary/errors.ts";
import { MAX_BATCH_SIZE, MAX_KEY, MAX_LIST, MAX_VALUE } from "./kv/pairs.ts";
import { ActorKv } from "./kv.ts";

async function open(): Promise<{ rig: Rig<{ n: number }>; kv: ActorKv }> {
  const rig = await Rig.open({ n: 0 });
  return { rig, kv: new ActorKv({ ref: REF, store: rig.store, outbox: rig.outbox }) };
}

const codeOf = async (run: Promise<unknown>): Promise<string> => {
  try {
    await run;
  } catch (error) {
    return error instanceof Refusal ? `${error.group}/${error.code}` : `${(error as Error).name}`;
  }
  return "did not throw";
};

test("text and bytes come back as they are asked for, as copies", async () => {
  const { kv } = await open();
  const bytes = new Uint8Array([1, 2, 255]);
  await kv.put("text", "grüße");
  await kv.put(new Uint8Array([0, 255]), bytes);
  await kv.put("buffer", bytes.buffer);
  bytes[0] = 9;
  expect(await kv.get("text")).toBe("grüße");
  expect(await kv.get("absent")).toBeNull();
  expect(await kv.get(new Uint8Array([0, 255]), { type: "binary" })).toEqual(new Uint8Array([1, 2, 255]));
  expect(new Uint8Array((await kv.get("buffer", { type: "arrayBuffer" }))!)).toEqual(new Uint8Array([1, 2, 255]));
  expect(await kv.getBatch(["text", "absent"])).toEqual(["grüße", null]);
});

test("a wrong type is a TypeError and stores nothing", async () => {
  const { kv, rig } = await open();
  expect(await codeOf(kv.put("k", 5 as never))).toBe("TypeError");
  expect(await codeOf(kv.put("k", "text", { type: "binary" }))).toBe("TypeError");
  expect(await codeOf(kv.put(5 as never, "v"))).toBe("TypeError");
  expect(await codeOf(kv.put("\ud800", "v"))).toBe("TypeError");
  expect(
    await codeOf(
      kv.putBatch([
        ["a", "1"],
        ["b", {} as never],
      ]),
    ),
  ).toBe("TypeError");
  expect([rig.outbox.hasStaged, await kv.get("a")]).toEqual([false, null]);
});

test("a read sees staged writes, and a write is durable with the state changed in the same turn", async () => {
  const { kv, rig } = await open();
  await kv.put("k", "old");
  await rig.outbox.durable();
  rig.late.isPrompt = false;
  rig.state.n = 1;
  void kv.put("k", "new");
  void kv.delete("gone");
  expect(await kv.get("k")).toBe("new");
  expect(rig.late.inner.load(REF)?.state).toBe('{"n":0}');
  rig.late.isPrompt = true;
  while (rig.late.queued > 0) rig.late.applyNext();
  const stored = rig.late.inner.kvGet(REF, [new TextEncoder().encode("k")])[0]!;
  expect([rig.late.inner.load(REF)?.state, new TextDecoder().decode(stored)]).toEqual(['{"n":1}', "new"]);
});

test("lists are in byte order, with whole keys, limited and reversed as asked", async () => {
  const { kv } = await open();
  for (const key of ["b/2", "b/10", "a", "b/1", "c"]) await kv.put(key, key.toUpperCase());
  expect(await kv.list("b/")).toEqual([
    ["b/1", "B/1"],
    ["b/10", "B/10"],
    ["b/2", "B/2"],
  ]);
  expect(await kv.list("b/", { limit: 1, reverse: true })).toEqual([["b/2", "B/2"]]);
  expect((await kv.list("", { keyType: "binary", limit: 1 }))[0]![0]).toEqual(new Uint8Array([97]));
  expect((await kv.listRange("a", "b/10")).map(([key]) => key)).toEqual(["a", "b/1"]);
  await kv.deleteRange("b", "c");
  expect((await kv.list("")).map(([key]) => key)).toEqual(["a", "c"]);
});

test("each limit refuses with its code and writes nothing", async () => {
  const { kv, rig } = await open();
  const key = "k".repeat(MAX_KEY);
  await kv.put(key, "fits");
  await kv.put("v", "x".repeat(MAX_VALUE));
  await rig.outbox.durable();
  expect(await codeOf(kv.put(`${key}k`, ""))).toBe("kv/key_too_large");
  expect(await codeOf(kv.get("é".repeat(MAX_KEY / 2 + 1)))).toBe("kv/key_too_large");
  expect(await codeOf(kv.put("v", "x".repeat(MAX_VALUE + 1)))).toBe("kv/value_too_large");
  const many = Array.from({ length: 129 }, (_, index) => `k${index}`);
  expect(await codeOf(kv.getBatch(many))).toBe("kv/batch_too_many");
  expect(await codeOf(kv.deleteBatch(many))).toBe("kv/batch_too_many");
  expect(await codeOf(kv.putBatch(many.map((one) => [one, ""] as const)))).toBe("kv/batch_too_many");
  const heavy = Array.from({ length: 8 }, (_, index) => [`k${index}`, "x".repeat(MAX_BATCH_SIZE / 8)] as const);
  expect(await codeOf(kv.putBatch(heavy))).toBe("kv/batch_too_large");
  expect(rig.outbox.hasStaged).toBe(false);
});

test("more pairs than a list may have are an error unless a limit is given", async () => {
  const { kv, rig } = await open();
  for (let at = 0; at <= MAX_LIST; at += 128) {
    await kv.putBatch(
      Array.from({ length: Math.min(128, MAX_LIST + 1 - at) }, (_, index) => [`k${at + index}`, ""] as const),
    );
  }
  await rig.outbox.durable();
  expect(await codeOf(kv.list("k"))).toBe("kv/list_too_large");
  expect(await codeOf(kv.deleteRange("k", "l"))).toBe("kv/list_too_large");
  expect((await kv.list("k", { limit: 3 })).length).toBe(3);
  await kv.delete("k0");
  expect((await kv.list("k")).length).toBe(MAX_LIST);
  await kv.deleteRange("k", "l");
  expect(await kv.list("k")).toEqual([]);
});

test("a list of too many bytes is refused", async () => {
  const { kv, rig } = await open();
  const value = new Uint8Array(MAX_VALUE);
  for (let at = 0; at < 512; at += 7) {
    await kv.putBatch(Array.from({ length: 7 }, (_, index) => [`k${at + index}`, value] as const));
  }
  expect(await codeOf(kv.list("k"))).toBe("kv/list_too_large");
  await rig.outbox.durable();
  expect(await codeOf(kv.list("k"))).toBe("kv/list_too_large");
  expect((await kv.list("k", { limit: 2, type: "binary" })).length).toBe(2);
});

test("any mix of writes, reads and commits answers like a sorted map", async () => {
  const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
  console.log(`kv property seed ${seed}`);
  const key = fc.array(fc.constantFrom(0, 1, 97, 98, 255), { maxLength: 3 }).map((bytes) => new Uint8Array(bytes));
  const step = fc.oneof(
    fc.record({ do: fc.constant("put" as const), key, other: key, value: fc.string({ maxLength: 3 }) }),
    fc.record({ do: fc.constant("delete" as const), key, other: key, value: fc.constant("") }),
    fc.record({ do: fc.constant("deleteRange" as const), key, other: key, value: fc.constant("") }),
    fc.record({ do: fc.constantFrom("get", "list", "range", "commit"), key, other: key, value: fc.constant("") }),
  );
  const limits = fc.record({ limit: fc.option(fc.nat(4), { nil: undefined }), reverse: fc.boolean() });
  const property = fc.asyncProperty(fc.array(fc.tuple(step, limits), { maxLength: 30 }), async (steps) => {
    const { kv, rig } = await open();
    rig.late.isPrompt = false;
    const model = new Map<string, string>();
    const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
    for (const [{ do: what, key: at, other, value }, options] of steps) {
      const expected = (accepts: (name: string) => boolean): [string, string][] => {
        const pairs = [...model].filter(([name]) => accepts(name)).sort(([a], [b]) => (a < b ? -1 : 1));
        return (options.reverse ? pairs.reverse() : pairs).slice(0, options.limit ?? pairs.length);
      };
      const shown = (pairs: [Uint8Array, string][]): [string, string][] =>
        pairs.map(([name, one]) => [text(name), one]);
      const inRange = (name: string): boolean => name >= text(at) && name < text(other);
      const given = {
        keyType: "binary",
        reverse: options.reverse,
        ...(options.limit === undefined ? {} : { limit: options.limit }),
      } as const;
      if (what === "put") {
        model.set(text(at), value);
        await kv.put(at, value);
      } else if (what === "delete") {
        model.delete(text(at));
        await kv.delete(at);
      } else if (what === "deleteRange") {
        for (const name of [...model.keys()]) if (inRange(name)) model.delete(name);
        await kv.deleteRange(at, other);
      } else if (what === "get") expect(await kv.get(at)).toBe(model.get(text(at)) ?? null);
      else if (what === "list") {
        expect(shown(await kv.list(at, given))).toEqual(expected((name) => name.startsWith(text(at))));
      } else if (what === "range") expect(shown(await kv.listRange(at, other, given))).toEqual(expected(inRange));
      else rig.late.applyNext();
    }
  });
  await fc.assert(property, { seed, numRuns: Number(process.env["RUNS"] ?? 200) });
});
