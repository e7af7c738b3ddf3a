/**
 * Owns what may enter the state: each value is walked once before it is stored. Refused are functions, symbols, NaN and
 * infinities, invalid dates, class instances, accessors, cycles and what nests too deep; nothing is changed then.
 *
 * A value that passes is adopted, not copied: the caller's reference goes on meaning the same object. Tracked views in
 * it are replaced, in place, by the containers they stand for; only frozen objects, which no proxy can track, are copied.
 */
import { MAX_BIGINT_DIGITS, MAX_DEPTH } from "../../protocol/limits.ts";
import { type Bag, copyOf, type Kind, kindOf, LEVELS, putMember } from "./kinds.ts";
import { nodeOf, targetOf } from "./node.ts";
import { renderPath, type Segment } from "./path.ts";
import { StateError } from "./state-error.ts";

/** Where a value is to be stored. */
export interface Place {
  /** The container that will hold it; null for a whole new tree. */
  readonly into: object | null;
  /** Levels of nesting above the value. */
  readonly depth: number;
  /** Size past which no value can be admitted; bounds the walk. */
  readonly max: number;
  read(container: object): object;
  /** Path of the place, for errors. */
  path(): readonly Segment[];
}

export interface Admitted {
  readonly raw: unknown;
  /** Upper bound of its bytes in the stored text. */
  readonly bound: number;
}

const TAG_BOUND = 24;
/** Two units of a `\u001f` escape's worst case: six bytes for one unit. */
const stringBound = (length: number): number => 6 * length + 3;

/** @throws StateError `invalid_type` naming the path, or `too_large` when no state could hold the value */
export function admit(value: unknown, place: Place): Admitted {
  const walk = new Walk(place);
  walk.visit(value, place.depth);
  return { raw: walk.needsSettling ? settle(value) : targetOf(value), bound: walk.bound };
}

class Walk {
  bound = 0;
  needsSettling = false;
  readonly #place: Place;
  readonly #path: Segment[] = [];
  readonly #ancestors: object[] = [];
  /** Every value takes a byte at least: past the limit, shared references have multiplied into too much. */
  #visited = 0;

  constructor(place: Place) {
    this.#place = place;
  }

  visit(value: unknown, depth: number): void {
    if (++this.#visited > this.#place.max) this.#refuseSize();
    switch (typeof value) {
      case "string":
        this.bound += stringBound(value.length);
        return;
      case "number":
        if (!Number.isFinite(value)) this.#refuse(`${value} cannot be stored`);
        this.bound += 25;
        return;
      case "boolean":
        this.bound += 6;
        return;
      case "undefined":
        this.bound += TAG_BOUND;
        return;
      case "bigint":
        this.#bigint(value);
        return;
      case "object":
        if (value === null) this.bound += 5;
        else this.#container(value, depth);
        return;
      default:
        this.#refuse(`a ${typeof value} cannot be stored`);
    }
  }

  #bigint(value: bigint): void {
    const digits = value.toString().length;
    if (digits > MAX_BIGINT_DIGITS) this.#refuse(`a bigint of more than ${MAX_BIGINT_DIGITS} digits cannot be stored`);
    this.bound += TAG_BOUND + digits;
  }

  #container(value: object, depth: number): void {
    const raw = targetOf(value);
    if (raw !== value || !Object.isExtensible(raw)) this.needsSettling = true;
    if (raw === this.#place.into || this.#ancestors.includes(raw)) this.#refuse("it would contain itself");
    const kind = kindOf(raw);
    if (kind === null) this.#refuse(describe(raw));
    const inside = depth + LEVELS[kind];
    if (inside > MAX_DEPTH) this.#refuse(`nested deeper than ${MAX_DEPTH} levels`);
    this.#ancestors.push(raw);
    this.#contents(kind, nodeOf(value)?.content ?? this.#place.read(raw), inside);
    this.#ancestors.pop();
  }

