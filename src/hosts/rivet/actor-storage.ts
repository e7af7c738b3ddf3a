/**
 * Owns the rows of one actor on the runner that has it: reads and commits over `c.db`, one after the other in the order
 * they were handed over. One write set is one transaction, and the engine refuses it from an owner that was replaced (a
 * runner that was paused past failover): such an actor never acknowledges (G8).
 *
 * A commit that fails for another reason than what it asked for leaves open whether it happened. Then this storage is
 * over: nothing more is read or written here, and the actor starts anew from what the engine has.
 */
import { afterPrefix, compareBytes } from "../kv-range.ts";
import {
  type ActorMeta,
  type ActorRef,
  type Clock,
  type KvKey,
  type KvRange,
  type QueueRow,
  type ReplayRow,
  type Snapshot,
  StoreError,
  type WriteSet,
} from "../port.ts";
import { Alarm, type Work } from "./alarm.ts";
import type { RivetContext, RivetDatabase } from "./platform.ts";
import { bytesOf, type Columns, connectionOf, metaOf, queueRowOf, replayOf, scheduleOf } from "./rows.ts";
import { QUEUE_STATUS, type Statement, statementsOf } from "./statements.ts";

export interface StorageParts {
  readonly context: Pick<RivetContext, "db" | "run">;
  readonly ref: ActorRef;
  readonly clock: Clock;
  /** ms a deadline stands ahead of work under way. */
  readonly guard: number;
  /** It is over: the actor must start anew. Called once. */
  readonly onBroken: (error: unknown) => void;
  /** Work of the actor may be due. */
  readonly onDue: () => void;
}

/** What is known of the actor without reading. */
export interface Facts {
  readonly meta: ActorMeta;
  readonly wakeAt: number | null;
}

interface Job {
  readonly isCommit: boolean;
  readonly run: () => Promise<void>;
  readonly fail: (error: unknown) => void;
}

export class ActorStorage {
  readonly #parts: StorageParts;
  readonly #alarm: Alarm;
  readonly #jobs: Job[] = [];
  #facts: Facts | null = null;
  #isRunning = false;
  #ended: StoreError | null = null;
  #idle: (() => void)[] = [];

  private constructor(parts: StorageParts) {
    this.#parts = parts;
    const { clock } = parts;
    this.#alarm = new Alarm(
      {
        clock,
        setWakeAt: (at) => parts.context.run.setWakeAt(at),
        work: () => workOf(this.#facts),
        failed: (error) => this.#break(error),
        due: parts.onDue,
      },
      parts.guard,
    );
  }

  /** Opens the rows of an actor that came to this runner. */
  static async open(parts: StorageParts): Promise<ActorStorage> {
    const storage = new ActorStorage(parts);
    storage.#facts = await storage.#readFacts(parts.context.db);
    return storage;
  }

  /** Null while no such actor exists. */
  get facts(): Facts | null {
    return this.#facts;
  }

  get isOver(): boolean {
    return this.#ended !== null;
  }

  /** The actor leaves this runner in order: what was handed over is written, the engine knows when to wake it. */
  async leave(): Promise<void> {
    if (this.#isRunning) await new Promise<void>((done) => this.#idle.push(done));
    if (this.#ended === null) await this.#alarm.leave(workOf(this.#facts));
    this.end("The actor left this runner");
  }

  /** Nothing is read or written here any more. */
  end(why: string): void {
    this.#ended ??= new StoreError("failed", why);
    this.#alarm.stop();
  }

  load(): Promise<Snapshot | null> {
    return this.#read(async (db) => {
      const facts = await this.#readFacts(db);
      if (facts === null) return null;
      const [state] = await db.execute("SELECT state FROM bw_state");
      const schedules = await db.execute("SELECT * FROM bw_schedule ORDER BY id");
      const connections = await db.execute("SELECT * FROM bw_connection ORDER BY id");
      const counts = await db.execute(
        "SELECT queue, status, count(*) AS n FROM bw_queue WHERE status < 2 GROUP BY queue, status",
      );
      return {
        meta: facts.meta,
        state: (state?.["state"] ?? null) as string | null,
        schedules: schedules.map(scheduleOf),
        connections: connections.map(connectionOf),
        queues: tallyOf(counts),
      };
    });
  }

