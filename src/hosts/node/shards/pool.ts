/**
 * Owns the threads of the shards: starting them, starting them again when they die, and stopping them. One that dies has its
 * sockets closed with 1012, its calls failed as by a crash; another takes its place once everything it had handed to the
 * store is settled, so that nobody loads what is about to be written over.
 *
 * P1 Threads that cannot take their seats, for whatever reason, are ended before anything was served: the caller goes on in one
 * thread. P2 A shard that keeps dying is started ever more slowly.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { MessageChannel, Worker } from "node:worker_threads";
import type { MaybePromise } from "../../../boundary/maybe-promise.ts";
import type { RateCounter } from "../../../boundary/rate.ts";
import type { Logger } from "../../port.ts";
import type { SqliteStore } from "../store/sqlite-store.ts";
import type { CallContext } from "./calls.ts";
import { Peer } from "./peer.ts";
import { restarting, type Shards } from "./router.ts";
import { SEAT, type Seat } from "./seat.ts";
import { freeLocks, newSharedTable, SharedRateTable, type SharedTable } from "./shared-rates.ts";
import { THREAD_ENTRY } from "./thread-entry.ts";

/** ms in which a thread's module must have been loaded; and, once it is, have taken the seat. */
const LOAD_PATIENCE = 60_000;
const SEAT_PATIENCE = 2000;
/** ms a call between actors waits for a shard that is being started. */
const UP_PATIENCE = 5000;
const RESTART_FIRST = 100;
const RESTART_MAX = 10_000;
/** ms after which a shard that died is thought to have been sound. */
const SOUND_AFTER = 30_000;

export interface PoolOptions {
  readonly count: number;
  readonly module: string;
  readonly fingerprint: string;
  readonly store: SqliteStore;
  readonly log: Logger;
  readonly rateTables: number;
  readonly wantsDecisions: boolean;
  /** ms that stopping may take. */
  readonly stopPatience: number;
}

export interface PoolHandlers {
  call(from: Peer, method: string, data: unknown, context: CallContext): Promise<unknown>;
  decision(decision: unknown): void;
}

/** What a thread says by its own port, beside the channel. */
export type ThreadReport = { readonly kind: "loaded" } | { readonly kind: "failed"; readonly why: string };

export class Pool implements Shards {
  readonly count: number;
  readonly #tables: readonly SharedTable[];
  readonly #members: Member[];
  #handlers: PoolHandlers | null = null;

  private constructor(options: PoolOptions) {
    this.count = options.count;
    this.#tables = Array.from({ length: options.rateTables }, () => newSharedTable(randomBytes(32).toString("hex")));
    this.#members = Array.from(
      { length: options.count },
      (_, index) => new Member(index, options, this.#tables, () => this.#handlers),
    );
  }

  /** Starts the threads until each has taken its seat. Rejects with why one could not, and then none is left. */
  static async seat(options: PoolOptions): Promise<Pool> {
    const pool = new Pool(options);
    try {
      await Promise.all(pool.#members.map((member) => member.start()));
      return pool;
    } catch (error) {
      await Promise.all(pool.#members.map((member) => member.end()));
      throw error;
    }
  }

  /** Lets them start; resolves when each of them serves. */
  async begin(handlers: PoolHandlers): Promise<void> {
    this.#handlers = handlers;
    await Promise.all(this.#members.map((member) => member.begin()));
  }

  /** The counts of the main thread, in the order in which a runtime makes them. */
  counters(): (limit: number, window: number) => RateCounter {
    let table = 0;
    return (limit, window) => new SharedRateTable(limit, window, this.#tables[table++]!, 1);
  }

  peer(index: number): Peer | null {
    return this.#members[index]!.serving;
  }
  whenUp(index: number): MaybePromise<Peer> {
    return this.#members[index]!.whenUp();
  }
  all(): readonly Peer[] {
    return this.#members.flatMap(({ peer }) => (peer === null ? [] : [peer]));
  }

  /** Stops every actor cleanly, then the threads. */
  async stop(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.stop()));
  }

  /** Ends the threads at once. */
  async end(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.end()));
  }
}

/** One shard, through its lives. */
class Member {
  readonly #index: number;
  readonly #options: PoolOptions;
  readonly #tables: readonly SharedTable[];
  readonly #handlers: () => PoolHandlers | null;
  #life: Life | null = null;
  #pause = RESTART_FIRST;
  #isOver = false;
  /** Resolves when it serves again. */
  #nextUp = Promise.withResolvers<void>();

  constructor(
    index: number,
    options: PoolOptions,
    tables: readonly SharedTable[],
    handlers: () => PoolHandlers | null,
  ) {
    this.#index = index;
    this.#options = options;
    this.#tables = tables;
    this.#handlers = handlers;
  }

  /** Anyone who has begun to start. */
  get peer(): Peer | null {
    return this.#life?.peer ?? null;
  }
  get serving(): Peer | null {
    return this.#life?.isUp === true ? this.#life.peer : null;
  }

  whenUp(): MaybePromise<Peer> {
    return this.serving ?? this.#waitUntilUp();
  }

