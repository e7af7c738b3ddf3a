/**
 * Owns the link between a raw container of the state and its tracked view. A `Node` is the proxy handler of one
 * container under one tracker; subclasses beside it say what reading and writing each kind of container means.
 *
 * Invariants: the raw tree never holds a view; a view never hands out a raw container that can be changed unseen,
 * but for `ArrayBuffer` (see `bytes-node.ts`).
 */
import { StateError } from "./state-error.ts";

/** Marks a change of a container as a whole: arrays, dates and bytes have no entries that could change apart. */
export const WHOLE: unique symbol = Symbol("whole");

/** Marks a change of every entry of a Map or Set at once. */
export const ALL: unique symbol = Symbol("all");

/** What a tracker does for its nodes. `LiveTracker` changes the state itself, `DraftTracker` a copy of what it touches. */
export interface Tracker {
  /** The tracked view of a raw value; primitives pass. `depth` is where it stands in the stored text. */
  view(value: unknown, depth: number): unknown;
  /** The content of a raw container as seen through this tracker. */
  read<T extends object>(target: T): T;
  /**
   * Announces a change of one entry and returns the content to change.
   * @throws StateError `ended` when this tracker's views are over
   */
  edit<T extends object>(target: T, entry: unknown): T;
  /** The content of a raw container, in the copy that is changed later, if it is: for what goes on sharing it. */
  hold<T extends object>(target: T): T;
  /** The announced change is made. */
  edited(target: object, entry: unknown): void;
  /**
   * The raw value to store for `value`.
   * @throws StateError `invalid_type`, `too_large` or `ended`; nothing is changed then
   */
  admit(value: unknown, node: Node, key: unknown, keySize: number): unknown;
  /** A value as seen through this tracker, free of views; may share with the state, so not to be changed. */
  plain(value: unknown): unknown;
  /** Where a container stands, for errors. */
  pathOf(target: object): string;
}

const nodes = new WeakMap<object, Node>();

/** The node behind a tracked view, or undefined for any other value. */
export function nodeOf(value: unknown): Node | undefined {
  return typeof value === "object" && value !== null ? nodes.get(value) : undefined;
}

/** The raw container a tracked view stands for; any other value as it is. Not to be changed by the caller. */
export function targetOf<T>(value: T): T {
  return (nodeOf(value)?.target as T | undefined) ?? value;
}

export abstract class Node<Target extends object = object> implements ProxyHandler<Target> {
  readonly target: Target;
  readonly tracker: Tracker;
  /** Levels of nesting of the stored text inside this container. */
  readonly depth: number;
  readonly proxy: Target;

  constructor(target: Target, tracker: Tracker, depth: number) {
    this.target = target;
    this.tracker = tracker;
    this.depth = depth;
    this.proxy = new Proxy(target, this);
    nodes.set(this.proxy, this);
  }

  get content(): Target {
    return this.tracker.read(this.target);
  }

  view(value: unknown): unknown {
    return typeof value === "object" && value !== null ? this.tracker.view(value, this.depth) : value;
  }

  admit(value: unknown, key: unknown = WHOLE, keySize = 0): unknown {
    return this.tracker.admit(value, this, key, keySize);
  }

  abstract get(target: Target, key: PropertyKey, receiver: unknown): unknown;

  has(_target: Target, key: PropertyKey): boolean {
    return key in this.content;
  }

  set(_target: Target, key: PropertyKey, _value: unknown, _receiver: unknown): boolean {
    return this.refuse(key);
  }

  deleteProperty(_target: Target, key: PropertyKey): boolean {
    return !Object.hasOwn(this.content, key);
  }

  defineProperty(_target: Target, key: PropertyKey, descriptor: PropertyDescriptor): boolean {
    const plain = descriptor.writable === true && descriptor.enumerable === true && descriptor.configurable === true;
    if (plain && "value" in descriptor) return this.set(this.target, key, descriptor.value as unknown, this.proxy);
    return this.refuse(key, "only plain data properties can be stored");
  }

  getOwnPropertyDescriptor(_target: Target, key: PropertyKey): PropertyDescriptor | undefined {
    const descriptor: PropertyDescriptor | undefined = Reflect.getOwnPropertyDescriptor(this.content, key);
    if (descriptor !== undefined && "value" in descriptor) descriptor.value = this.view(descriptor.value);
    return descriptor;
  }

  ownKeys(_target: Target): (string | symbol)[] {
    return Reflect.ownKeys(this.content);
  }

  preventExtensions(): boolean {
    return false;
  }

  setPrototypeOf(): boolean {
    return false;
  }

  /** An assignment made through an object that inherits from this view belongs to that object, as in plain JavaScript. */
  protected isForeign(receiver: unknown): boolean {
    return receiver !== this.proxy && receiver !== this.target;
  }

  protected defineOn(receiver: unknown, key: PropertyKey, value: unknown): boolean {
    if (typeof receiver !== "object" || receiver === null) return false;
    return Reflect.defineProperty(receiver, key, { value, writable: true, enumerable: true, configurable: true });
  }

  protected refuse(key: PropertyKey, reason = "it cannot have properties of its own"): never {
    const path = this.tracker.pathOf(this.target);
    throw new StateError("invalid_type", path, `cannot set ${String(key)} on ${path}: ${reason}`);
  }
}
