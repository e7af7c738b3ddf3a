/** Owns `byward data show`: one actor, all of it that a person wants to see, read beside a running server. */
import type { ActorRef, ConnectionRow, QueueRow, ScheduleRow } from "../../port.ts";
import { parseCounts } from "../store/counts.ts";
import { toStoreError } from "../store/failure.ts";
import { findRow } from "../store/find-actor.ts";
import { type ActorRow, readActor } from "../store/rows.ts";
import { Statements } from "../store/statements.ts";
import { ActorRows, type Held } from "./actor-rows.ts";
import { openData } from "./data-directory.ts";

export interface ShowOptions {
  /** Messages and pairs shown of each kind; default 20. The numbers of all of them are given in any case. */
  readonly limit?: number;
}

export interface Shown {
  readonly actor: ActorRef;
  readonly id: string;
  readonly createdAt: number;
  readonly version: number;
  readonly running: boolean;
  readonly wakeAt: number | null;
  /** Tagged-JSON text, or null. */
  readonly state: string | null;
  readonly queues: Readonly<Record<string, { readonly ready: number; readonly dead: number }>>;
  readonly schedules: readonly ScheduleRow[];
  readonly connections: readonly ConnectionRow[];
  /** The first ones by id. */
  readonly messages: readonly QueueRow[];
  readonly messageCount: number;
  /** The first ones by key. */
  readonly pairs: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[];
  readonly pairCount: number;
  readonly replayCount: number;
  /** What is wrong with rows beside the actor's own; empty when all is well. */
  readonly damage: readonly string[];
}

const LIMIT = 20;

/**
 * The actor, or null when there is none.
 * @throws StoreError `damaged` when the actor's own row is
 */
export async function showActor(directory: string, actor: ActorRef, options: ShowOptions = {}): Promise<Shown | null> {
  const db = openData(directory);
  try {
    db.exec("BEGIN");
    const columns = findRow(new Statements(db), actor.name, actor.key);
    if (columns === undefined) return null;
    const row = readActor(columns);
    return gather(row, new ActorRows(db).of(row), options.limit ?? LIMIT);
  } catch (error) {
    throw toStoreError(error, `${actor.name}/${actor.key}`);
  } finally {
    db.close();
  }
}

function gather(row: ActorRow, held: Iterable<Held>, limit: number): Shown {
  const messages: QueueRow[] = [];
  const pairs: { key: Uint8Array; value: Uint8Array }[] = [];
  const schedules: ScheduleRow[] = [];
  const connections: ConnectionRow[] = [];
  const damage: string[] = [];
  const numbers = { message: 0, pair: 0, schedule: 0, connection: 0, replay: 0, damage: 0 };
  for (const one of held) {
    numbers[one.kind] += 1;
    if (one.kind === "message" && messages.length < limit) messages.push(one.row);
    else if (one.kind === "pair" && pairs.length < limit) pairs.push(one.row);
    else if (one.kind === "schedule") schedules.push(one.row);
    else if (one.kind === "connection") connections.push(one.row);
    else if (one.kind === "damage") damage.push(one.what);
  }
  const { id, createdAt, version, running } = row.meta;
  return {
    actor: { name: row.name, key: row.key },
    id,
    createdAt,
    version,
    running,
    wakeAt: row.wakeAt,
    state: row.state === null ? null : Buffer.from(row.state).toString("utf8"),
    queues: Object.fromEntries(parseCounts(row.counts).queues),
    schedules,
    connections,
    messages,
    messageCount: numbers.message,
    pairs,
    pairCount: numbers.pair,
    replayCount: numbers.replay,
    damage,
  };
}
