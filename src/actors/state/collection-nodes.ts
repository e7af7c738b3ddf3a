/** Owns the tracked views of Map and Set: arguments are unwrapped, what comes out is tracked, iteration is live. */
import { ALL, Node, nodeOf, targetOf } from "./node.ts";

type Method = (...parameters: never[]) => unknown;
type Visit = (value: unknown, key: unknown, collection: unknown) => void;

function memberOf(content: object, methods: Record<PropertyKey, Method>, key: PropertyKey): unknown {
  if (key === "size") return (content as Map<unknown, unknown>).size;
  return methods[key] ?? Reflect.get(content, key, content);
}

export class MapNode extends Node<Map<unknown, unknown>> {
  get(_target: Map<unknown, unknown>, key: PropertyKey): unknown {
    return memberOf(this.content, MAP_METHODS, key);
  }

  put(key: unknown, value: unknown): void {
    const before = this.content;
    const rawKey = this.admit(key, key);
    const raw = this.admit(value, key);
    if (before.has(rawKey) && Object.is(before.get(rawKey), raw)) return;
    this.tracker.edit(this.target, rawKey).set(rawKey, raw);
    this.tracker.edited(this.target, rawKey);
  }

  *pairs(): Generator<[unknown, unknown]> {
    for (const [key, value] of walk(this)) yield [this.view(key), this.view(value)];
  }

  *part(which: 0 | 1): Generator<unknown> {
    for (const pair of walk(this)) yield this.view(pair[which]);
  }
}

export class SetNode extends Node<Set<unknown>> {
  get(_target: Set<unknown>, key: PropertyKey): unknown {
    return memberOf(this.content, SET_METHODS, key);
  }

  put(member: unknown): void {
    const raw = this.admit(member, member);
    if (this.content.has(raw)) return;
    this.tracker.edit(this.target, raw).add(raw);
    this.tracker.edited(this.target, raw);
  }

  *members(): Generator<unknown> {
    for (const [member] of walk(this)) yield this.view(member);
  }

  *pairs(): Generator<[unknown, unknown]> {
    for (const member of this.members()) yield [member, member];
  }
}

type Collection = MapNode | SetNode;

/** Entries in order. The first change of a draft moves what is walked to a copy: it is gone on with there. */
function* walk(node: Collection): Generator<[unknown, unknown]> {
  const before = node.content as Map<unknown, unknown>;
  let count = 0;
  for (const pair of before.entries()) {
    yield pair;
    count += 1;
    if (node.content !== before) break;
  }
  const now = node.content as Map<unknown, unknown>;
  if (now === before) return;
  const past = new Set<unknown>();
  for (const key of before.keys()) {
    if (past.size === count) break;
    past.add(key);
  }
  for (const pair of now.entries()) if (!past.has(pair[0])) yield pair;
}

function remove(node: Collection, key: unknown): boolean {
  const raw = targetOf(key);
  if (!node.content.has(raw)) return false;
  node.tracker.edit<Set<unknown> | Map<unknown, unknown>>(node.target, raw).delete(raw);
  node.tracker.edited(node.target, raw);
  return true;
}

function clear(node: Collection): void {
  if (node.content.size === 0) return;
  node.tracker.edit<Set<unknown> | Map<unknown, unknown>>(node.target, ALL).clear();
  node.tracker.edited(node.target, ALL);
}

/** Methods by name, bound to the class they serve; called on anything else, the native method answers. */
function methodsFor<N extends Collection>(
  type: new (...parameters: never[]) => N,
  prototype: object,
  methods: Record<PropertyKey, (node: N, ...parameters: never[]) => unknown>,
): Record<PropertyKey, Method> {
  const table: Record<PropertyKey, Method> = Object.create(null);
  for (const name of Reflect.ownKeys(methods)) {
    const own = methods[name]!;
    table[name] = function method(this: unknown, ...parameters: never[]): unknown {
      const node = nodeOf(this);
      if (node instanceof type) return own(node, ...parameters);
      return Reflect.apply(Reflect.get(prototype, name) as Method, this, parameters);
    };
  }
  return table;
}

const MAP_METHODS = methodsFor(MapNode, Map.prototype, {
  get: (node, key: unknown) => node.view(node.content.get(targetOf(key))),
  has: (node, key: unknown) => node.content.has(targetOf(key)),
  set: (node, key: unknown, value: unknown) => {
    node.put(key, value);
    return node.proxy;
  },
  delete: remove,
  clear,
  entries: (node) => node.pairs(),
  [Symbol.iterator]: (node) => node.pairs(),
  keys: (node) => node.part(0),
  values: (node) => node.part(1),
  forEach: (node, visit: Visit, self: unknown) => {
    for (const [key, value] of node.pairs()) Reflect.apply(visit, self, [value, key, node.proxy]);
  },
});

const SET_METHODS = methodsFor(SetNode, Set.prototype, {
  has: (node, member: unknown) => node.content.has(targetOf(member)),
  add: (node, member: unknown) => {
    node.put(member);
    return node.proxy;
  },
  delete: remove,
  clear,
  entries: (node) => node.pairs(),
  [Symbol.iterator]: (node) => node.members(),
  keys: (node) => node.members(),
  values: (node) => node.members(),
  forEach: (node, visit: Visit, self: unknown) => {
    for (const member of node.members()) Reflect.apply(visit, self, [member, member, node.proxy]);
  },
});

// The set algebra of ES2025 reads only: it runs on an ordinary set of the tracked members.
for (const name of Object.getOwnPropertyNames(Set.prototype)) {
  const method: unknown = name === "constructor" || name === "size" ? null : Reflect.get(Set.prototype, name);
  if (typeof method !== "function" || name in SET_METHODS) continue;
  SET_METHODS[name] = function algebra(this: Iterable<unknown>, ...parameters: never[]): unknown {
    return Reflect.apply(method as Method, new Set(this), parameters);
  };
}
