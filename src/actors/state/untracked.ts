/** Owns the way of values out of the state: replies, events, queue bodies and logs never carry tracked views. */
import { MAX_DEPTH } from "../../protocol/limits.ts";
import { type Bag, putMember } from "./kinds.ts";
import { nodeOf } from "./node.ts";

/**
 * A value free of tracked views: a view becomes the container it stands for (shared with the state: encode it now, do
 * not change it), and plain containers that hold views are copied around them. Values without views come back as they
 * are. Never throws: what cannot be encoded is the encoder's to refuse.
 */
export function untracked<T>(value: T): T {
  return withoutViews(value, 0) as T;
}

function withoutViews(value: unknown, depth: number): unknown {
  // Deeper, or cyclic, is refused by the encoder.
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return value;
  const node = nodeOf(value);
  if (node !== undefined) return node.tracker.plain(node.target);
  if (Array.isArray(value)) return mapped(value, depth);
  if (value instanceof Map) {
    const pairs: unknown[] = [...value];
    const plain = mapped(pairs, depth);
    return plain === pairs ? value : new Map(plain as [unknown, unknown][]);
  }
  if (value instanceof Set) {
    const members = [...value];
    const plain = mapped(members, depth);
    return plain === members ? value : new Set(plain);
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? mappedMembers(value as Bag, depth) : value;
}

/** The array itself while nothing in it changes. */
function mapped<Item>(items: Item[], depth: number): Item[] {
  let copy: Item[] | null = null;
  for (let index = 0; index < items.length; index++) {
    const plain = withoutViews(items[index], depth + 1) as Item;
    if (plain === items[index]) continue;
    copy ??= items.slice();
    copy[index] = plain;
  }
  return copy ?? items;
}

function mappedMembers(record: Bag, depth: number): Bag {
  let copy: Bag | null = null;
  for (const key of Object.keys(record)) {
    const plain = withoutViews(record[key], depth + 1);
    if (plain === record[key]) continue;
    copy ??= { ...record };
    putMember(copy, key, plain);
  }
  return copy ?? record;
}
