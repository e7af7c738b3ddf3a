/**
 * Owns the tables of one actor in its Rivet database, and their format. The database holds one Byward actor; tables of
 * RivetKit itself stand beside ours under `_rivet_`. Pages are checked by the engine, so rows carry no checksums here.
 */
import type { RivetDatabase } from "./platform.ts";

/** The format this code writes, and the newest it reads. */
export const FORMAT = 1;

const TABLES = [
  "CREATE TABLE bw_format(one INTEGER PRIMARY KEY CHECK(one = 1), format INTEGER NOT NULL)",
  `CREATE TABLE bw_actor(
    one INTEGER PRIMARY KEY CHECK(one = 1), name TEXT NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL,
    created INTEGER NOT NULL, version INTEGER NOT NULL, next_queue INTEGER NOT NULL, running INTEGER NOT NULL,
    wake_at INTEGER)`,
  "CREATE TABLE bw_state(one INTEGER PRIMARY KEY CHECK(one = 1), state TEXT)",
  `CREATE TABLE bw_queue(
    id INTEGER PRIMARY KEY, queue TEXT NOT NULL, status INTEGER NOT NULL, created INTEGER NOT NULL,
    available INTEGER NOT NULL, attempt INTEGER NOT NULL, idempotency TEXT, keep_until INTEGER, caller TEXT,
    response TEXT, dead_reason TEXT, body TEXT NOT NULL)`,
  "CREATE INDEX bw_queue_page ON bw_queue(queue, status, id) WHERE status < 2",
  "CREATE UNIQUE INDEX bw_queue_key ON bw_queue(queue, idempotency) WHERE idempotency IS NOT NULL",
  `CREATE TABLE bw_schedule(
    id TEXT PRIMARY KEY, due INTEGER NOT NULL, action TEXT NOT NULL, args TEXT NOT NULL, cron TEXT,
    created INTEGER NOT NULL) WITHOUT ROWID`,
  "CREATE TABLE bw_connection(id TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID",
  "CREATE TABLE bw_kv(key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
  "CREATE TABLE bw_replay(id TEXT PRIMARY KEY, status TEXT NOT NULL, keep_until INTEGER NOT NULL) WITHOUT ROWID",
  "INSERT INTO bw_format VALUES (1, 1)",
];

/** Every table with rows of the actor, for wiping it. */
export const ACTOR_TABLES = ["bw_actor", "bw_state", "bw_queue", "bw_schedule", "bw_connection", "bw_kv", "bw_replay"];

/** Creates the tables in a new database. @throws Error for a database that a newer version wrote */
export async function migrate(db: RivetDatabase): Promise<void> {
  await migrateTo(db, "bw_format", FORMAT, TABLES);
}

/** Run inside the transaction of RivetKit's own migration hook: all of it happens, or none. */
export async function migrateTo(
  db: RivetDatabase,
  table: string,
  format: number,
  statements: readonly string[],
): Promise<void> {
  const [known] = await db.execute("SELECT 1 AS found FROM sqlite_master WHERE type = 'table' AND name = ?", table);
  if (known === undefined) {
    for (const sql of statements) await db.execute(sql);
    return;
  }
  const [row] = await db.execute(`SELECT format FROM ${table}`);
  const found = Number(row?.["format"]);
  if (found > format) {
    throw new Error(`The actor's data has format ${found}, this version reads up to ${format}: run the newer version`);
  }
}
