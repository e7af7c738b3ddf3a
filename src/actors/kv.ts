/**
 * Owns `c.kv`: an actor's keys and values beside its state, for what is too big to write whole with every change.
 *
 * Invariants: a write is staged when its call returns and is durable in one commit with the state changed by the same
 * handler; a read sees every write made before it, staged ones included; keys are in unsigned byte order. What a decision
 * writes is kept apart until it has admitted (ruling 10).
 */

import type { Refusal } from "../boundary/errors.ts";
import { encodeHex } from "../boundary/hex.ts";
import type { ActorRef, ActorStore, KvRange } from "../hosts/port.ts";
import {
  assertBatch,
  compareKeys,
  hasPrefix,
  type KeyType,
  type KvInput,
  keyAs,
  keyBytes,
  MAX_LIST,
  MAX_LIST_SIZE,
  tooLarge,
  type ValueOf,
  type ValueType,
  valueAs,
  valueBytes,
} from "./kv/pairs.ts";
import type { Outbox } from "./outbox.ts";
import { type Aside, deniedAlready } from "./set-aside.ts";
import type { StagedPair } from "./staged-writes.ts";

export type { KeyType, KvInput, ValueOf, ValueType } from "./kv/pairs.ts";

type KvKeyInput = string | Uint8Array;
type KeyOf<Type extends KeyType> = Type extends "binary" ? Uint8Array : string;

export interface ReadOptions<Type extends ValueType = ValueType> {
  /** How values come back; `text` when absent. */
  readonly type?: Type;
}

export interface WriteOptions {
  /** What the value must be; inferred when absent. */
  readonly type?: ValueType;
}

export interface ListOptions<Type extends ValueType = ValueType, Key extends KeyType = KeyType>
  extends ReadOptions<Type> {
  /** How keys come back; `text` when absent. */
  readonly keyType?: Key;
  /** Pairs at most, up to 16,384. Absent: all, and an error when there are more. */
  readonly limit?: number;
  /** From the last key to the first. */
  readonly reverse?: boolean;
}

interface Pair {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export interface KvCore {
  readonly ref: ActorRef;
  readonly store: ActorStore;
  readonly outbox: Outbox;
  /** Hands staged writes over; `outbox.settle()` when absent. An actor may hold it back while a handler runs. */
  settle?(): void;
}

/** Pairs read from the store at once. */
const PAGE = 512;

export class ActorKv {
  readonly #core: KvCore;
  /** What a decision wrote, by hex of the key; null where this is no decision's. */
  #apart: Map<string, StagedPair> | null = null;
  #isDropped = false;

  constructor(core: KvCore) {
    this.#core = core;
  }

  /** The same pairs for one decision: what it writes, it alone sees until that is kept. */
  setAside(): Aside<ActorKv> {
    const value = new ActorKv(this.#core);
    value.#apart = new Map();
    return {
      value,
      keep: () => value.#keep(),
      drop: () => {
        value.#isDropped = true;
      },
    };
  }

  #keep(): void {
    const apart = this.#apart;
    this.#apart = null;
    if (apart === null || apart.size === 0) return;
    for (const [hex, pair] of apart) this.#core.outbox.staged.kv.set(hex, pair);
    this.#settle();
  }

  /** The value of a key, or null. @throws Refusal `kv/key_too_large` */
  async get<Type extends ValueType = "text">(
    key: KvKeyInput,
    options: ReadOptions<Type> = {},
  ): Promise<ValueOf[Type] | null> {
    return (await this.getBatch([key], options))[0]!;
  }

  /** The values of up to 128 keys, in their order; null where there is none. */
  async getBatch<Type extends ValueType = "text">(
    keys: readonly KvKeyInput[],
    options: ReadOptions<Type> = {},
  ): Promise<(ValueOf[Type] | null)[]> {
    const wanted = keys.map(keyBytes);
    assertBatch(wanted.map((key) => key.length));
    const type = options.type ?? ("text" as Type);
    const values = await this.#read(wanted);
    return values.map((value) => (value === null ? null : valueAs(value, type)));
  }

  /** @throws Refusal `kv/key_too_large`, `kv/value_too_large`; TypeError for a value of another type */
  async put(key: KvKeyInput, value: KvInput, options: WriteOptions = {}): Promise<void> {
    await this.putBatch([[key, value]], options);
  }

  /** Writes up to 128 pairs, 976 KiB together, all or none. @throws Refusal `kv/batch_too_many`, `kv/batch_too_large` */
  async putBatch(entries: readonly (readonly [KvKeyInput, KvInput])[], options: WriteOptions = {}): Promise<void> {
    const pairs = entries.map(([key, value]) => ({ key: keyBytes(key), value: valueBytes(value, options.type) }));
    assertBatch(pairs.map(({ key, value }) => key.length + value.length));
    for (const { key, value } of pairs) this.#stage(key, value);
    this.#settle();
  }

  async delete(key: KvKeyInput): Promise<void> {
    await this.deleteBatch([key]);
  }

  /** Deletes up to 128 keys, all or none. */
  async deleteBatch(keys: readonly KvKeyInput[]): Promise<void> {
    const gone = keys.map(keyBytes);
    assertBatch(gone.map((key) => key.length));
    for (const key of gone) this.#stage(key, null);
    this.#settle();
  }

  /** Pairs whose key begins with `prefix`, with their whole key, in key order. @throws Refusal `kv/list_too_large` */
  async list<Type extends ValueType = "text", Key extends KeyType = "text">(
    prefix: KvKeyInput,
    options: ListOptions<Type, Key> = {},
  ): Promise<[KeyOf<Key>, ValueOf[Type]][]> {
    return this.#list({ prefix: keyBytes(prefix) }, options);
  }

