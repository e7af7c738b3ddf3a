/**
 * Owns the walk over everything an actor holds beside its own row, table by table, verified. What cannot be read is
 * handed on as damage, and the walk goes on behind it.
 */
import type { DatabaseSync } from "node:sqlite";
import type { ConnectionRow, QueueRow, ReplayRow, ScheduleRow } from "../../port.ts";
import { countMessage, formatCounts, noCounts, parseCounts } from "../store/counts.ts";
import { briefly } from "../store/failure.ts";
import {
  type ActorRow,
  type Columns,
  type Owner,
  readConnection,
  readPair,
  readQueueRow,
  readReplay,
  readSchedule,
} from "../store/rows.ts";
import { Statements } from "../store/statements.ts";

export type Held =
  | { readonly kind: "message"; readonly row: QueueRow }
  | { readonly kind: "schedule"; readonly row: ScheduleRow }
  | { readonly kind: "connection"; readonly row: ConnectionRow }
  | { readonly kind: "pair"; readonly row: { readonly key: Uint8Array; readonly value: Uint8Array } }
  | { readonly kind: "replay"; readonly row: ReplayRow }
  | { readonly kind: "damage"; readonly what: string };

interface Part {
  readonly table: string;
  readonly order: string;
  readonly what: string;
  read(columns: Columns, owner: Owner): Held;
}

const PARTS: readonly Part[] = [
  { table: "queue", order: "id", what: "messages", read: (c, o) => ({ kind: "message", row: readQueueRow(c, o) }) },
  {
    table: "schedule",
    order: "id",
    what: "schedules",
    read: (c, o) => ({ kind: "schedule", row: readSchedule(c, o) }),
  },
  {
    table: "connection",
    order: "id",
    what: "connections",
    read: (c, o) => ({ kind: "connection", row: readConnection(c, o) }),
  },
  { table: "kv", order: "key", what: "pairs", read: (c, o) => ({ kind: "pair", row: readPair(c, o) }) },
  { table: "replay", order: "id", what: "replay ids", read: (c, o) => ({ kind: "replay", row: readReplay(c, o) }) },
];

/** Walks many actors of one connection. */
export class ActorRows {
  readonly #statements: Statements;

  constructor(db: DatabaseSync) {
    this.#statements = new Statements(db);
  }

  /** Everything the actor holds, then, as damage, whether what was found is not what its tally says. */
  *of(actor: ActorRow): Generator<Held> {
    const owner = { seed: actor.seed, actor: `${actor.name}/${actor.key}` };
    const found = noCounts();
    let pairs = 0;
    for (const part of PARTS) {
      for (const held of this.#part(part, actor.aid, owner)) {
        tally(found, held);
        if (part.table === "kv") pairs += 1;
        yield held;
      }
    }
    const indexed = this.#countPairs(actor.aid);
    if (indexed !== null && indexed > pairs) yield { kind: "damage", what: `${indexed - pairs} pairs are missing` };
    // The order of queues in a tally is that of their first message; only the numbers must agree.
    if (canonical(formatCounts(found)) !== canonical(actor.counts)) {
      yield { kind: "damage", what: "rows are missing or too many for the actor's tally" };
    }
  }

  /** By the index, which holds what the table hides. Null where there is none yet, or it cannot be read. */
  #countPairs(aid: number): number | null {
    try {
      const row = this.#statements.get("SELECT count(*) AS n FROM kv INDEXED BY kv_again WHERE aid = ?").get(aid);
      return Number(row?.["n"]);
    } catch {
      return null;
    }
  }

  *#part(part: Part, aid: number, owner: Owner): Generator<Held> {
    const sql = `SELECT * FROM ${part.table} WHERE aid = ? ORDER BY ${part.order}`;
    try {
      for (const columns of this.#statements.get(sql).iterate(aid)) yield read(part, columns, owner);
    } catch (error) {
      yield { kind: "damage", what: `${part.what} cannot be read on: ${briefly(error)}` };
    }
  }
}

function read(part: Part, columns: Columns, owner: Owner): Held {
  try {
    return part.read(columns, owner);
  } catch (error) {
    return { kind: "damage", what: briefly(error) };
  }
}

function tally(found: ReturnType<typeof noCounts>, held: Held): void {
  if (held.kind === "message") countMessage(found, held.row.queue, held.row.status, 1);
  else if (held.kind === "schedule") found.schedules += 1;
  else if (held.kind === "connection") found.connections += 1;
  else if (held.kind === "replay") found.replay += 1;
}

function canonical(counts: string | null): string {
  const { queues, ...rest } = parseCounts(counts);
  return JSON.stringify([[...queues].sort(([a], [b]) => (a < b ? -1 : 1)), rest]);
}
