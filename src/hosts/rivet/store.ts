/**
 * Owns the store of a runner: each actor's rows where its Rivet actor runs here, and the host-wide rows at the directory.
 * What an actor that runs elsewhere would need is refused as `unavailable`: calls reach actors through their gateway, so
 * only one that is just moving is met here.
 */
import { Refusal } from "../../boundary/errors.ts";
import {
  type ActorRef,
  type ActorStore,
  type DueActor,
  type KvKey,
  type KvRange,
  type QueueRow,
  type ReplayRow,
  type RevocationRow,
  type Snapshot,
  StoreError,
  type WriteSet,
} from "../port.ts";
import type { ActorStorage } from "./actor-storage.ts";

/** The host-wide rows. */
export interface HostRows {
  putRevocation(row: RevocationRow): Promise<void>;
  listRevocations(now: number): Promise<readonly RevocationRow[]>;
  putEpoch(epoch: number): Promise<void>;
  getEpoch(): Promise<number>;
}

/** Reads and commits to rows that have no runtime of their own, wherever they are. */
export interface DistantRows {
  /** True for addresses whose rows every runner uses. */
  holds(actor: ActorRef): boolean;
  ask(actor: ActorRef, question: DistantQuestion): Promise<unknown>;
}

export type DistantQuestion =
  | { readonly op: "exists" }
  | { readonly op: "get"; readonly id: string }
  | { readonly op: "count" }
  | { readonly op: "prune"; readonly before: number }
  | { readonly op: "commit"; readonly writes: WriteSet };

export class RivetStore implements ActorStore {
  readonly #actors = new Map<string, { readonly ref: ActorRef; readonly storage: ActorStorage }>();
  readonly #host: HostRows;
  readonly #distant: DistantRows | null;
  #isClosed = false;

  constructor(host: HostRows, distant: DistantRows | null = null) {
    this.#host = host;
    this.#distant = distant;
  }

  /** The actor came to this runner. */
  adopt(ref: ActorRef, storage: ActorStorage): void {
    this.#actors.set(textOf(ref), { ref, storage });
  }

  /** The actor left; another storage that took its place stays. */
  release(ref: ActorRef, storage: ActorStorage): void {
    if (this.#actors.get(textOf(ref))?.storage === storage) this.#actors.delete(textOf(ref));
  }

  has(ref: ActorRef): boolean {
    return this.#actors.has(textOf(ref));
  }

  async load(actor: ActorRef): Promise<Snapshot | null> {
    if (this.#isDistant(actor)) return (await this.#distant!.ask(actor, { op: "exists" })) as Snapshot | null;
    return this.#at(actor).load();
  }

  async commit(writes: WriteSet): Promise<void> {
    if (this.#isDistant(writes.actor)) {
      await this.#distant!.ask(writes.actor, { op: "commit", writes });
      return;
    }
    await this.#at(writes.actor).commit(writes);
  }

  async readQueue(actor: ActorRef, query: Parameters<ActorStore["readQueue"]>[1]): Promise<readonly QueueRow[]> {
    return this.#at(actor).readQueue(query);
  }

  async findQueueKey(actor: ActorRef, queue: string, idempotencyKey: string): Promise<QueueRow | null> {
    return this.#at(actor).findQueueKey(queue, idempotencyKey);
  }

  async kvGet(actor: ActorRef, keys: readonly KvKey[]): Promise<readonly (Uint8Array | null)[]> {
    return this.#at(actor).kvGet(keys);
  }

  async kvList(
    actor: ActorRef,
    range: KvRange,
  ): Promise<readonly { readonly key: KvKey; readonly value: Uint8Array }[]> {
    return this.#at(actor).kvList(range);
  }

  async replayGet(actor: ActorRef, id: string): Promise<ReplayRow | null> {
    if (this.#isDistant(actor)) return (await this.#distant!.ask(actor, { op: "get", id })) as ReplayRow | null;
    return this.#at(actor).replayGet(id);
  }

  async replayCount(actor: ActorRef): Promise<number> {
    if (this.#isDistant(actor)) return (await this.#distant!.ask(actor, { op: "count" })) as number;
    return this.#at(actor).replayCount();
  }

  async replayPrune(actor: ActorRef, before: number): Promise<void> {
    if (this.#isDistant(actor)) await this.#distant!.ask(actor, { op: "prune", before });
    else if (this.has(actor)) await this.#at(actor).replayPrune(before);
  }

  /** Actors of this runner alone. */
  list(name: string, after: string | null, limit: number): readonly ActorRef[] {
    this.#assertOpen();
    return this.#existing()
      .map(({ ref }) => ref)
      .filter((ref) => ref.name === name && (after === null || ref.key > after))
      .sort((a, b) => compareText(a.key, b.key))
      .slice(0, limit);
  }

  /** Among the actors of this runner: an id leads to its Rivet actor before it is looked up. */
  findById(id: string): ActorRef | null {
    this.#assertOpen();
    for (const { ref, storage } of this.#existing()) if (storage.facts?.meta.id === id) return ref;
    return null;
  }

  /** Of the actors of this runner; the engine wakes the others. */
  due(before: number, limit: number, after?: DueActor): readonly DueActor[] {
    this.#assertOpen();
    return this.#existing()
      .map(({ ref, storage }) => ({ actor: ref, wakeAt: storage.facts!.meta.running ? 0 : storage.facts!.wakeAt }))
      .filter((entry): entry is DueActor => entry.wakeAt !== null && entry.wakeAt <= before)
      .filter((entry) => after === undefined || compareDue(entry, after) > 0)
      .sort(compareDue)
      .slice(0, limit);
  }

  nextDue(after: number): number | null {
    this.#assertOpen();
    let next: number | null = null;
    for (const { storage } of this.#existing()) {
      const { wakeAt } = storage.facts!;
      if (wakeAt !== null && wakeAt > after && (next === null || wakeAt < next)) next = wakeAt;
    }
    return next;
  }

  putRevocation(row: RevocationRow): Promise<void> {
    return this.#host.putRevocation(row);
  }
  listRevocations(now: number): Promise<readonly RevocationRow[]> {
    return this.#host.listRevocations(now);
  }
  putEpoch(epoch: number): Promise<void> {
    return this.#host.putEpoch(epoch);
  }
  getEpoch(): Promise<number> {
    return this.#host.getEpoch();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  #isDistant(actor: ActorRef): boolean {
    this.#assertOpen();
    return this.#distant?.holds(actor) === true;
  }

  #existing(): readonly { readonly ref: ActorRef; readonly storage: ActorStorage }[] {
    return [...this.#actors.values()].filter(({ storage }) => storage.facts !== null && !storage.isOver);
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new StoreError("closed", "The store is closed");
  }

  #at(actor: ActorRef): ActorStorage {
    this.#assertOpen();
    const found = this.#actors.get(textOf(actor));
    if (found === undefined) throw new Refusal("unavailable", { reason: "actor.elsewhere", retryAfter: 1 });
    return found.storage;
  }
}

function compareDue(a: DueActor, b: DueActor): number {
  return a.wakeAt - b.wakeAt || compareText(a.actor.name, b.actor.name) || compareText(a.actor.key, b.actor.key);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function textOf(ref: ActorRef): string {
  return `${ref.name}/${ref.key}`;
}
