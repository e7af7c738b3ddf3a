/**
 * Owns the tracked view of arrays. The usual methods work on the raw array at once instead of element by element
 * through the proxy; the rest run generically and are right, only slower. An array changes as a whole.
 */
import { isIndex } from "./kinds.ts";
import { Node, nodeOf, targetOf, WHOLE } from "./node.ts";

/** Bytes a hole takes in the stored text, upper bound: `["$Undefined",0],`. */
const HOLE_SIZE = 17;

type Callback = (value: unknown, index: number, array: unknown) => unknown;

export class ArrayNode extends Node<unknown[]> {
  get(_target: unknown[], key: PropertyKey): unknown {
    const value: unknown = this.tracker.read(this.target)[key as number];
    if (typeof value === "object" && value !== null) {
      return key === "__proto__" ? undefined : this.tracker.view(value, this.depth);
    }
    return typeof value === "function" ? (METHODS[key as string] ?? value) : value;
  }

  override set(_target: unknown[], key: PropertyKey, value: unknown, receiver: unknown): boolean {
    if (this.isForeign(receiver)) return this.defineOn(receiver, key, value);
    if (key === "length") return this.#setLength(value);
    if (!isIndex(key)) return this.refuse(key, "an array holds elements only");
    const index = Number(key);
    const before = this.content;
    const gap = Math.max(0, index - before.length);
    const raw = this.admit(value, index, gap * HOLE_SIZE);
    if (index in before && Object.is(before[index], raw)) return true;
    this.change((items) => {
      items[index] = raw;
    });
    return true;
  }

  override deleteProperty(_target: unknown[], key: PropertyKey): boolean {
    if (key === "length") return false;
    if (!Object.hasOwn(this.content, key)) return true;
    const before = this.content[key as number];
    const isSmall = typeof before === "string" ? before.length < HOLE_SIZE : typeof before !== "object";
    if (isSmall || before === null) this.admit(undefined, Number(key));
    this.change((items) => delete items[key as number]);
    return true;
  }

  change<T>(make: (items: unknown[]) => T): T {
    const result = make(this.tracker.edit(this.target, WHOLE));
    this.tracker.edited(this.target, WHOLE);
    return result;
  }

  #setLength(value: unknown): boolean {
    const length = Number(value);
    const before = this.content.length;
    if (length === before) return true;
    this.admit(null, WHOLE, Math.max(0, length - before) * HOLE_SIZE);
    this.change((items) => {
      items.length = length;
    });
    return true;
  }
}

/** The node behind `this`, when a method is called on a tracked array; else the native method takes over. */
const arrayOf = (view: unknown): ArrayNode | null => {
  const node = nodeOf(view);
  return node instanceof ArrayNode ? node : null;
};

type Native = (this: unknown, ...parameters: never[]) => unknown;

const native = (name: string): Native => Array.prototype[name as keyof unknown[]] as Native;

/** Methods by name; without a prototype, so that `constructor` is not found here. */
const METHODS: Record<PropertyKey, (...parameters: never[]) => unknown> = Object.create(null);

function define(name: PropertyKey, fast: (node: ArrayNode, parameters: unknown[]) => unknown): void {
  const slow = native(name as string);
  METHODS[name] = function method(this: unknown, ...parameters: unknown[]): unknown {
    const node = arrayOf(this);
    return node === null ? Reflect.apply(slow, this, parameters) : fast(node, parameters);
  };
}

const admitAll = (node: ArrayNode, values: readonly unknown[], from: number): unknown[] =>
  values.map((value, offset) => node.admit(value, from + offset, 1));

