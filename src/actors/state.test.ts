import { expect, test } from "vitest";
import { z } from "zod";
import { decode } from "../protocol/json.ts";
import { migrateState, refusalOf, StateCell, type StateCellOptions, StateError, untracked } from "./state.ts";

interface Item {
  name: string;
  tags?: string[];
}

const sample = () => ({
  count: 0,
  items: [{ name: "a" }, { name: "b" }] as Item[],
  byId: new Map<string, Item>([["x", { name: "x" }]]),
  seen: new Set<unknown>(["one"]),
  at: new Date(1000),
  bytes: new Uint8Array([1, 2, 3]),
  nested: { deep: { value: 1 } },
});

function cellOf<S>(state: S, options: StateCellOptions = {}): StateCell<S> {
  return new StateCell(state, options);
}

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return error instanceof StateError ? `${error.code} ${error.path}` : String(error);
  }
  return "did not throw";
};

test("views keep their identity", () => {
  const state = cellOf(sample()).value;
  expect(state.nested).toBe(state.nested);
  expect(state.items[0]).toBe(state.items[0]);
  expect(state.byId.get("x")).toBe([...state.byId.values()][0]);
  expect(state.items.find((item) => item.name === "b")).toBe(state.items[1]);
  expect(state.items.indexOf(state.items[1]!)).toBe(1);
});

const CHANGES: Record<string, (state: ReturnType<typeof sample>) => void> = {
  "a member": (state) => {
    state.count = 1;
  },
  "a nested member": (state) => {
    state.nested.deep.value = 2;
  },
  "a deleted member": (state) => {
    delete (state.nested as { deep?: unknown }).deep;
  },
  "an element's member": (state) => {
    state.items[1]!.name = "z";
  },
  push: (state) => void state.items.push({ name: "c" }),
  pop: (state) => void state.items.pop(),
  shift: (state) => void state.items.shift(),
  unshift: (state) => void state.items.unshift({ name: "0" }),
  splice: (state) => void state.items.splice(0, 1, { name: "s" }, { name: "t" }),
  sort: (state) => void state.items.sort((a, b) => b.name.localeCompare(a.name)),
  reverse: (state) => void state.items.reverse(),
  fill: (state) => void state.items.fill({ name: "f" }),
  copyWithin: (state) => void state.items.copyWithin(0, 1),
  "array length": (state) => {
    state.items.length = 1;
  },
  "map set": (state) => void state.byId.set("y", { name: "y" }),
  "map delete": (state) => void state.byId.delete("x"),
  "map clear": (state) => state.byId.clear(),
  "a map value's member": (state) => {
    state.byId.get("x")!.name = "z";
  },
  "a map value reached by iteration": (state) => {
    for (const [, item] of state.byId) item.name = "iterated";
  },
  "a map value reached by forEach": (state) => {
    state.byId.forEach((item) => {
      item.name = "visited";
    });
  },
  "set add": (state) => void state.seen.add("two"),
  "set delete": (state) => void state.seen.delete("one"),
  "set clear": (state) => state.seen.clear(),
  "date setter": (state) => void state.at.setUTCFullYear(2030),
  "a byte": (state) => {
    state.bytes[0] = 9;
  },
  "bytes set": (state) => state.bytes.set([7, 8], 1),
  "bytes fill": (state) => void state.bytes.fill(5),
  "bytes through a subarray": (state) => {
    state.bytes.subarray(1)[0] = 42;
  },
};

for (const [name, change] of Object.entries(CHANGES)) {
  test(`sees ${name}, once, and stores what plain JavaScript would hold`, () => {
    let dirtied = 0;
    let changes = 0;
    const cell = cellOf(sample(), { onDirty: () => dirtied++, onChange: () => changes++ });
    change(cell.value);
    expect([cell.dirty, dirtied, changes]).toEqual([true, 1, 1]);
    const model = sample();
    change(model);
    expect(decode(cell.encode())).toEqual(model);
    expect(cell.dirty).toBe(false);
  });
}

