/**
 * Owns the making of tracked views: one per raw container, kept while the container lives, so that
 * `c.state.a === c.state.a`. `LiveTracker` changes the state itself; `draft.ts` has the one that changes copies.
 */
import { encode } from "../../protocol/json.ts";
import { utf8Length } from "../utf8-length.ts";
import { admit } from "./admission.ts";
import { ArrayNode } from "./array-node.ts";
import { MapNode, SetNode } from "./collection-nodes.ts";
import { type Bag, kindOf, LEVELS } from "./kinds.ts";
import { type Node, type Tracker, targetOf } from "./node.ts";
import { ObjectNode } from "./object-node.ts";
import { findPath, renderPath, type Segment } from "./path.ts";
import { BytesNode, DateNode } from "./slot-nodes.ts";
import { StateError } from "./state-error.ts";

/** What the views of one tree need from the cell that holds it. */
export interface Tree {
  readonly root: unknown;
  readonly max: number;
  reserve(bound: number, exact: () => number, path: () => string): void;
  edited(target: object, entry: unknown): void;
}

export abstract class ViewTracker implements Tracker {
  protected readonly tree: Tree;
  readonly #nodes = new WeakMap<object, Node>();
  #ended: string | null = null;

  constructor(tree: Tree) {
    this.tree = tree;
  }

  abstract read<T extends object>(target: T): T;
  abstract edit<T extends object>(target: T, entry: unknown): T;
  abstract hold<T extends object>(target: T): T;
  abstract edited(target: object, entry: unknown): void;
  abstract plain(value: unknown): unknown;
  protected abstract reserve(bound: number, exact: () => number, path: () => string): void;

  get root(): unknown {
    return this.view(this.tree.root, 0);
  }

  view(value: unknown, depth: number): unknown {
    if (typeof value !== "object" || value === null) return value;
    const known = this.#nodes.get(value);
    if (known !== undefined) return known.proxy;
    const node = this.#create(value, depth);
    if (node === null) return value;
    this.#nodes.set(value, node);
    return node.proxy;
  }

  admit(value: unknown, node: Node, key: unknown, keySize: number): unknown {
    const path = (): string => this.entryPath(node.target, key);
    this.assertAlive(path);
    const keyBound = 6 * keySize + 4;
    const size = primitiveBound(value);
    if (size >= 0) {
      this.reserve(size + keyBound, () => utf8Length(encode(value)) + keyBound, path);
      return value;
    }
    const { raw, bound } = admit(value, {
      into: node.target,
      depth: node.depth,
      max: this.tree.max,
      read: (container) => this.read(container),
      path: () => this.#segments(node.target, key),
    });
    this.reserve(bound + keyBound, () => utf8Length(encode(raw)) + keyBound, path);
    return raw;
  }

  pathOf(target: object): string {
    return renderPath(findPath(this.tree.root, target, (container) => this.read(container)) ?? []);
  }

  protected entryPath(target: object, entry: unknown): string {
    return renderPath(this.#segments(target, entry));
  }

  /** Ends every view: reading goes on as it was, writing throws. */
  end(why: string): void {
    this.#ended ??= why;
  }

  protected assertAlive(path: () => string): void {
    if (this.#ended !== null) throw new StateError("ended", path(), `cannot write ${path()}: ${this.#ended}`);
  }

  #segments(target: object, key: unknown): Segment[] {
    const path = findPath(this.tree.root, target, (container) => this.read(container)) ?? [];
    if (target instanceof Map) return [...path, { of: "get", key }];
    if (target instanceof Set) return [...path, { of: "member", key }];
    return typeof key === "string" || typeof key === "number" ? [...path, { key }] : path;
  }

  #create(value: object, above: number): Node | null {
    const kind = kindOf(targetOf(value));
    const depth = kind === null ? above : above + LEVELS[kind];
    switch (kind) {
      case "object":
        return new ObjectNode(value as Bag, this, depth);
      case "array":
        return new ArrayNode(value as unknown[], this, depth);
      case "map":
        return new MapNode(value as Map<unknown, unknown>, this, depth);
      case "set":
        return new SetNode(value as Set<unknown>, this, depth);
      case "date":
        return new DateNode(value as Date, this, depth);
      case "bytes":
        return new BytesNode(value as Uint8Array, this, depth);
      default:
        // An ArrayBuffer is handed out as it is: a proxy of one is useless to every view of it.
        return null;
    }
  }
}

/** Upper bound of the stored bytes of a primitive that may be stored; -1 for what has to be looked at. */
function primitiveBound(value: unknown): number {
  switch (typeof value) {
    case "string":
      return 6 * value.length + 3;
    case "number":
      return Number.isFinite(value) ? 25 : -1;
    case "boolean":
      return 6;
    case "undefined":
      return 24;
    default:
      return value === null ? 5 : -1;
  }
}

export class LiveTracker extends ViewTracker {
  read<T extends object>(target: T): T {
    return target;
  }

  edit<T extends object>(target: T, _entry: unknown): T {
    this.assertAlive(() => this.pathOf(target));
    return target;
  }

  hold<T extends object>(target: T): T {
    return target;
  }

  plain(value: unknown): unknown {
    return targetOf(value);
  }

  edited(target: object, entry: unknown): void {
    this.tree.edited(target, entry);
  }

  protected reserve(bound: number, exact: () => number, path: () => string): void {
    this.tree.reserve(bound, exact, path);
  }
}
