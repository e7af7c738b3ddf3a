/** Random changes through views, stages and resets, against a plain model cloned with structuredClone. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { decode, encode } from "../protocol/json.ts";
import { StateCell, StateError, untracked } from "./state.ts";

interface Tree {
  bag: Record<string, unknown>;
  list: unknown[];
  map: Map<string, unknown>;
  set: Set<unknown>;
  at: Date;
  bytes: Uint8Array;
}

type Op = { readonly name: string; readonly path: readonly number[]; readonly key: number; readonly value: unknown };

const plant = (): Tree => ({
  bag: { k0: { bag: {}, list: [1] } },
  list: [[1, 2], { k1: 1 }],
  map: new Map<string, unknown>([["k0", { k0: new Map() }]]),
  set: new Set<unknown>([1]),
  at: new Date(0),
  bytes: new Uint8Array(4),
});

const leaf = fc.oneof(
  fc.integer(),
  fc.string({ maxLength: 4 }),
  fc.constant(null),
  fc.boolean(),
  fc.bigInt({ min: -9n, max: 9n }),
);
const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    leaf,
    fc.dictionary(fc.constantFrom("k0", "k1", "k2"), tie("value"), { maxKeys: 3, noNullPrototype: true }),
    fc.array(tie("value"), { maxLength: 3 }),
    fc
      .array(fc.tuple(fc.constantFrom("k0", "k1", "k2"), tie("value")), { maxLength: 3 })
      .map((pairs) => new Map(pairs)),
    fc.array(leaf, { maxLength: 3 }).map((members) => new Set(members)),
  ),
})).value;

const NAMES = [
  "put",
  "drop",
  "push",
  "pop",
  "shift",
  "splice",
  "reverse",
  "sort",
  "length",
  "add",
  "clear",
  "time",
  "byte",
  "move",
  "swap",
];
const op: fc.Arbitrary<Op> = fc.record({
  name: fc.constantFrom(...NAMES),
  path: fc.array(fc.nat(5), { maxLength: 4 }),
  key: fc.nat(3),
  value,
});

const isContainer = (one: unknown): one is object =>
  typeof one === "object" && one !== null && !(one instanceof Date) && !(one instanceof Uint8Array);

/** Children in an order that view and model agree on. */
function childrenOf(container: object): unknown[] {
  if (container instanceof Map) return [...container.values()];
  if (container instanceof Set) return [...container];
  return Object.values(container);
}

function walkTo(tree: Tree, path: readonly number[]): object {
  let at: object = tree;
  for (const step of path) {
    const inner = childrenOf(at).filter(isContainer);
    if (inner.length === 0) return at;
    at = inner[step % inner.length]!;
  }
  return at;
}

const shown = (one: unknown): string => (isContainer(one) ? "~" : String(one));

/** One change, the same code for a view and for the model. The six roots stay, so that every kind is always there. */
function run(tree: Tree, { name, path, key, value: raw }: Op): void {
  const at = walkTo(tree, path);
  if (name === "time") tree.at.setTime(key * 1000);
  else if (name === "byte") tree.bytes[key] = key * 60;
  else if (name === "swap") tree.list.splice(0, 2, tree.list[1], tree.list[0]);
  else if (name === "move" && at !== tree) change(at, "put", key, tree.list.at(-1));
  else if (at !== tree) change(at, name, key, structuredClone(raw));
}

function change(at: object, name: string, key: number, given: unknown): void {
  const slot = `k${key}`;
  if (Array.isArray(at)) changeList(at, name, key, given);
  else if (at instanceof Map) changeMap(at, name, slot, given);
  else if (at instanceof Set) changeSet(at, name, key, given);
  else changeBag(at as Record<string, unknown>, name, slot, given);
}

function changeList(list: unknown[], name: string, key: number, given: unknown): void {
  if (name === "put") list[Math.min(key, list.length)] = given;
  if (name === "push" || name === "add") list.push(given, key);
  if (name === "pop") list.pop();
  if (name === "shift") list.shift();
  if (name === "splice") list.splice(key, 1, given);
  if (name === "reverse") list.reverse();
  if (name === "sort") list.sort((a, b) => (shown(a) < shown(b) ? -1 : 1));
  if (name === "length" || name === "clear") list.length = Math.min(key, list.length);
}

