/**
 * Owns the tables of an object and their version. `PRAGMA user_version` is refused by the platform, so the version is a row.
 * An object holds one actor; rows name it all the same, by number, so that one object can carry several where that is wanted
 * (reserved ones, and the store suite).
 */
import { StoreError } from "../port.ts";
import type { Sql } from "./sql.ts";

export const SCHEMA_VERSION = 1;

const TABLES: readonly string[] = [
  `CREATE TABLE actor (
    ref INTEGER PRIMARY KEY, name TEXT NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL, created_at INTEGER NOT NULL,
    version INTEGER NOT NULL, next_queue_id INTEGER NOT NULL, running INTEGER NOT NULL, wake_at INTEGER,
    UNIQUE (name, key))`,
  "CREATE INDEX actor_id ON actor (id)",
  `CREATE TABLE text (
    ref INTEGER NOT NULL, owner TEXT NOT NULL, part INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (ref, owner, part)) WITHOUT ROWID`,
  `CREATE TABLE message (
    ref INTEGER NOT NULL, id INTEGER NOT NULL, queue TEXT NOT NULL, status TEXT NOT NULL, caller TEXT,
    created_at INTEGER NOT NULL, available_at INTEGER NOT NULL, attempt INTEGER NOT NULL, idempotency_key TEXT,
    keep_until INTEGER, dead_reason TEXT, body TEXT, response TEXT, long INTEGER NOT NULL, PRIMARY KEY (ref, id)) WITHOUT ROWID`,
  "CREATE UNIQUE INDEX message_key ON message (ref, queue, idempotency_key) WHERE idempotency_key IS NOT NULL",
  "CREATE INDEX message_state ON message (ref, status, queue, id)",
  `CREATE TABLE schedule (
    ref INTEGER NOT NULL, id TEXT NOT NULL, due_at INTEGER NOT NULL, action TEXT NOT NULL, args TEXT NOT NULL, cron TEXT,
    created_at INTEGER NOT NULL, PRIMARY KEY (ref, id)) WITHOUT ROWID`,
  "CREATE TABLE connection (ref INTEGER NOT NULL, id TEXT NOT NULL, PRIMARY KEY (ref, id)) WITHOUT ROWID",
  `CREATE TABLE pair (
    ref INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (ref, key)) WITHOUT ROWID`,
  `CREATE TABLE replay (
    ref INTEGER NOT NULL, id TEXT NOT NULL, status TEXT NOT NULL, keep_until INTEGER NOT NULL,
    PRIMARY KEY (ref, id)) WITHOUT ROWID`,
  `CREATE TABLE revocation (
    version INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, row TEXT NOT NULL, keep_until INTEGER NOT NULL)`,
  "CREATE TABLE holder (object TEXT PRIMARY KEY, told INTEGER NOT NULL, stamp TEXT NOT NULL) WITHOUT ROWID",
  "CREATE TABLE setting (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
];

/** Tables whose rows belong to one actor. */
export const ACTOR_TABLES = ["text", "message", "schedule", "connection", "pair", "replay", "actor"] as const;

/** Makes the tables of an object; nothing is written to one before somebody is admitted to it. Does nothing where they stand. */
export function openSchema(sql: Sql): void {
  if (hasSchema(sql)) return;
  sql.transaction(() => {
    for (const statement of TABLES) sql.run(statement);
    sql.run("INSERT INTO setting (name, value) VALUES ('schema', ?)", SCHEMA_VERSION);
  });
}

/**
 * True where the tables stand: a look that writes nothing.
 * @throws StoreError `failed` for tables of another version
 */
export function hasSchema(sql: Sql): boolean {
  if (sql.first("SELECT 1 AS found FROM sqlite_master WHERE type = 'table' AND name = 'setting'") === null)
    return false;
  const found = sql.first<{ value: number }>("SELECT value FROM setting WHERE name = 'schema'")?.value;
  if (found === SCHEMA_VERSION) return true;
  throw new StoreError(
    "failed",
    `This object was written by another version of byward (tables ${found}, here ${SCHEMA_VERSION})`,
  );
}