test("reading, and writing what is there already, leave the state clean", () => {
  const cell = cellOf(sample());
  const state = cell.value;
  JSON.stringify(state);
  state.items.map((item) => item.name);
  state.count = 0;
  state.items[0] = state.items[0]!;
  state.byId.set("x", state.byId.get("x")!);
  state.seen.add("one");
  state.bytes[0] = 1;
  state.at.setTime(1000);
  state.byId.delete("absent");
  delete (state as { absent?: unknown }).absent;
  expect(cell.dirty).toBe(false);
});

test("looks like the plain value to ordinary code", () => {
  const state = cellOf(sample()).value;
  expect(Array.isArray(state.items)).toBe(true);
  expect(state.byId).toBeInstanceOf(Map);
  expect(Object.keys(state)).toEqual(Object.keys(sample()));
  expect({ ...state.nested.deep }).toEqual({ value: 1 });
  expect(JSON.stringify(state.items)).toBe('[{"name":"a"},{"name":"b"}]');
  expect([...state.items].length).toBe(2);
  expect(new Date(state.at).getTime()).toBe(1000);
  expect(new Date(new Date(1234).getTime()).getTime()).toBe(1234);
  expect(+state.at).toBe(1000);
  expect(state.at < new Date(2000)).toBe(true);
  expect([...state.bytes.slice()]).toEqual([1, 2, 3]);
  expect(new TextDecoder().decode(new Uint8Array([104, 105]))).toBe("hi");
  expect("count" in state).toBe(true);
  expect(state.items.concat([{ name: "c" }]).length).toBe(3);
  const algebra = state.seen as unknown as { union(other: Set<unknown>): Set<unknown> };
  expect([...algebra.union(new Set(["two"]))]).toEqual(["one", "two"]);
});

test("new Date(view) keeps the milliseconds", () => {
  const state = cellOf({ at: new Date(1_234_567) }).value;
  expect(new Date(state.at).getTime()).toBe(1_234_567);
});

test("stores the container a view stands for, also inside other values", () => {
  const cell = cellOf<Record<string, unknown>>(sample() as never);
  const state = cell.value as ReturnType<typeof sample> & Record<string, unknown>;
  state.items = state.items.filter((item) => item.name === "a");
  state["again"] = { list: [state.items[0]], map: new Map([["k", state.items[0]]]), set: new Set([state.items[0]]) };
  expect(decode(cell.encode())).toMatchObject({
    items: [{ name: "a" }],
    again: { list: [{ name: "a" }], map: new Map([["k", { name: "a" }]]), set: new Set([{ name: "a" }]) },
  });
  const again = state["again"] as { list: Item[]; set: Set<Item> };
  expect(again.list[0]).toBe(state.items[0]);
  expect(again.set.has(state.items[0]!)).toBe(true);
  again.list[0]!.name = "both";
  expect(state.items[0]!.name).toBe("both");
});

test("adopts objects: a change through the handler's own reference is stored with the invocation", () => {
  const cell = cellOf({ players: {} as Record<string, { x: number }> });
  const player = { x: 0 };
  cell.value.players["p"] = player;
  player.x = 5;
  expect(cell.value.players["p"].x).toBe(5);
  expect(decode(cell.encode())).toEqual({ players: { p: { x: 5 } } });
});

test("a frozen object is copied, so that it can be tracked", () => {
  const cell = cellOf({ config: {} as { list?: readonly { n: number }[] } });
  cell.value.config = Object.freeze({ list: Object.freeze([Object.freeze({ n: 1 })]) });
  (cell.value.config.list![0] as { n: number }).n = 2;
  expect(decode(cell.encode())).toEqual({ config: { list: [{ n: 2 }] } });
});

class Robot {
  name = "r";
}
const cyclic: { self?: unknown } = {};
cyclic.self = cyclic;
const withAccessor = Object.defineProperty({}, "late", { get: () => 1, enumerable: true });
const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);

