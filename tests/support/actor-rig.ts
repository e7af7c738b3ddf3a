/**
 * Owns an actor's worth of parts around its queues, schedule and kv for tests: outbox, state and a store that writes
 * late, so that a crash loses what was not durable.
 */

import { Outbox } from "../../src/actors/outbox.ts";
import { ActorQueues } from "../../src/actors/queue.ts";
import { StateCell } from "../../src/actors/state.ts";
import type { QueueToken } from "../../src/actors/tokens.ts";
import type { CallerRecord } from "../../src/boundary/scheme.ts";
import { VirtualClock } from "../../src/hosts/memory/clock.ts";
import { MemoryStore } from "../../src/hosts/memory/store.ts";
import type { ActorMeta, ActorRef, ActorStore, Logger, Snapshot, WriteSet } from "../../src/hosts/port.ts";
import { StoreError } from "../../src/hosts/port.ts";

export const REF: ActorRef = { name: "worker", key: "one" };

/** A store whose commits take effect when the test says so; reads see everything handed over, as the port demands. */
export class LateStore {
  readonly inner = new MemoryStore();
  /** Commits handed over and not applied yet, in order. */
  readonly #queued: (() => void)[] = [];
  /** True: commits apply in the microtask after they are handed over. */
  isPrompt = true;
  reads = 0;
  rowsRead = 0;

  get queued(): number {
    return this.#queued.length;
  }

  /** The face one life of the actor uses; after a crash it answers nothing any more. */
  open(): ActorStore & { crash(): void } {
    let isDead = false;
    const guarded = <T>(read: () => T): Promise<T> => {
      if (isDead) return new Promise(() => {});
      this.#applyAll();
      return Promise.resolve(read()).then((value) => (isDead ? new Promise<never>(() => {}) : value));
    };
    const inner = this.inner;
    const commit = (writes: WriteSet): Promise<void> => {
      if (isDead) return new Promise(() => {});
      return new Promise((resolve, reject) => {
        this.#queued.push(() => {
          inner.commit(writes).then(
            () => !isDead && resolve(),
            (error) => !isDead && reject(error),
          );
        });
        if (this.isPrompt) queueMicrotask(() => !isDead && this.applyNext());
      });
    };
    return Object.assign(Object.create(inner) as ActorStore, {
      commit,
      crash: () => {
        isDead = true;
        this.#queued.length = 0;
      },
      load: (actor: ActorRef) => guarded(() => inner.load(actor)),
      readQueue: (actor: ActorRef, query: Parameters<ActorStore["readQueue"]>[1]) =>
        guarded(() => {
          const rows = inner.readQueue(actor, query);
          this.reads += 1;
          this.rowsRead += rows.length;
          return rows;
        }),
      findQueueKey: (actor: ActorRef, queue: string, key: string) =>
        guarded(() => inner.findQueueKey(actor, queue, key)),
      kvGet: (actor: ActorRef, keys: readonly Uint8Array[]) => guarded(() => inner.kvGet(actor, keys)),
      kvList: (actor: ActorRef, range: Parameters<ActorStore["kvList"]>[1]) =>
        guarded(() => inner.kvList(actor, range)),
      replayPrune: (actor: ActorRef, before: number) => guarded(() => inner.replayPrune(actor, before)),
    });
  }

  applyNext(): void {
    this.#queued.shift()?.();
  }

  #applyAll(): void {
    while (this.#queued.length > 0) this.applyNext();
  }
}

export interface Logged {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}

export function listLogger(lines: Logged[]): Logger {
  const at = (level: string) => (fields: object, message: string) => void lines.push({ level, fields, message });
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: () => listLogger(lines),
  };
}

export interface RigOptions {
  readonly store?: LateStore;
  readonly clock?: VirtualClock;
  readonly limits?: { readonly maxQueueSize?: number; readonly maxQueueMessageSize?: number };
  readonly queues?: Readonly<Record<string, Partial<QueueToken>>> | null;
  readonly revoked?: (caller: CallerRecord) => boolean;
}