  #contents(kind: Kind, content: object, depth: number): void {
    this.bound += TAG_BOUND;
    switch (kind) {
      case "array":
        this.#array(content as readonly unknown[], depth);
        return;
      case "object":
        this.#record(content as Bag, depth);
        return;
      case "map":
        this.#map(content as ReadonlyMap<unknown, unknown>, depth);
        return;
      case "set":
        for (const member of content as ReadonlySet<unknown>) this.#at({ of: "member", key: member }, member, depth);
        return;
      case "date":
        if (Number.isNaN((content as Date).getTime())) this.#refuse("an invalid Date cannot be stored");
        return;
      default:
        this.bound += Math.ceil((content as ArrayBuffer).byteLength * 1.34) + 4;
    }
  }

  #array(items: readonly unknown[], depth: number): void {
    for (let index = 0; index < items.length; index++) this.#at({ key: index }, items[index], depth);
  }

  #record(record: Bag, depth: number): void {
    for (const key of Reflect.ownKeys(record)) {
      if (typeof key === "symbol") this.#refuse("a symbol is not a key that can be stored");
      const descriptor = Reflect.getOwnPropertyDescriptor(record, key)!;
      if (!("value" in descriptor)) this.#refuseMember(key, "an accessor cannot be stored");
      if (!descriptor.enumerable) this.#refuseMember(key, "a property that is not enumerable cannot be stored");
      // A proxy could not hand out a tracked view of it.
      if (!descriptor.writable || !descriptor.configurable) this.needsSettling = true;
      this.bound += stringBound(key.length);
      this.#at({ key }, descriptor.value, depth);
    }
  }

  #map(map: ReadonlyMap<unknown, unknown>, depth: number): void {
    for (const [key, member] of map) {
      this.#at({ of: "key", key }, key, depth);
      this.#at({ of: "get", key }, member, depth);
      this.bound += 4;
    }
  }

  #at(segment: Segment, value: unknown, depth: number): void {
    this.#path.push(segment);
    this.visit(value, depth);
    this.#path.pop();
  }

  #refuseMember(key: string, reason: string): never {
    this.#path.push({ key });
    return this.#refuse(reason);
  }

  #refuse(reason: string): never {
    const path = renderPath([...this.#place.path(), ...this.#path]);
    throw new StateError("invalid_type", path, `cannot store ${path}: ${reason}`);
  }

  #refuseSize(): never {
    const path = renderPath(this.#place.path());
    throw new StateError("too_large", path, `${path} would make the state larger than ${this.#place.max} bytes`);
  }
}

function describe(value: object): string {
  if (value instanceof Promise) return "a Promise cannot be stored; an `await` is missing";
  const made: unknown = value.constructor;
  const name = typeof made === "function" && made.name !== "" ? made.name : "a class";
  return `an instance of ${name} cannot be stored; store plain data and rebuild it`;
}

/** Replaces views by what they stand for and frozen parts by copies. Walks only what {@link Walk} has passed. */
function settle(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const target = nodeOf(value)?.target;
  if (target !== undefined) return target;
  const own = isOpen(value) ? value : copyOf(value);
  switch (kindOf(own)) {
    case "array":
      settleItems(own as unknown[]);
      break;
    case "object":
      settleMembers(own as Bag);
      break;
    case "map":
      settleMap(own as Map<unknown, unknown>);
      break;
    case "set":
      settleSet(own as Set<unknown>);
      break;
    default:
  }
  return own;
}

function isOpen(value: object): boolean {
  if (!Object.isExtensible(value)) return false;
  if (kindOf(value) !== "object") return true;
  return Object.values(Object.getOwnPropertyDescriptors(value)).every((one) => one.writable && one.configurable);
}

function settleItems(items: unknown[]): void {
  for (let index = 0; index < items.length; index++) {
    const raw = settle(items[index]);
    if (raw !== items[index]) items[index] = raw;
  }
}

function settleMembers(record: Bag): void {
  for (const key of Object.keys(record)) {
    const raw = settle(record[key]);
    if (raw !== record[key]) putMember(record, key, raw);
  }
}

function settleMap(map: Map<unknown, unknown>): void {
  const settled = [...map].map(([key, value]) => [settle(key), settle(value)] as const);
  map.clear();
  for (const [key, value] of settled) map.set(key, value);
}

function settleSet(set: Set<unknown>): void {
  const settled = [...set].map(settle);
  set.clear();
  for (const member of settled) set.add(member);
}