function changeMap(map: Map<string, unknown>, name: string, slot: string, given: unknown): void {
  if (name === "put" || name === "add") map.set(slot, given);
  if (name === "drop" || name === "pop") map.delete(slot);
  if (name === "clear") map.clear();
}

function changeSet(set: Set<unknown>, name: string, key: number, given: unknown): void {
  if (name === "put" || name === "add") set.add(isContainer(given) ? key : given);
  if (name === "drop" || name === "pop") set.delete([...set][key]);
  if (name === "clear") set.clear();
}

function changeBag(bag: Record<string, unknown>, name: string, slot: string, given: unknown): void {
  if (name === "put" || name === "add" || name === "push") bag[slot] = given;
  if (name === "drop" || name === "pop") delete bag[slot];
}

/** Does the change on both, which must agree on whether it is refused (a cycle, or too large by doubling; both made by `move`). */
function runBoth(view: Tree, model: Tree, one: Op): void {
  const before = structuredClone(model);
  let refused: unknown = null;
  try {
    run(view, one);
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    refused = error;
  }
  if (refused === null) run(model, one);
  else Object.assign(model, before);
}

const rounds = fc.array(
  fc.record({ kind: fc.constantFrom("live", "commit", "rollback", "reset"), ops: fc.array(op, { maxLength: 12 }) }),
  { maxLength: 8 },
);

test("any sequence of live changes, stages and resets leaves what plain JavaScript would hold", () => {
  const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
  console.log(`state property seed ${seed}`);
  const property = fc.property(rounds, (sequence) => {
    const cell = new StateCell<Tree>(plant(), { maxSize: 200_000 });
    let model = plant();
    for (const { kind, ops } of sequence) {
      const text = cell.encode();
      const next = structuredClone(model);
      const stage = kind === "live" || kind === "reset" ? null : cell.stage();
      for (const one of ops) runBoth(stage === null ? cell.value : stage.value, next, one);
      if (stage !== null) expect(cell.encode()).toBe(text);
      if (stage !== null) expect(encode(untracked(stage.value))).toBe(encode(next));
      if (kind === "commit") stage!.commit();
      if (kind === "rollback") stage!.rollback();
      if (kind === "reset") {
        cell.reset({ text });
        // Shared references become copies on their way through the text.
        model = decode(encode(model)) as Tree;
      }
      if (kind === "live" || kind === "commit") model = next;
      expect(cell.dirty || cell.encode() === text).toBe(true);
      expect(cell.encode()).toBe(encode(model));
      expect(decode(cell.encode())).toEqual(cell.raw);
    }
  });
  fc.assert(property, { seed, numRuns: Number(process.env["RUNS"] ?? 400) });
});

test("a stage and live changes interleaved: commit merges both or conflicts and leaves the live ones", () => {
  const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
  console.log(`state interleaving seed ${seed}`);
  const steps = fc.array(fc.record({ staged: fc.boolean(), op }), { maxLength: 10 });
  let conflicts = 0;
  let merged = 0;
  const property = fc.property(steps, (sequence) => {
    const cell = new StateCell<Tree>(plant());
    const stage = cell.stage();
    const liveOnly = plant();
    for (const { staged, op: one } of sequence) {
      if (staged) runBoth(stage.value, plant(), one);
      else runBoth(cell.value, liveOnly, one);
    }
    const seen = (): string | null => {
      try {
        return encode(untracked(stage.value));
      } catch {
        return null;
      }
    };
    const expected = seen();
    expect(cell.encode()).toBe(encode(liveOnly));
    try {
      stage.commit();
      merged += 1;
      // What the stage showed last is what it leaves, but for the order of members that both sides added.
      if (expected !== null) expect(decode(cell.encode())).toEqual(decode(expected));
    } catch (error) {
      expect(error).toMatchObject({ code: "conflict" });
      conflicts += 1;
      expect(cell.encode()).toBe(encode(liveOnly));
    }
  });
  fc.assert(property, { seed, numRuns: Number(process.env["RUNS"] ?? 400) });
  expect(conflicts).toBeGreaterThan(0);
  expect(merged).toBeGreaterThan(0);
});