const BAD: Record<string, [value: unknown, path: string]> = {
  "a function": [{ run: () => 1 }, "state.slot.run"],
  "a symbol": [[Symbol("s")], "state.slot[0]"],
  NaN: [{ list: [1, Number.NaN] }, "state.slot.list[1]"],
  Infinity: [Number.POSITIVE_INFINITY, "state.slot"],
  "a class instance": [new Map([["r", new Robot()]]), 'state.slot.get("r")'],
  "a cycle": [cyclic, "state.slot.self"],
  "a value too deep": [deep(600), `state.slot${"[0]".repeat(511)}`],
  "an invalid date": [{ at: new Date(Number.NaN) }, "state.slot.at"],
  "an accessor": [withAccessor, "state.slot.late"],
  "a promise": [Promise.resolve(1), "state.slot"],
  "a symbol key": [{ [Symbol("k")]: 1 }, "state.slot"],
  "a subclass of Map": [new (class extends Map {})(), "state.slot"],
  "a bigint of too many digits": [10n ** 4096n, "state.slot"],
  "a regular expression": [/x/, "state.slot"],
};

for (const [name, [value, path]] of Object.entries(BAD)) {
  test(`refuses ${name} at its assignment, which does not happen`, () => {
    const cell = cellOf<{ slot: unknown; list: unknown[]; map: Map<string, unknown>; set: Set<unknown> }>({
      slot: "before",
      list: [],
      map: new Map(),
      set: new Set(),
    });
    expect(
      codeOf(() => {
        cell.value.slot = value;
      }),
    ).toBe(`invalid_type ${path}`);
    expect(codeOf(() => cell.value.list.push("fine", value))).toMatch(/^invalid_type state\.list\[1\]/);
    expect(codeOf(() => cell.value.map.set("k", value))).toMatch(/^invalid_type state\.map\.get\("k"\)/);
    expect(codeOf(() => cell.value.set.add(value))).toMatch(/^invalid_type state\.set/);
    expect(codeOf(() => Object.assign(cell.value, { slot: value }))).toBe(`invalid_type ${path}`);
    expect(cell.dirty).toBe(false);
    expect(decode(cell.encode())).toEqual({ slot: "before", list: [], map: new Map(), set: new Set() });
  });
}

test("refuses to close a cycle through the state itself", () => {
  const cell = cellOf({ a: { b: { c: null as unknown } } });
  expect(
    codeOf(() => {
      cell.value.a.b.c = cell.value.a;
    }),
  ).toBe("invalid_type state.a.b.c.b");
  expect(
    codeOf(() => {
      cell.value.a.b.c = { list: [cell.value] };
    }),
  ).toBe("invalid_type state.a.b.c.list[0].a.b");
  expect(cell.dirty).toBe(false);
});

test("depth counts from the root, not from the assigned value", () => {
  const cell = cellOf<{ next: unknown }>({ next: null });
  const grow = (): void => {
    let at = cell.value as { next: unknown };
    for (let level = 0; level < 600; level++) {
      at.next = { next: null };
      at = at.next as { next: unknown };
    }
  };
  expect(codeOf(grow)).toMatch(/^invalid_type state\.next/);
  expect(() => cell.encode()).not.toThrow();
});

test("a setter that would make a date invalid is refused", () => {
  const cell = cellOf({ at: new Date(1000) });
  expect(codeOf(() => cell.value.at.setTime(Number.NaN))).toBe("invalid_type state.at");
  expect(cell.raw.at.getTime()).toBe(1000);
});

test("the key __proto__ is data and reaches no prototype", () => {
  const cell = cellOf<Record<string, unknown>>({});
  const key = ["__proto__"].join();
  const polluted = cell.value[key];
  expect(polluted).toBeUndefined();
  cell.value[key] = { admin: true };
  expect(({} as { admin?: boolean }).admin).toBeUndefined();
  expect(Object.getPrototypeOf(cell.raw)).toBe(Object.prototype);
  expect(cell.encode()).toBe('{"__proto__":{"admin":true}}');
});

test("properties that cannot be stored are refused", () => {
  const cell = cellOf(sample());
  expect(codeOf(() => Object.assign(cell.value.items, { extra: 1 }))).toBe("invalid_type state.items");
  expect(codeOf(() => Object.assign(cell.value.byId, { extra: 1 }))).toBe("invalid_type state.byId");
  expect(codeOf(() => Object.defineProperty(cell.value, "x", { get: () => 1 }))).toBe("invalid_type state");
  expect(() => Object.freeze(cell.value.nested)).toThrow(TypeError);
  expect(() => Object.setPrototypeOf(cell.value, null)).toThrow(TypeError);
  expect(cell.dirty).toBe(false);
});

