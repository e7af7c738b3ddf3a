/**
 * Owns the store of a front Worker, which keeps nothing itself: reserved rows, such as ids of deliveries to services, are in
 * objects of their own. Actors are never stored through it.
 */
import {
  type ActorRef,
  type ActorStore,
  type KvKey,
  type QueueRow,
  type ReplayRow,
  type Snapshot,
  StoreError,
  type WriteSet,
} from "../port.ts";
import type { ObjectStore } from "./store.ts";
import { callObject, type Stubs } from "./stubs.ts";

const OPERATIONS = ["load", "commit", "replayGet", "replayCount", "replayPrune"] as const;
type Operation = (typeof OPERATIONS)[number];

/** Answers, in the object that keeps the rows, what a {@link RemoteStore} asks. @throws StoreError */
export function answerStore(store: ObjectStore, [operation, ...args]: readonly unknown[]): unknown {
  const ref = operation === "commit" ? (args[0] as WriteSet).actor : (args[0] as ActorRef);
  if (!OPERATIONS.includes(operation as Operation) || !ref.name.startsWith("$")) {
    throw new StoreError("failed", "Only reserved rows are kept for others");
  }
  return (store[operation as Operation] as (...given: readonly unknown[]) => unknown).apply(store, args);
}

export class RemoteStore implements ActorStore {
  readonly #stubs: Stubs;

  constructor(stubs: Stubs) {
    this.#stubs = stubs;
  }

  load(actor: ActorRef): Promise<Snapshot | null> {
    return this.#ask(actor, "load", actor) as Promise<Snapshot | null>;
  }
  async commit(writes: WriteSet): Promise<void> {
    await this.#ask(writes.actor, "commit", writes);
  }
  replayGet(actor: ActorRef, id: string): Promise<ReplayRow | null> {
    return this.#ask(actor, "replayGet", actor, id) as Promise<ReplayRow | null>;
  }
  replayCount(actor: ActorRef): Promise<number> {
    return this.#ask(actor, "replayCount", actor) as Promise<number>;
  }
  async replayPrune(actor: ActorRef, before: number): Promise<void> {
    await this.#ask(actor, "replayPrune", actor, before);
  }

  readQueue(): readonly QueueRow[] {
    throw notHere();
  }
  findQueueKey(): QueueRow | null {
    throw notHere();
  }
  kvGet(): readonly (Uint8Array | null)[] {
    throw notHere();
  }
  kvList(): readonly { readonly key: KvKey; readonly value: Uint8Array }[] {
    throw notHere();
  }
  list(): readonly ActorRef[] {
    throw notHere();
  }
  findById(): ActorRef | null {
    throw notHere();
  }
  due(): readonly [] {
    return [];
  }
  nextDue(): null {
    return null;
  }
  async putRevocation(): Promise<void> {
    throw notHere();
  }
  listRevocations(): readonly [] {
    return [];
  }
  async putEpoch(): Promise<void> {
    throw notHere();
  }
  getEpoch(): number {
    return 0;
  }
  async close(): Promise<void> {}

  #ask(actor: ActorRef, operation: Operation, ...args: readonly unknown[]): Promise<unknown> {
    return callObject(this.#stubs.ofRef(actor), "store", operation, ...args);
  }
}

function notHere(): StoreError {
  return new StoreError("failed", "A front Worker keeps no rows: they are in the objects of the actors");
}