define("push", (node, values) => {
  const raw = admitAll(node, values, node.content.length);
  return raw.length === 0 ? node.content.length : node.change((items) => items.push(...raw));
});
define("unshift", (node, values) => {
  const raw = admitAll(node, values, 0);
  return raw.length === 0 ? node.content.length : node.change((items) => items.unshift(...raw));
});
define("pop", (node) => (node.content.length === 0 ? undefined : node.view(node.change((items) => items.pop()))));
define("shift", (node) => (node.content.length === 0 ? undefined : node.view(node.change((items) => items.shift()))));
define("splice", (node, parameters) => {
  const [start, count, ...values] = parameters as [number, number, ...unknown[]];
  const raw = admitAll(node, values, Math.max(0, Number(start) || 0));
  const bounds = parameters.length === 0 ? [] : parameters.length === 1 ? [start] : [start, count];
  const removed = node.change((items) => items.splice(...([...bounds, ...raw] as [number, number, ...unknown[]])));
  return removed.map((value) => node.view(value));
});
define("reverse", (node) => {
  node.change((items) => items.reverse());
  return node.proxy;
});
define("sort", (node, [compare]) => {
  // Sorted apart first: a comparator that throws, or writes, must not leave the array half sorted.
  const sorted =
    compare === undefined
      ? node.content.slice().sort()
      : node.content
          .slice()
          .sort((a, b) => (compare as (a: unknown, b: unknown) => number)(node.view(a), node.view(b)));
  node.change((items) => replaceItems(items, sorted));
  return node.proxy;
});
define("fill", (node, [value, start, end]) => {
  const raw = node.admit(value, WHOLE, 0);
  // One value in many places is written that often.
  for (let count = node.content.length; count > 1; count--) node.admit(raw, WHOLE, 0);
  node.change((items) => items.fill(raw, start as number, end as number));
  return node.proxy;
});
define("copyWithin", (node, [to, start, end]) => {
  const { content } = node;
  const copied = content.slice().copyWithin(to as number, start as number, end as number);
  for (const [at, item] of copied.entries()) if (item !== content[at]) node.admit(item, at);
  node.change((items) => items.copyWithin(to as number, start as number, end as number));
  return node.proxy;
});

export function replaceItems(items: unknown[], by: readonly unknown[]): void {
  items.length = by.length;
  for (let index = 0; index < by.length; index++) items[index] = by[index];
}

define("indexOf", (node, [value, ...from]) => node.content.indexOf(targetOf(value), ...(from as [number])));
define("lastIndexOf", (node, [value, ...from]) => node.content.lastIndexOf(targetOf(value), ...(from as [number])));
define("includes", (node, [value, ...from]) => node.content.includes(targetOf(value), ...(from as [number])));
define("at", (node, [index]) => node.view(node.content.at(index as number)));
define("slice", (node, [start, end]) =>
  node.content.slice(start as number, end as number).map((value) => node.view(value)),
);
define("values", (node) => values(node));
define(Symbol.iterator, (node) => values(node));
define("entries", (node) => entries(node));

function* values(node: ArrayNode): Generator<unknown> {
  for (let index = 0; index < node.content.length; index++) yield node.view(node.content[index]);
}

function* entries(node: ArrayNode): Generator<[number, unknown]> {
  for (let index = 0; index < node.content.length; index++) yield [index, node.view(node.content[index])];
}

/** Calls back for each element; stops when `take` says so. A callback may change the array: it is read anew each time. */
function visit(
  node: ArrayNode,
  [callback, self]: unknown[],
  take: (answer: unknown, element: unknown, index: number) => boolean,
): void {
  if (typeof callback !== "function") throw new TypeError(`${String(callback)} is not a function`);
  const length = node.content.length;
  for (let index = 0; index < length; index++) {
    const element = node.view(node.content[index]);
    if (take(Reflect.apply(callback as Callback, self, [element, index, node.proxy]), element, index)) return;
  }
}

define("forEach", (node, parameters) => visit(node, parameters, () => false));
define("map", (node, parameters) => {
  const results: unknown[] = [];
  visit(node, parameters, (answer) => results.push(answer) === 0);
  return results;
});
define("filter", (node, parameters) => {
  const kept: unknown[] = [];
  visit(node, parameters, (answer, element) => Boolean(answer) && kept.push(element) === 0);
  return kept;
});
define("some", (node, parameters) => {
  let found = false;
  visit(node, parameters, (answer) => {
    found = Boolean(answer);
    return found;
  });
  return found;
});
define("every", (node, parameters) => {
  let all = true;
  visit(node, parameters, (answer) => {
    all = Boolean(answer);
    return !all;
  });
  return all;
});
define("find", (node, parameters) => search(node, parameters).element);
define("findIndex", (node, parameters) => search(node, parameters).index);

function search(node: ArrayNode, parameters: unknown[]): { readonly element: unknown; readonly index: number } {
  let result: { element: unknown; index: number } = { element: undefined, index: -1 };
  visit(node, parameters, (answer, element, index) => {
    if (answer) result = { element, index };
    return Boolean(answer);
  });
  return result;
}