test("the size limit refuses the assignment that would pass it, and no other", () => {
  const cell = cellOf({ list: [] as string[], note: "" }, { maxSize: 10_000 });
  const block = "x".repeat(1000);
  let stored = 0;
  const fill = (): void => {
    for (;;) {
      cell.value.list.push(block);
      stored += 1;
    }
  };
  expect(codeOf(fill)).toMatch(/^too_large state\.list/);
  expect(cell.raw.list.length).toBe(stored);
  expect(stored).toBe(9);
  cell.value.note = "still works";
  cell.value.list.length = 0;
  cell.value.list.push(block);
  expect(cell.encode().length).toBeLessThan(10_000);
});

test("overwriting one member without end does not use up the size", () => {
  const cell = cellOf({ note: "" }, { maxSize: 2000 });
  for (let round = 0; round < 500; round++) cell.value.note = `${round}`.padEnd(300, "é");
  expect(cell.raw.note.startsWith("499")).toBe(true);
});

test("a value that multiplies through shared references is refused before it is walked to the end", () => {
  const cell = cellOf<{ bomb: unknown }>({ bomb: null }, { maxSize: 100_000 });
  let bomb: unknown = ["x"];
  for (let level = 0; level < 60; level++) bomb = [bomb, bomb];
  expect(
    codeOf(() => {
      cell.value.bomb = bomb;
    }),
  ).toBe("too_large state.bomb");
});

test("a sparse array cannot grow past the limit at once", () => {
  const cell = cellOf({ list: [1] as number[] }, { maxSize: 10_000 });
  expect(
    codeOf(() => {
      cell.value.list[4_000_000_000] = 1;
    }),
  ).toMatch(/^too_large/);
  expect(
    codeOf(() => {
      cell.value.list.length = 4_000_000_000;
    }),
  ).toMatch(/^too_large/);
  expect(cell.raw.list).toEqual([1]);
});

test("what was broken behind the state's back fails the encoding, by path", () => {
  const cell = cellOf({ items: [] as unknown[] });
  const item: Record<string, unknown> = {};
  cell.value.items.push(item);
  item["run"] = () => 1;
  expect(codeOf(() => cell.encode())).toBe("invalid_type state.items[0].run");
});

test("onChange sees each change with the raw state, and not its own", () => {
  const seen: number[] = [];
  const cell: StateCell<{ count: number; log: number }> = cellOf(
    { count: 0, log: 0 },
    {
      onChange: (state) => {
        seen.push((state as { count: number }).count);
        cell.value.log += 1;
      },
    },
  );
  cell.value.count += 1;
  cell.value.count += 1;
  cell.value.count += 1;
  expect(seen).toEqual([1, 2, 3]);
  expect(cell.raw.log).toBe(3);
});

test("after a reset old views no longer write", () => {
  const cell = cellOf(sample());
  const text = cell.encode();
  const { items } = cell.value;
  cell.value.count = 7;
  cell.reset({ text });
  expect(cell.value.count).toBe(0);
  expect(codeOf(() => items.push({ name: "late" }))).toMatch(/^ended/);
  expect(codeOf(() => items.pop())).toMatch(/^ended/);
  expect(items.length).toBe(2);
  expect(cell.dirty).toBe(false);
  cell.value.items.push({ name: "c" });
  expect(cell.dirty).toBe(true);
});

test("staged changes are seen through the stage only, until they are committed", () => {
  let changes = 0;
  const cell = cellOf(sample(), { onChange: () => changes++ });
  const stage = cell.stage();
  for (const change of Object.values(CHANGES).slice(0, 3)) change(stage.value);
  stage.value.items.push({ name: "c" });
  stage.value.byId.get("x")!.name = "staged";
  expect(stage.value.items.length).toBe(3);
  expect(stage.value.byId.get("x")!.name).toBe("staged");
  expect(cell.dirty).toBe(false);
  expect(cell.raw).toEqual(sample());
  stage.commit();
  expect([cell.dirty, changes]).toEqual([true, 1]);
  expect(cell.raw.count).toBe(1);
  expect(cell.raw.items.length).toBe(3);
  expect(cell.value.byId.get("x")!.name).toBe("staged");
});