  async #waitUntilUp(): Promise<Peer> {
    await Promise.race([this.#nextUp.promise, sleep(UP_PATIENCE, undefined, { ref: false })]);
    const { serving } = this;
    if (serving === null) throw restarting();
    return serving;
  }

  async start(): Promise<void> {
    this.#life = new Life(this.#index, this.#options, this.#tables, this.#handlers);
    await this.#life.seated;
  }

  async begin(): Promise<void> {
    const life = this.#life!;
    life.begin();
    await life.up;
    this.#nextUp.resolve();
    this.#nextUp = Promise.withResolvers();
    const since = Date.now();
    void life.gone.then((why) => this.#died(why, Date.now() - since));
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    const life = this.#life;
    if (life === null) return;
    if (life.isUp) {
      const late = sleep(this.#options.stopPatience, "late", { ref: false });
      const stopped = life.peer.calls.call("stop", null).catch(() => null);
      if ((await Promise.race([stopped, late])) === "late") {
        this.#options.log.error({ shard: this.#index }, "a shard did not stop in time and is ended");
      }
    }
    await this.end();
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#life?.end();
  }

  async #died(why: string, lived: number): Promise<void> {
    if (this.#isOver) return;
    if (lived > SOUND_AFTER) this.#pause = RESTART_FIRST;
    for (;;) {
      const pause = this.#pause;
      this.#pause = Math.min(pause * 2, RESTART_MAX);
      this.#options.log.error({ shard: this.#index, why, pause }, "a shard ended; it is started again");
      await sleep(pause, undefined, { ref: false });
      if (this.#isOver) return;
      try {
        await this.start();
        await this.begin();
        return;
      } catch (error) {
        why = error instanceof Error ? error.message : String(error);
        await this.#life?.end();
        if (this.#isOver) return;
      }
    }
  }
}

/** One thread of a shard, from start to end. */
class Life {
  readonly peer: Peer;
  /** Its seat is taken. Rejects with why it could not be. */
  readonly seated: Promise<void>;
  /** It serves. */
  readonly up: Promise<void>;
  /** It is gone, with all it had handed to the store; why. */
  readonly gone: Promise<string>;
  isUp = false;
  readonly #thread: Worker;
  readonly #seated = Promise.withResolvers<void>();
  readonly #up = Promise.withResolvers<void>();
  readonly #start = Promise.withResolvers<void>();
  #why = "it ended by itself";

  constructor(
    index: number,
    options: PoolOptions,
    tables: readonly SharedTable[],
    handlers: () => PoolHandlers | null,
  ) {
    this.seated = this.#seated.promise;
    this.up = this.#up.promise;
    for (const promise of [this.seated, this.up]) promise.catch(() => {});
    const { port1, port2 } = new MessageChannel();
    const { share, gone: released } = options.store.share();
    const { module, fingerprint, wantsDecisions, count: shards } = options;
    const seat: Seat = { index, shards, module, fingerprint, port: port2, store: share, rates: tables, wantsDecisions };
    this.#thread = new Worker(THREAD_ENTRY, {
      workerData: { [SEAT]: seat },
      transferList: [port2, share.writer, share.reader],
      name: `byward-shard-${index}`,
    });
    const closed = Promise.withResolvers<void>();
    const exited = Promise.withResolvers<void>();
    this.peer = new Peer(port1, {
      call: (method, data, context) => this.#answer(handlers, method, data, context),
      decision: (decision) => handlers()?.decision(decision),
      gone: () => {
        this.isUp = false;
        closed.resolve();
      },
    });
    this.#thread.on("message", (report: ThreadReport) => this.#heard(report));
    this.#thread.on("error", (error) => {
      this.#why = error.stack ?? String(error);
    });
    this.#thread.on("exit", () => exited.resolve());
    this.gone = Promise.all([closed.promise, exited.promise, released]).then(() => {
      for (const table of tables) freeLocks(table, index + 2);
      const error = new Error(this.#why);
      this.#seated.reject(error);
      this.#up.reject(error);
      return this.#why;
    });
    this.#expectSeat(LOAD_PATIENCE, "the module was not loaded in time");
  }

  /** Tells the thread that everything it may ask for is there. */
  begin(): void {
    this.#start.resolve();
  }

  async end(): Promise<void> {
    this.isUp = false;
    await this.#thread.terminate();
    await this.gone;
  }

  #heard(report: ThreadReport): void {
    if (report.kind === "failed") this.#fail(report.why);
    else this.#expectSeat(SEAT_PATIENCE, "the module neither exports nor serves this registry");
  }

  #expectSeat(patience: number, why: string): void {
    const late = setTimeout(() => this.#fail(why), patience);
    const cancel = (): void => clearTimeout(late);
    this.seated.then(cancel, cancel);
  }

  #fail(why: string): void {
    this.#why = why;
    this.#seated.reject(new Error(why));
    this.#up.reject(new Error(why));
    void this.#thread.terminate();
  }

  async #answer(
    handlers: () => PoolHandlers | null,
    method: string,
    data: unknown,
    context: CallContext,
  ): Promise<unknown> {
    switch (method) {
      case "attach":
        this.#seated.resolve();
        await this.#start.promise;
        return null;
      case "ready":
        this.isUp = true;
        this.#up.resolve();
        return null;
      case "unfit":
        this.#fail(String(data));
        return null;
      default:
        return handlers()!.call(this.peer, method, data, context);
    }
  }
}
