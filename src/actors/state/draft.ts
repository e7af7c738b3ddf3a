/**
 * Owns the changes of one invocation that are kept apart until it succeeds (`guards.actions.x.atomic`, `canInvoke`).
 * Each container it changes is copied when first changed; `commit` applies the changed entries to the state, `rollback`
 * forgets them. Nobody else sees them before, no commit of another invocation can carry half of them to disk, and the
 * changes of others to other entries stay (docs/decisions/0010-atomic-actions.md).
 *
 * What another invocation changes meanwhile shows through, except where this one changed the same entry (member of an
 * object or set, key of a map; an array, date or byte array is one entry as a whole): then `commit` throws `conflict`.
 */
import { encode } from "../../protocol/json.ts";
import { utf8Length } from "../utf8-length.ts";
import { replaceItems } from "./array-node.ts";
import { type Bag, copyOf, type Kind, kindOf, putMember } from "./kinds.ts";
import { ALL, targetOf, WHOLE } from "./node.ts";
import { childrenOf } from "./path.ts";
import { StateError } from "./state-error.ts";
import { ViewTracker } from "./tracker.ts";

interface Change {
  readonly kind: Kind;
  readonly content: object;
  /** Changed entries in the order they stand; true = appended, so that it moves to the end. Null: changed as a whole. */
  readonly entries: Map<unknown, boolean> | null;
}

export class DraftTracker extends ViewTracker {
  readonly #changes = new Map<object, Change>();
  #growth = 0;
  #conflict: string | null = null;
  /** Another invocation changed something meanwhile. */
  #isOvertaken = false;

  get isEmpty(): boolean {
    return this.#changes.size === 0;
  }