for (const [name, change] of Object.entries(CHANGES)) {
  test(`a stage can carry ${name}, and drop it`, () => {
    const model = sample();
    change(model);
    const cell = cellOf(sample());
    const dropped = cell.stage();
    change(dropped.value);
    dropped.rollback();
    expect(cell.raw).toEqual(sample());
    expect(cell.dirty).toBe(false);
    const kept = cell.stage();
    change(kept.value);
    kept.commit();
    expect(cell.raw).toEqual(model);
  });
}

test("a rolled back stage leaves the changes of others", () => {
  const cell = cellOf(sample());
  const stage = cell.stage();
  stage.value.count = 100;
  cell.value.nested.deep.value = 5;
  cell.value.items.push({ name: "c" });
  stage.rollback();
  expect(cell.raw).toEqual({ ...sample(), nested: { deep: { value: 5 } }, items: [...sample().items, { name: "c" }] });
});

test("a committed stage leaves the changes others made to other entries, and shows them meanwhile", () => {
  const cell = cellOf({ a: 1, b: 1, map: new Map([["x", 1]]), set: new Set(["s"]) });
  const stage = cell.stage();
  stage.value.a = 2;
  stage.value.map.set("mine", 1);
  stage.value.set.add("mine");
  cell.value.b = 3;
  cell.value.map.set("theirs", 2);
  cell.value.map.delete("x");
  cell.value.set.add("theirs");
  expect(stage.value.b).toBe(3);
  expect([...stage.value.map.keys()]).toEqual(["mine", "theirs"]);
  stage.commit();
  expect(cell.raw).toEqual({
    a: 2,
    b: 3,
    map: new Map([
      ["theirs", 2],
      ["mine", 1],
    ]),
    set: new Set(["s", "theirs", "mine"]),
  });
});

test("a stage whose entry another call changed meanwhile conflicts, and applies nothing", () => {
  const clashes: ((state: ReturnType<typeof sample>) => void)[] = [
    (state) => {
      state.count += 1;
    },
    (state) => void state.items.push({ name: "c" }),
    (state) => void state.byId.set("x", { name: "other" }),
    (state) => void state.seen.delete("one"),
    (state) => void state.at.setTime(5),
    (state) => void state.bytes.fill(1),
    (state) => state.byId.clear(),
  ];
  for (const clash of clashes) {
    const cell = cellOf(sample());
    const stage = cell.stage();
    stage.value.nested.deep.value = 77;
    clash(stage.value);
    clash(cell.value);
    if (cell.raw.byId.size > 0) clash(cell.value);
    const after = cell.encode();
    expect(codeOf(() => stage.commit())).toMatch(/^conflict state\./);
    expect(cell.encode()).toBe(after);
  }
});

test("of two stages that change the same entry the second to commit conflicts", () => {
  const cell = cellOf({ n: 0, other: 0 });
  const first = cell.stage();
  const second = cell.stage();
  first.value.n += 1;
  second.value.n += 1;
  second.value.other = 1;
  first.commit();
  expect(codeOf(() => second.commit())).toBe("conflict state.n");
  expect(cell.raw).toEqual({ n: 1, other: 0 });
});

test("a stage is over after its end and after a reset", () => {
  const cell = cellOf({ n: 0 });
  const done = cell.stage();
  const late = done.value;
  done.commit();
  expect(
    codeOf(() => {
      late.n = 1;
    }),
  ).toMatch(/^ended/);
  const unread = cell.stage();
  unread.rollback();
  expect(
    codeOf(() => {
      unread.value.n = 1;
    }),
  ).toMatch(/^ended/);
  const stage = cell.stage();
  stage.value.n = 5;
  cell.reset({ value: { n: 10 } });
  expect(codeOf(() => stage.commit())).toMatch(/^ended/);
  expect(cell.raw).toEqual({ n: 10 });
});

