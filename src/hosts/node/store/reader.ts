/**
 * Owns the reads, on a read-only connection in a thread of its own: a load never waits behind a group being written. It
 * sees what is committed; the store makes a read wait for writes of the same actor handed over before it.
 */
import { afterPrefix } from "../../kv-range.ts";
import type {
  ActorRef,
  ConnectionRow,
  DueActor,
  KvKey,
  KvRange,
  QueueRow,
  ReplayRow,
  RevocationRow,
  ScheduleRow,
  Snapshot,
} from "../../port.ts";
import { actorSeed, hostSum } from "./checksum.ts";
import { type Counts, parseCounts } from "./counts.ts";
import {
  assertAllRevocations,
  assertEpoch,
  assertNoMessage,
  assertNoPair,
  assertNoReplay,
  assertSamePairs,
  assertWhole,
  assertWholeQueue,
} from "./cross-check.ts";
import { damaged } from "./failure.ts";
import { findPlace, findRow, isFiledRight } from "./find-actor.ts";
import {
  type Columns,
  type Owner,
  QUEUE_STATUS,
  readActor,
  readConnection,
  readPair,
  readQueueRow,
  readReplay,
  readRevocation,
  readSchedule,
} from "./rows.ts";
import type { Statements } from "./statements.ts";

export interface QueueQuery {
  readonly queue: string | null;
  readonly status: "ready" | "dead";
  readonly afterId: number;
  readonly limit: number;
}

interface Filed extends Owner {
  readonly aid: number;
  /** The tally, as text. */
  readonly counts: string | null;
}