  read<T extends object>(target: T): T {
    return (this.#changes.get(target)?.content as T | undefined) ?? target;
  }

  edit<T extends object>(target: T, entry: unknown): T {
    this.assertAlive(() => this.pathOf(target));
    const change = this.#changes.get(target) ?? this.#begin(target);
    if (entry === ALL) for (const one of entriesOf(change.content)) note(change, one);
    else if (entry !== WHOLE) note(change, entry);
    return change.content as T;
  }

  hold<T extends object>(target: T): T {
    return (this.#changes.get(target) ?? this.#begin(target)).content as T;
  }

  edited(_target: object, _entry: unknown): void {
    // Nobody sees it before `apply`.
  }

  /** Another invocation changed an entry of the state. */
  noticed(target: object, entry: unknown): void {
    this.#isOvertaken = true;
    const change = this.#changes.get(target);
    if (change === undefined) return;
    if (change.entries === null || change.entries.has(entry) || (entry === ALL && change.entries.size > 0)) {
      this.#conflict ??= this.entryPath(target, entry);
    } else if (entry === ALL) {
      this.#changes.delete(target);
    } else {
      applyEntry(change.kind, target, change.content, entry, false);
    }
  }

  /**
   * Applies every change to the state.
   * @returns the changed entries, for whoever else has to know
   * @throws StateError `conflict`, `too_large` or `ended`; nothing is applied then
   */
  apply(): readonly (readonly [target: object, entry: unknown])[] {
    this.assertAlive(() => "state");
    if (this.#isOvertaken && !this.isEmpty) this.#conflict ??= this.#uprooted() ?? this.#knotted();
    if (this.#conflict !== null) {
      throw new StateError("conflict", this.#conflict, `${this.#conflict} was changed by another call meanwhile`);
    }
    if (this.#growth > 0)
      this.tree.reserve(
        this.#growth,
        () => this.#exactGrowth(),
        () => "state",
      );
    const applied: [object, unknown][] = [];
    for (const [target, change] of this.#changes) applyChange(target, change, applied);
    this.#changes.clear();
    return applied;
  }

  protected reserve(bound: number, exact: () => number, path: () => string): void {
    this.#growth += bound;
    if (this.#growth <= this.tree.max) return;
    this.#growth = this.#exactGrowth() + exact();
    if (this.#growth <= this.tree.max) return;
    throw new StateError("too_large", path(), `${path()} would make the state larger than ${this.tree.max} bytes`);
  }

  /** The size of all changed entries, exactly. */
  #exactGrowth(): number {
    let size = 0;
    for (const change of this.#changes.values()) {
      for (const part of partsOf(change)) size += utf8Length(encode(this.plain(part))) + 4;
    }
    return size;
  }

  /** Shares with the state only while this draft changed nothing. */
  plain(value: unknown): unknown {
    if (typeof value !== "object" || value === null || this.isEmpty) return targetOf(value);
    const content = this.read(targetOf(value));
    switch (kindOf(content)) {
      case "array":
        return (content as unknown[]).map((item) => this.plain(item));
      case "object":
        return this.#plainRecord(content as Bag);
      case "map":
        return new Map([...(content as Map<unknown, unknown>)].map(([k, v]) => [this.plain(k), this.plain(v)]));
      case "set":
        return new Set([...(content as Set<unknown>)].map((member) => this.plain(member)));
      default:
        return content;
    }
  }

  #plainRecord(content: Bag): Bag {
    const record: Bag = {};
    for (const key of Object.keys(content)) putMember(record, key, this.plain(content[key]));
    return record;
  }

  /** Where a container was changed that another invocation took out of the state: applied, the change would be nowhere. */
  #uprooted(): string | null {
    const wanted = new Set(this.#changes.keys());
    strikeFound(this.tree.root, wanted, (container) => container);
    strikeFound(this.tree.root, wanted, (container) => this.read(container));
    const [lost] = wanted;
    return lost === undefined ? null : this.pathOf(lost);
  }

  /** Where a container would contain itself, by what this and another invocation put where: it could not be stored. */
  #knotted(): string | null {
    const above = new Set<object>();
    const sound = new Set<object>();
    const visit = (value: unknown): object | null => {
      if (typeof value !== "object" || value === null || sound.has(value)) return null;
      if (above.has(value)) return value;
      above.add(value);
      for (const [, child] of childrenOf(this.read(value))) {
        const found = visit(child);
        if (found !== null) return found;
      }
      above.delete(value);
      sound.add(value);
      return null;
    };
    const found = visit(this.tree.root);
    return found === null ? null : this.pathOf(found);
  }

  #begin(target: object): Change {
    const kind = kindOf(target) ?? "object";
    const byEntry = kind === "object" || kind === "map" || kind === "set";
    const change: Change = { kind, content: copyOf(target), entries: byEntry ? new Map() : null };
    this.#changes.set(target, change);
    return change;
  }
}

/** Remembers that an entry is about to change. One that is absent is about to be appended, and stands last from now on. */
function note({ entries, content, kind }: Change, entry: unknown): void {
  if (entries === null) return;
  if (hasEntry(kind, content, entry)) {
    if (!entries.has(entry)) entries.set(entry, false);
    return;
  }
  entries.delete(entry);
  entries.set(entry, true);
}

function hasEntry(kind: Kind, content: object, entry: unknown): boolean {
  return kind === "object" ? Object.hasOwn(content, entry as string) : (content as Set<unknown>).has(entry);
}

function entriesOf(content: object): Iterable<unknown> {
  return (content as Set<unknown>).keys();
}

/** What a change adds at most. */
function* partsOf({ kind, content, entries }: Change): Iterable<unknown> {
  if (entries === null) {
    yield content;
    return;
  }
  for (const entry of entries.keys()) {
    yield entry;
    if (kind === "object") yield (content as Bag)[entry as string];
    if (kind === "map") yield (content as Map<unknown, unknown>).get(entry);
  }
}

/** Takes out of `wanted` what stands in the tree. */
function strikeFound(root: unknown, wanted: Set<object>, read: (container: object) => object): void {
  const seen = new Set<object>();
  const left: unknown[] = [root];
  while (left.length > 0 && wanted.size > 0) {
    const value = left.pop();
    if (typeof value !== "object" || value === null || seen.has(value)) continue;
    seen.add(value);
    wanted.delete(value);
    for (const [, child] of childrenOf(read(value))) left.push(child);
  }
}

/** Bytes that were only held are no change. */
function isSame({ kind, content }: Change, target: object): boolean {
  if (kind !== "bytes") return false;
  const [a, b] = [bytesOf(target as Uint8Array), bytesOf(content as Uint8Array)];
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function applyChange(target: object, change: Change, applied: [object, unknown][]): void {
  if (isSame(change, target)) return;
  if (change.entries === null) {
    applyWhole(change.kind, target, change.content);
    applied.push([target, WHOLE]);
    return;
  }
  for (const [entry, appended] of change.entries) {
    applyEntry(change.kind, change.content, target, entry, appended);
    applied.push([target, entry]);
  }
}

function applyWhole(kind: Kind, target: object, content: object): void {
  if (kind === "array") replaceItems(target as unknown[], content as unknown[]);
  else if (kind === "date") (target as Date).setTime((content as Date).getTime());
  else (target as Uint8Array).set(content as Uint8Array);
}

/** Makes one entry of `to` what it is in `from`. */
function applyEntry(kind: Kind, from: object, to: object, entry: unknown, appended: boolean): void {
  const present = hasEntry(kind, from, entry);
  if (kind === "object") {
    if (!present || appended) delete (to as Bag)[entry as string];
    if (present) putMember(to as Bag, entry as string, (from as Bag)[entry as string]);
    return;
  }
  if (!present || appended) (to as Set<unknown>).delete(entry);
  if (!present) return;
  if (kind === "set") (to as Set<unknown>).add(entry);
  else (to as Map<unknown, unknown>).set(entry, (from as Map<unknown, unknown>).get(entry));
}