/** One life of one actor. */
export class Rig<State> {
  readonly clock: VirtualClock;
  readonly late: LateStore;
  readonly store: ReturnType<LateStore["open"]>;
  readonly outbox: Outbox;
  readonly cell: StateCell<State>;
  readonly queues: ActorQueues;
  readonly logged: Logged[] = [];
  /** What was loaded; null for a new actor. */
  readonly snapshot: Snapshot | null;
  readonly stop = new AbortController();
  isStopping = false;
  failed: unknown = null;
  changes = 0;
  #meta: ActorMeta;

  private constructor(
    options: RigOptions,
    store: ReturnType<LateStore["open"]>,
    state: State,
    snapshot: Snapshot | null,
  ) {
    this.late = options.store!;
    this.clock = options.clock!;
    this.store = store;
    this.snapshot = snapshot;
    this.#meta = snapshot?.meta ?? { id: "i", createdAt: 0, version: 1, nextQueueId: 1, running: false };
    this.cell = new StateCell<State>(state, {
      onDirty: () => {
        this.outbox.staged.stateDirty = true;
        this.outbox.settle();
      },
    });
    this.outbox = new Outbox({
      actor: REF,
      store,
      durability: "durable",
      clock: this.clock,
      saveInterval: 10_000,
      encodeState: () => this.cell.encode(),
      wakeAt: () => this.queues.wakeAt(),
      commitFailed: (error) => {
        this.failed = error;
      },
    });
    this.queues = new ActorQueues({
      ref: REF,
      clock: this.clock,
      store,
      outbox: this.outbox,
      log: listLogger(this.logged),
      limits: { maxQueueSize: 1000, maxQueueMessageSize: 1_048_576, ...options.limits },
      declared: declaredOf(options.queues ?? null),
      counts: snapshot?.queues ?? {},
      nextId: () => this.#takeId(),
      isStopping: () => this.isStopping,
      stopSignal: this.stop.signal,
      isRevoked: options.revoked ?? (() => false),
      onChange: () => {
        this.changes += 1;
      },
      onActivity: () => {},
    });
  }

  /** Loads the actor, or creates it with the given state. */
  static async open<State>(initial: State, options: RigOptions = {}): Promise<Rig<State>> {
    const full = { ...options, store: options.store ?? new LateStore(), clock: options.clock ?? new VirtualClock() };
    const store = full.store.open();
    const snapshot = await store.load(REF);
    const state = snapshot?.state == null ? initial : (StateCell.restore(snapshot.state).raw as State);
    const rig = new Rig<State>(full, store, state, snapshot);
    if (snapshot === null) {
      rig.outbox.beginCreate(rig.#meta);
      await rig.outbox.durable();
    }
    return rig;
  }

  get state(): State {
    return this.cell.value;
  }

  /** The process is gone: what was not durable never was. */
  crash(): void {
    this.store.crash();
  }

  halt(): void {
    this.isStopping = true;
    this.stop.abort(new StoreError("closed", "stopping"));
  }

  /** Moves time on, with the alarm an instance would have set. */
  async advance(ms: number): Promise<void> {
    const end = this.clock.now() + ms;
    for (;;) {
      const at = this.queues.earliest();
      if (at === null || at > end) break;
      await this.clock.advanceTo(Math.max(at, this.clock.now()));
      this.queues.deliverDue();
      await this.clock.drain();
    }
    await this.clock.advanceTo(end);
  }

  #takeId(): number {
    const id = this.#meta.nextQueueId;
    this.#meta = { ...this.#meta, nextQueueId: id + 1 };
    this.outbox.staged.meta = this.#meta;
    return id;
  }
}

function declaredOf(queues: RigOptions["queues"]): Map<string, { readonly token: QueueToken }> | null {
  if (queues == null) return null;
  const defaults: QueueToken = {
    type: "queue",
    message: null,
    complete: null,
    onRevoked: "run",
    maxAttempts: 10,
    visibilityTimeout: 30_000,
  };
  return new Map(Object.entries(queues).map(([name, token]) => [name, { token: { ...defaults, ...token } }]));
}