  /** A relaxed commit waits like any other: the engine is asked for every commit anyway. */
  commit(writes: WriteSet): Promise<void> {
    return new Promise((done, fail) => {
      let statements: readonly Statement[] | StoreError;
      try {
        statements = statementsOf(writes);
      } catch (error) {
        // It fails in its turn, and those handed over behind it with it.
        statements =
          error instanceof StoreError ? error : new StoreError("failed", "Write set refused", { cause: error });
      }
      const { mode, meta, wakeAt } = writes;
      this.#push({
        isCommit: true,
        run: async () => {
          await this.#apply(mode, meta, wakeAt, statements);
          done();
        },
        fail,
      });
    });
  }

  async #apply(
    mode: WriteSet["mode"],
    meta: ActorMeta | undefined,
    wakeAt: number | null | undefined,
    statements: readonly Statement[] | StoreError,
  ): Promise<void> {
    if (statements instanceof StoreError) throw statements;
    const before = this.#facts;
    if (mode === "create" && before !== null) throw new StoreError("conflict", `${this.#name} already exists`);
    if (mode !== "create" && before === null) throw new StoreError("missing", `${this.#name} does not exist`);
    const known = meta ?? before?.meta;
    const after: Facts | null =
      mode === "destroy" || known === undefined
        ? null
        : { meta: known, wakeAt: wakeAt === undefined ? (before?.wakeAt ?? null) : wakeAt };
    if (statements.length > 0) {
      try {
        await this.#alarm.cover(workOf(after));
        await this.#parts.context.db.transaction(
          async (tx) => {
            for (const { sql, args } of statements) await tx.execute(sql, ...args);
          },
          { name: "byward-commit" },
        );
      } catch (error) {
        throw this.#failureOf(error);
      }
    }
    this.#facts = after;
  }

  #failureOf(error: unknown): StoreError {
    // SQLite says so before anything is written; everything else may have happened or not.
    if (/UNIQUE constraint failed: (index 'bw_queue_key'|bw_queue\.queue)/.test(String(error))) {
      return new StoreError("conflict", `A queue of ${this.#name} holds this idempotency id already`);
    }
    this.#break(error);
    return new StoreError("failed", `A commit of ${this.#name} failed`, { cause: error });
  }

  #break(error: unknown): void {
    if (this.#ended !== null) return;
    this.end(`The actor ${this.#name} lost its place here`);
    this.#parts.onBroken(error);
  }

  readQueue(query: {
    readonly queue: string | null;
    readonly status: "ready" | "dead";
    readonly afterId: number;
    readonly limit: number;
  }): Promise<readonly QueueRow[]> {
    const { queue, status, afterId, limit } = query;
    const where = queue === null ? "" : " AND queue = ?";
    const sql = `SELECT * FROM bw_queue WHERE status = ? AND id > ?${where} ORDER BY id LIMIT ?`;
    const args = [QUEUE_STATUS.indexOf(status), afterId, ...(queue === null ? [] : [queue]), limit];
    return this.#read(async (db) => (await db.execute(sql, ...args)).map(queueRowOf));
  }

  findQueueKey(queue: string, idempotencyKey: string): Promise<QueueRow | null> {
    return this.#read(async (db) => {
      const sql = "SELECT * FROM bw_queue WHERE queue = ? AND idempotency = ?";
      const [row] = await db.execute(sql, queue, idempotencyKey);
      return row === undefined ? null : queueRowOf(row);
    });
  }

  kvGet(keys: readonly KvKey[]): Promise<readonly (Uint8Array | null)[]> {
    const wanted = keys.map((key) => new Uint8Array(key));
    return this.#read(async (db) => {
      const found: (Uint8Array | null)[] = [];
      for (const key of wanted) {
        const [row] = await db.execute("SELECT value FROM bw_kv WHERE key = ? LIMIT ?", key, 1);
        found.push(row === undefined ? null : bytesOf(row["value"]));
      }
      return found;
    });
  }

  kvList(range: KvRange): Promise<readonly { readonly key: KvKey; readonly value: Uint8Array }[]> {
    const { where, args } = rangeOf(range);
    const order = range.reverse === true ? "DESC" : "ASC";
    const sql = `SELECT key, value FROM bw_kv${where} ORDER BY key ${order} LIMIT ?`;
    const limit = range.limit ?? -1;
    return this.#read(async (db) => {
      const rows = await db.execute(sql, ...args, limit);
      return rows.map((row) => ({ key: bytesOf(row["key"]), value: bytesOf(row["value"]) }));
    });
  }

  replayGet(id: string): Promise<ReplayRow | null> {
    return this.#read(async (db) => {
      const [row] = await db.execute("SELECT * FROM bw_replay WHERE id = ?", id);
      return row === undefined ? null : replayOf(row);
    });
  }

  replayCount(): Promise<number> {
    return this.#read(async (db) => Number((await db.execute("SELECT count(*) AS n FROM bw_replay"))[0]?.["n"] ?? 0));
  }

  replayPrune(before: number): Promise<void> {
    return this.#read(async (db) => {
      await db.transaction(
        async (tx) => {
          await tx.execute("DELETE FROM bw_replay WHERE keep_until < ?", before);
          await tx.execute("DELETE FROM bw_queue WHERE status = 2 AND keep_until < ?", before);
        },
        { name: "byward-prune" },
      );
    });
  }

  async #readFacts(db: RivetDatabase): Promise<Facts | null> {
    const [row] = await db.execute("SELECT * FROM bw_actor");
    if (row === undefined) return null;
    const wakeAt = row["wake_at"] ?? null;
    return { meta: metaOf(row), wakeAt: wakeAt === null ? null : Number(wakeAt) };
  }

  #read<T>(work: (db: RivetDatabase) => Promise<T>): Promise<T> {
    return new Promise((done, fail) => {
      this.#push({
        isCommit: false,
        run: async () => {
          try {
            done(await work(this.#parts.context.db));
          } catch (error) {
            throw new StoreError("failed", `Reading ${this.#name} failed`, { cause: error });
          }
        },
        fail,
      });
    });
  }

  #push(job: Job): void {
    if (this.#ended !== null) {
      job.fail(this.#ended);
      return;
    }
    this.#jobs.push(job);
    if (!this.#isRunning) void this.#work();
  }

  async #work(): Promise<void> {
    this.#isRunning = true;
    for (let job = this.#jobs.shift(); job !== undefined; job = this.#jobs.shift()) {
      try {
        if (this.#ended !== null) throw this.#ended;
        await job.run();
      } catch (error) {
        job.fail(error);
        if (job.isCommit) this.#failBehind(error);
      }
    }
    this.#isRunning = false;
    for (const done of this.#idle.splice(0)) done();
  }

  /** Commits handed over before this failure was known were built on it. */
  #failBehind(cause: unknown): void {
    const rest = this.#jobs.splice(0);
    for (const job of rest) {
      if (job.isCommit) job.fail(new StoreError("failed", `An earlier commit of ${this.#name} failed`, { cause }));
      else this.#jobs.push(job);
    }
  }

  get #name(): string {
    return `${this.#parts.ref.name}/${this.#parts.ref.key}`;
  }
}