  /** Pairs from `start` up to, not including, `end`, in key order. @throws Refusal `kv/list_too_large` */
  async listRange<Type extends ValueType = "text", Key extends KeyType = "text">(
    start: KvKeyInput,
    end: KvKeyInput,
    options: ListOptions<Type, Key> = {},
  ): Promise<[KeyOf<Key>, ValueOf[Type]][]> {
    return this.#list({ start: keyBytes(start), end: keyBytes(end) }, options);
  }

  /**
   * Deletes the keys from `start` up to, not including, `end`: all of them, or none when there are more than 16,384.
   * @throws Refusal `kv/list_too_large`
   */
  async deleteRange(start: KvKeyInput, end: KvKeyInput): Promise<void> {
    const range = { start: keyBytes(start), end: keyBytes(end) };
    const { pairs, more } = await this.#scan(range, MAX_LIST, false);
    if (more) throw tooMany();
    for (const { key } of pairs) this.#stage(key, null);
    this.#settle();
  }

  async #list<Type extends ValueType, Key extends KeyType>(
    range: KvRange,
    options: ListOptions<Type, Key>,
  ): Promise<[KeyOf<Key>, ValueOf[Type]][]> {
    const { limit = Number.POSITIVE_INFINITY, reverse = false } = options;
    if (!(limit >= 0)) throw new TypeError("`limit` is a whole number of pairs");
    const { pairs, more } = await this.#scan(range, Math.min(Math.floor(limit), MAX_LIST), reverse);
    // Whoever sets no limit expects everything.
    if (more && limit > MAX_LIST) throw tooMany();
    const { type = "text" as Type, keyType = "text" as Key } = options;
    return pairs.map(({ key, value }) => [keyAs(key, keyType) as KeyOf<Key>, valueAs(value, type)]);
  }

  async #read(keys: readonly Uint8Array[]): Promise<(Uint8Array | null)[]> {
    const staged = keys.map((key) => this.#stagedValue(key));
    const asked = keys.filter((_, index) => staged[index] === undefined);
    const stored = asked.length === 0 ? [] : await this.#core.store.kvGet(this.#core.ref, asked);
    let next = 0;
    return staged.map((value) => (value === undefined ? (stored[next++] ?? null) : value));
  }

  /** The first `limit` pairs of a range, what is staged now included, and whether there are more. */
  async #scan(range: KvRange, limit: number, reverse: boolean): Promise<{ pairs: Pair[]; more: boolean }> {
    const staged = this.#stagedIn(range);
    const found: Pair[] = [];
    let size = 0;
    const add = (pair: Pair): void => {
      found.push(pair);
      size += pair.key.length + pair.value.length;
    };
    for (let rest: KvRange | null = range; rest !== null && found.length <= limit && size <= MAX_LIST_SIZE; ) {
      // No more than can be needed: what is staged as deleted takes a place too.
      const most = Math.min(PAGE, limit + 1 - found.length + staged.size);
      const page: readonly Pair[] = await this.#core.store.kvList(this.#core.ref, { ...rest, limit: most, reverse });
      for (const pair of page) if (!staged.has(encodeHex(pair.key))) add(pair);
      rest = page.length < most ? null : beyond(rest, page.at(-1)!.key, reverse);
    }
    for (const { key, value } of staged.values()) if (value !== null) add({ key, value });
    if (size > MAX_LIST_SIZE) {
      throw tooLarge("list_too_large", `a list takes at most ${MAX_LIST_SIZE} bytes`, size, MAX_LIST_SIZE);
    }
    found.sort((a, b) => (reverse ? compareKeys(b.key, a.key) : compareKeys(a.key, b.key)));
    return { pairs: found.slice(0, limit), more: found.length > limit };
  }

  /** Undefined: not staged; null: deleted. */
  #stagedValue(key: Uint8Array): Uint8Array | null | undefined {
    const { outbox } = this.#core;
    if (this.#apart === null && !outbox.hasStaged) return undefined;
    const hex = encodeHex(key);
    const pair = this.#apart?.get(hex) ?? (outbox.hasStaged ? outbox.staged.kv.get(hex) : undefined);
    return pair?.value;
  }

  #stagedIn(range: KvRange): Map<string, StagedPair> {
    const { outbox } = this.#core;
    const staged = [...(outbox.hasStaged ? outbox.staged.kv : []), ...(this.#apart ?? [])];
    return new Map(staged.filter(([, { key }]) => isIn(range, key)));
  }

  #stage(key: Uint8Array, value: Uint8Array | null): void {
    if (this.#isDropped) throw deniedAlready();
    (this.#apart ?? this.#core.outbox.staged.kv).set(encodeHex(key), { key, value });
  }

  #settle(): void {
    if (this.#apart !== null) return;
    if (this.#core.settle === undefined) this.#core.outbox.settle();
    else this.#core.settle();
  }
}

function tooMany(): Refusal {
  return tooLarge("list_too_large", `a list has at most ${MAX_LIST} pairs; give a limit`, MAX_LIST + 1, MAX_LIST);
}

function isIn({ start, end, prefix }: KvRange, key: Uint8Array): boolean {
  if (start !== undefined && compareKeys(key, start) < 0) return false;
  if (end !== undefined && compareKeys(key, end) >= 0) return false;
  return prefix === undefined || hasPrefix(key, prefix);
}

/** What of a range comes after a key, in the direction of travel. */
function beyond(range: KvRange, key: Uint8Array, reverse: boolean): KvRange {
  if (reverse) return { ...range, end: key };
  const start = new Uint8Array(key.length + 1);
  start.set(key);
  return { ...range, start };
}