/** Each method answers one read of the port; arguments and results are plain data. */
export class Reader {
  readonly #statements: Statements;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  load(actor: ActorRef): Snapshot | null {
    return this.#atOnce(() => this.#load(actor));
  }

  readQueue(actor: ActorRef, query: QueueQuery): readonly QueueRow[] {
    return this.#atOnce(() => this.#readQueue(actor, query));
  }

  findQueueKey(actor: ActorRef, queue: string, idempotencyKey: string): QueueRow | null {
    return this.#atOnce(() => this.#findQueueKey(actor, queue, idempotencyKey));
  }

  kvGet(actor: ActorRef, keys: readonly KvKey[]): readonly (Uint8Array | null)[] {
    return this.#atOnce(() => this.#kvGet(actor, keys));
  }

  kvList(actor: ActorRef, range: KvRange): readonly { key: KvKey; value: Uint8Array }[] {
    return this.#atOnce(() => this.#kvList(actor, range));
  }

  replayGet(actor: ActorRef, id: string): ReplayRow | null {
    return this.#atOnce(() => this.#replayGet(actor, id));
  }

  #readQueue(actor: ActorRef, query: QueueQuery): readonly QueueRow[] {
    const filed = this.#find(actor);
    if (filed === null) return [];
    const tally = tallyOf(filed);
    if (query.queue !== null) return this.#readOneQueue(filed, tally, query.queue, query);
    // The tally names the queues that hold messages: finding them among the messages would read them all.
    return [...tally.queues.keys()]
      .flatMap((queue) => this.#readOneQueue(filed, tally, queue, query))
      .sort((a, b) => a.id - b.id)
      .slice(0, query.limit);
  }

  #findQueueKey(actor: ActorRef, queue: string, idempotencyKey: string): QueueRow | null {
    const filed = this.#find(actor);
    if (filed === null) return null;
    const sql = "SELECT * FROM queue WHERE aid = ? AND queue = ? AND idempotency = ?";
    const columns = this.#statements.get(sql).get(filed.aid, queue, idempotencyKey);
    if (columns === undefined) {
      assertNoMessage(this.#statements, filed.actor, filed.aid, queue, idempotencyKey);
      return null;
    }
    const row = readQueueRow(columns, filed);
    if (isText(row.queue, queue) && isText(row.idempotencyKey, idempotencyKey)) return row;
    throw damaged(filed.actor, "the index of its queues leads to another message");
  }

  #kvGet(actor: ActorRef, keys: readonly KvKey[]): readonly (Uint8Array | null)[] {
    const filed = this.#find(actor);
    const statement = this.#statements.get("SELECT * FROM kv WHERE aid = ? AND key = ?");
    return keys.map((key) => {
      if (filed === null) return null;
      const row = statement.get(filed.aid, key);
      if (row !== undefined) {
        const pair = readPair(row, filed);
        if (Buffer.compare(pair.key, key) !== 0) throw damaged(filed.actor, "a key leads to another pair");
        return pair.value;
      }
      assertNoPair(this.#statements, filed.actor, filed.aid, key);
      return null;
    });
  }

  #kvList(actor: ActorRef, range: KvRange): readonly { key: KvKey; value: Uint8Array }[] {
    const filed = this.#find(actor);
    if (filed === null) return [];
    let where = "WHERE aid = ?";
    const values: (number | Uint8Array)[] = [filed.aid];
    const bound = (condition: string, value: KvKey | null | undefined): void => {
      if (value == null) return;
      where += ` AND key ${condition} ?`;
      values.push(value);
    };
    bound(">=", range.start);
    bound("<", range.end);
    bound(">=", range.prefix);
    bound("<", range.prefix === undefined ? null : afterPrefix(range.prefix));
    where += ` ORDER BY key ${range.reverse === true ? "DESC" : "ASC"} LIMIT ?`;
    values.push(range.limit ?? -1);
    const rows = this.#all(`SELECT * FROM kv ${where}`, ...values);
    assertSamePairs(this.#statements, filed.actor, rows, where, values);
    return rows.map((row) => readPair(row, filed));
  }

  #replayGet(actor: ActorRef, id: string): ReplayRow | null {
    const filed = this.#find(actor);
    if (filed === null) return null;
    const row = this.#statements.get("SELECT * FROM replay WHERE aid = ? AND id = ?").get(filed.aid, id);
    if (row !== undefined) {
      const found = readReplay(row, filed);
      if (!isText(found.id, id)) throw damaged(filed.actor, "a replay id leads to another");
      return found;
    }
    assertNoReplay(this.#statements, filed.actor, filed.aid, id);
    return null;
  }

  replayCount(actor: ActorRef): number {
    const filed = this.#find(actor);
    return filed === null ? 0 : tallyOf(filed).replay;
  }

  list(name: string, after: string | null, limit: number): readonly ActorRef[] {
    const sql = "SELECT name, key FROM actor WHERE name = ? AND key > ? ORDER BY key LIMIT ?";
    const fromStart = "SELECT name, key FROM actor WHERE name = ? ORDER BY key LIMIT ?";
    const rows = after === null ? this.#all(fromStart, name, limit) : this.#all(sql, name, after, limit);
    return rows.map(refFrom);
  }

  findById(id: string): ActorRef | null {
    const sql = "SELECT name, key, id FROM actor NOT INDEXED WHERE slot = (SELECT slot FROM actor WHERE id = ?)";
    const row = this.#statements.get(sql).get(id);
    if (row === undefined) return null;
    if (row["id"] !== id) throw damaged(`the actor with the id ${id}`, "the index of ids leads to another");
    return refFrom(row);
  }

  /** Actors with an interrupted `run` come first, as due at 0; the rest follow in order of their time. */
  due(before: number, limit: number, after?: DueActor): readonly DueActor[] {
    const found: DueActor[] = [];
    if (after === undefined || after.wakeAt <= 0) {
      const { name, key } = after?.actor ?? { name: "", key: "" };
      const sql = "SELECT name, key FROM actor WHERE running = 1 AND (name, key) > (?, ?) ORDER BY name, key LIMIT ?";
      for (const row of this.#all(sql, name, key, limit)) found.push({ actor: refFrom(row), wakeAt: 0 });
    }
    const from = after ?? { actor: { name: "", key: "" }, wakeAt: Number.NEGATIVE_INFINITY };
    const sql = `SELECT name, key, wake_at FROM actor WHERE wake_at <= ? AND running = 0
      AND (wake_at, name, key) > (?, ?, ?) ORDER BY wake_at, name, key LIMIT ?`;
    const rest = this.#all(sql, before, from.wakeAt, from.actor.name, from.actor.key, limit - found.length);
    for (const row of rest) found.push({ actor: refFrom(row), wakeAt: row["wake_at"] as number });
    return found;
  }

  nextDue(after: number): number | null {
    const row = this.#statements.get("SELECT min(wake_at) AS next FROM actor WHERE wake_at > ?").get(after);
    return (row?.["next"] ?? null) as number | null;
  }

  listRevocations(now: number): readonly RevocationRow[] {
    return this.#atOnce(() => {
      // By its table, not by the index that is compared with it.
      const sql = "SELECT data, sum FROM revocation NOT INDEXED WHERE keep_until >= ? ORDER BY id";
      const rows = this.#all(sql, now);
      assertAllRevocations(this.#statements, now, rows);
      return rows.map(readRevocation);
    });
  }

  getEpoch(): number {
    return this.#atOnce(() => this.#getEpoch());
  }

  #getEpoch(): number {
    const row = this.#statements.get("SELECT value, sum FROM host NOT INDEXED WHERE name = 'epoch'").get();
    assertEpoch(this.#statements, row?.["value"]);
    if (row === undefined) return 0;
    const value = row["value"] as string;
    if (hostSum("epoch", value) !== row["sum"]) throw damaged("the policy epoch", "it fails its checksum");
    return Number(value);
  }

  /** Answers from one snapshot of the file: a commit in between would make what is compared disagree. */
  #atOnce<Result>(ask: () => Result): Result {
    this.#statements.get("BEGIN").run();
    try {
      return ask();
    } finally {
      this.#statements.get("COMMIT").run();
    }
  }

  #load(actor: ActorRef): Snapshot | null {
    const columns = findRow(this.#statements, actor.name, actor.key);
    if (columns === undefined) return null;
    const row = readActor(columns);
    const counts = parseCounts(row.counts);
    const owner = { seed: row.seed, actor: `${row.name}/${row.key}` };
    const schedules = counts.schedules === 0 ? [] : this.#schedules(row.aid, owner);
    const connections = counts.connections === 0 ? [] : this.#connections(row.aid, owner);
    assertWhole(owner.actor, "schedules", schedules, counts.schedules);
    assertWhole(owner.actor, "connections", connections, counts.connections);
    return {
      meta: row.meta,
      state: textOf(row.state),
      schedules,
      connections,
      queues: Object.fromEntries(counts.queues),
    };
  }

  #schedules(aid: number, owner: Owner): readonly ScheduleRow[] {
    return this.#all("SELECT * FROM schedule WHERE aid = ?", aid).map((row) => readSchedule(row, owner));
  }

  #connections(aid: number, owner: Owner): readonly ConnectionRow[] {
    return this.#all("SELECT * FROM connection WHERE aid = ?", aid).map((row) => readConnection(row, owner));
  }

  #readOneQueue(
    filed: Filed,
    tally: Counts,
    queue: string,
    { status, afterId, limit }: QueueQuery,
  ): readonly QueueRow[] {
    const sql = `SELECT * FROM queue INDEXED BY queue_page
      WHERE aid = ? AND queue = ? AND status = ? AND status < 2 AND id > ? ORDER BY id LIMIT ?`;
    const at = QUEUE_STATUS.indexOf(status);
    const rows = this.#all(sql, filed.aid, queue, at, afterId, limit).map((columns) => {
      const row = readQueueRow(columns, filed);
      if (isText(row.queue, queue) && row.status === status) return row;
      throw damaged(filed.actor, "the index of its queues leads to another message");
    });
    const { actor: owner, aid } = filed;
    const counted = tally.queues.get(queue) ?? tally.queues.get(queue.toWellFormed());
    const ids = rows.map((row) => row.id);
    assertWholeQueue(this.#statements, ids, {
      owner,
      aid,
      queue,
      status: at,
      afterId,
      limit,
      expected: counted?.[status] ?? 0,
    });
    return rows;
  }

  /** Where an actor's rows are filed. Under a wrong number there may be none, and then nothing else would show it. */
  #find({ name, key }: ActorRef): Filed | null {
    const row = findPlace(this.#statements, name, key);
    if (row === undefined) return null;
    if (!isFiledRight(this.#statements, row)) throw damaged(`${name}/${key}`, "the actor's row fails its checksum");
    const aid = row["aid"] as number;
    const counts = row["counts"] as string | null;
    return { aid, counts, seed: actorSeed(name, key, aid), actor: `${name}/${key}` };
  }

  #all(sql: string, ...values: (string | number | Uint8Array)[]): Columns[] {
    return this.#statements.get(sql).all(...values) as Columns[];
  }
}

/** The tally without the checksum of the row it stands in, which covers the whole state. */
function tallyOf(filed: Filed): Counts {
  try {
    return parseCounts(filed.counts);
  } catch {
    throw damaged(filed.actor, "the actor's tally is unreadable");
  }
}

/** The file keeps texts in UTF-8, which has no half of a surrogate pair. */
function isText(stored: string | null, asked: string): boolean {
  return stored === asked || stored === asked.toWellFormed();
}

function textOf(state: Uint8Array | null): string | null {
  return state === null ? null : Buffer.from(state.buffer, state.byteOffset, state.byteLength).toString("utf8");
}

function refFrom(row: Columns): ActorRef {
  return { name: row["name"] as string, key: row["key"] as string };
}