test("a stage that would pass the size limit is refused whole", () => {
  const cell = cellOf({ a: "", b: "" }, { maxSize: 5000 });
  const stage = cell.stage();
  stage.value.a = "x".repeat(3000);
  cell.value.b = "y".repeat(3000);
  expect(codeOf(() => stage.commit())).toBe("too_large state");
  expect(cell.raw.a).toBe("");
  const small = cell.stage();
  expect(
    codeOf(() => {
      small.value.a = "x".repeat(6000);
    }),
  ).toBe("too_large state.a");
});

test("untracked gives plain values, of stages with their changes", () => {
  const cell = cellOf(sample());
  const reply = untracked({ items: cell.value.items, at: cell.value.at, plain: { n: 1 } });
  expect(reply.items).toBe(cell.raw.items);
  expect(reply.at).toBe(cell.raw.at);
  const plain = { n: [1, { m: 2 }] };
  expect(untracked(plain)).toBe(plain);
  const stage = cell.stage();
  stage.value.items[0]!.name = "staged";
  expect(untracked({ items: stage.value.items, map: new Map([["k", stage.value.items[0]]]) })).toEqual({
    items: [{ name: "staged" }, { name: "b" }],
    map: new Map([["k", { name: "staged" }]]),
  });
});

test("a peer learns that state is full or contended, of faults nothing; never path or words", () => {
  for (const code of ["invalid_type", "too_large", "conflict", "ended", "invalid_shape", "newer_version"] as const) {
    const refusal = refusalOf(new StateError(code, "state.secretPlan", "words about secretPlan"));
    const isTold = code === "too_large" || code === "conflict";
    expect([refusal.outcome, refusal.group, refusal.code, refusal.reason]).toEqual([
      isTold ? code : "fault",
      isTold ? "state" : "byward",
      isTold ? code : "internal_error",
      `state.${code}`,
    ]);
    expect(refusal.message).not.toContain("secretPlan");
  }
});

test("stored state of an earlier version is brought up, step by step or asynchronously", async () => {
  const migrate = {
    version: 3,
    up: async (state: unknown, from: number) => {
      const raised = state as { count?: number; total?: number; tags?: string[] };
      if (from < 2) {
        raised.total = raised.count ?? 0;
        delete raised.count;
      }
      if (from < 3) raised.tags = [];
      return raised;
    },
  };
  expect(await migrateState('{"count":4}', 1, { migrate })).toEqual({
    state: { total: 4, tags: [] },
    version: 3,
    migrated: true,
  });
  expect(migrateState('{"total":4,"tags":["x"]}', 3, { migrate })).toEqual({
    state: { total: 4, tags: ["x"] },
    version: 3,
    migrated: false,
  });
});

test("state written by a later version, or of another shape, is refused and left alone", () => {
  expect(codeOf(() => migrateState("{}", 2, {}))).toBe("newer_version state");
  const schema = z.object({ users: z.array(z.object({ name: z.string() })), limit: z.number().default(5) });
  expect(codeOf(() => migrateState('{"users":[{"name":1}]}', 1, { schema }))).toBe("invalid_shape state.users[0].name");
  expect(migrateState('{"users":[]}', 1, { schema })).toMatchObject({ state: { users: [], limit: 5 } });
});

test("in a stage, parts of bytes and the whole are one", () => {
  const bytes = () => new StateCell({ b: new Uint8Array(8), f: new Float32Array([1, Number.NaN]) });
  const wholeFirst = bytes();
  const one = wholeFirst.stage();
  one.value.b[0] = 1;
  one.value.b.subarray(4)[0] = 9;
  one.commit();
  expect([...wholeFirst.raw.b]).toEqual([1, 0, 0, 0, 9, 0, 0, 0]);
  const partFirst = bytes();
  const two = partFirst.stage();
  const part = two.value.b.subarray(4);
  part.subarray(1)[0] = 8;
  part[0] = 9;
  two.value.b[0] = 1;
  expect([two.value.b[4], part[1], untracked(part)[0]]).toEqual([9, 8, 9]);
  expect(partFirst.raw.b[4]).toBe(0);
  two.commit();
  expect([...partFirst.raw.b]).toEqual([1, 0, 0, 0, 9, 8, 0, 0]);
  const read = bytes();
  const three = read.stage();
  expect([three.value.b.subarray(2).length, three.value.f.subarray(1)[0]]).toEqual([6, Number.NaN]);
  three.commit();
  expect(read.dirty).toBe(false);
});