function workOf(facts: Facts | null): Work | null {
  return facts === null ? null : { wakeAt: facts.wakeAt, running: facts.meta.running };
}

function tallyOf(counts: readonly Columns[]): Snapshot["queues"] {
  // Names are the peers': by one of them, `__proto__`, a plain object would be led to the prototype of all.
  const tallies = new Map<string, { ready: number; dead: number }>();
  for (const row of counts) {
    const queue = String(row["queue"]);
    const tally = tallies.get(queue) ?? { ready: 0, dead: 0 };
    tally[Number(row["status"]) === 0 ? "ready" : "dead"] = Number(row["n"]);
    tallies.set(queue, tally);
  }
  return Object.fromEntries(tallies);
}

function rangeOf(range: KvRange): { readonly where: string; readonly args: readonly unknown[] } {
  const starts = [range.start, range.prefix].filter((key) => key !== undefined);
  const ends = [range.end, range.prefix === undefined ? undefined : (afterPrefix(range.prefix) ?? undefined)];
  const start = starts.sort(compareBytes).at(-1);
  const end = ends.filter((key) => key !== undefined).sort(compareBytes)[0];
  const parts = [start === undefined ? "" : "key >= ?", end === undefined ? "" : "key < ?"].filter(
    (part) => part !== "",
  );
  return {
    where: parts.length === 0 ? "" : ` WHERE ${parts.join(" AND ")}`,
    args: [start, end].filter((key) => key !== undefined).map((key) => new Uint8Array(key)),
  };
}