test("in a stage, a loop that changes what it walks goes as on plain collections", () => {
  const make = () => ({ map: new Map(["a", "b", "c"].map((key) => [key, 1])), set: new Set(["a", "b", "c"]) });
  const walk = ({ map, set }: ReturnType<typeof make>): readonly string[] => {
    const seen: string[] = [];
    for (const [key] of map) {
      seen.push(key);
      map.delete("b");
      if (key === "a") map.set("z", 1);
    }
    for (const member of set) {
      seen.push(member);
      if (member === "a") set.delete("c");
      if (member === "b") set.add("y");
    }
    for (const key of map.keys()) seen.push(key);
    set.forEach((member) => {
      seen.push(member);
      set.delete("y");
    });
    return seen;
  };
  const plain = walk(make());
  expect(walk(cellOf(make()).value)).toEqual(plain);
  const stage = cellOf(make()).stage();
  expect(walk(stage.value)).toEqual(plain);
});

test("a stage whose container another invocation took out of the state conflicts, and nothing is lost in silence", () => {
  const cell = cellOf(sample());
  const stage = cell.stage();
  stage.value.nested.deep.value = 2;
  cell.value.nested = { deep: { value: 3 } };
  expect(codeOf(() => stage.commit())).toMatch(/^conflict /);
  expect(cell.raw.nested.deep.value).toBe(3);
  const own = cell.stage();
  const { nested } = own.value;
  nested.deep.value = 5;
  delete (own.value as { nested?: unknown }).nested;
  (own.value as { moved?: unknown }).moved = nested.deep;
  cell.value.count = 9;
  own.commit();
  expect([cell.raw.count, (cell.raw as { moved?: unknown }).moved]).toEqual([9, { value: 5 }]);
});

test("what copies or unsets elements is held to the limit", () => {
  const texts = cellOf({ list: ["x".repeat(400), 0, 0, 0] }, { maxSize: 1000 });
  texts.value.list.copyWithin(1, 0, 1);
  expect(codeOf(() => texts.value.list.copyWithin(2, 0, 2))).toMatch(/^too_large /);
  const zeros = cellOf({ list: Array.from({ length: 400 }, () => 0) }, { maxSize: 1000 });
  const unset = codeOf(() => {
    for (let at = 0; at < 400; at++) delete zeros.value.list[at];
  });
  expect(unset).toMatch(/^too_large /);
  expect(zeros.encode().length).toBeLessThanOrEqual(1000);
});

test("bytes change also where a method throws half way, and callbacks are given the view", () => {
  const cell = cellOf({ b: new Uint8Array([1, 2, 3, 4]) });
  const bad = { valueOf: (): number => JSON.parse("{") };
  expect(() => cell.value.b.set([7, bad as unknown as number])).toThrow(SyntaxError);
  expect([cell.raw.b[0], cell.dirty]).toEqual([7, true]);
  cell.encode();
  cell.value.b.forEach((_byte, at, all) => {
    all[at] = 5;
  });
  expect([[...cell.raw.b], cell.dirty]).toEqual([[5, 5, 5, 5], true]);
  expect(cell.value.b.every((_byte, _at, all) => all === cell.value.b)).toBe(true);
});

test("two invocations that put two containers into each other conflict: the state can be stored", () => {
  const cell = new StateCell<{ x: Record<string, unknown>; y: Record<string, unknown> }>({ x: {}, y: {} });
  const stage = cell.stage();
  stage.value.x["child"] = stage.value.y;
  cell.value.y["child"] = cell.value.x;
  expect(codeOf(() => stage.commit())).toMatch(/^conflict /);
  expect(decode(cell.encode())).toEqual({ x: {}, y: { child: {} } });
});
