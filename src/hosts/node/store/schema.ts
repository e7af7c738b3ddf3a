/**
 * Owns the file: its tables, its format version, the migrations between versions, and how a connection to it is opened.
 *
 * `actor` holds one row an actor, state and facts together, so that a plain commit touches one page. `slot` is where the
 * row lies and may change (see `placement.ts`); `aid` names the actor in all other tables and never changes. Rows of a
 * destroyed actor stay under its `aid`, which is in `trash`, until they are swept; nothing can reach them.
 */
import { DatabaseSync } from "node:sqlite";
import { ConfigurationError } from "../../../boundary/errors.ts";

/** Names Byward in the file's header, for `file(1)` and for us. */
export const APPLICATION_ID = 0x42797764;
/** The newest format this code reads and the one it writes. */
export const FORMAT = 3;
export const FILE_NAME = "actors.sqlite";

const TABLES = `
CREATE TABLE actor(
  slot INTEGER PRIMARY KEY, aid INTEGER NOT NULL, name TEXT NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL,
  seq INTEGER NOT NULL, created INTEGER NOT NULL, version INTEGER NOT NULL, next_queue INTEGER NOT NULL,
  running INTEGER NOT NULL, wake_at INTEGER, counts TEXT, sum INTEGER NOT NULL, state BLOB);
CREATE UNIQUE INDEX actor_key ON actor(name, key);
CREATE INDEX actor_id ON actor(id);
CREATE INDEX actor_wake ON actor(wake_at, name, key) WHERE wake_at IS NOT NULL;
CREATE INDEX actor_running ON actor(name, key) WHERE running = 1;
CREATE TABLE queue(
  aid INTEGER NOT NULL, id INTEGER NOT NULL, queue TEXT NOT NULL, status INTEGER NOT NULL, created INTEGER NOT NULL,
  available INTEGER NOT NULL, attempt INTEGER NOT NULL, idempotency TEXT, keep_until INTEGER, caller TEXT,
  response TEXT, dead_reason TEXT, sum INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY(aid, id)) WITHOUT ROWID;
CREATE INDEX queue_page ON queue(aid, queue, status, id) WHERE status < 2;
CREATE UNIQUE INDEX queue_key ON queue(aid, queue, idempotency) WHERE idempotency IS NOT NULL;
CREATE INDEX queue_kept ON queue(aid, keep_until) WHERE status = 2;
CREATE TABLE schedule(
  aid INTEGER NOT NULL, id TEXT NOT NULL, due INTEGER NOT NULL, action TEXT NOT NULL, args TEXT NOT NULL, cron TEXT,
  created INTEGER NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY(aid, id)) WITHOUT ROWID;
CREATE TABLE connection(
  aid INTEGER NOT NULL, id TEXT NOT NULL, data TEXT NOT NULL, sum INTEGER NOT NULL,
  PRIMARY KEY(aid, id)) WITHOUT ROWID;
CREATE TABLE kv(
  aid INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, sum INTEGER NOT NULL,
  PRIMARY KEY(aid, key)) WITHOUT ROWID;
CREATE TABLE replay(
  aid INTEGER NOT NULL, id TEXT NOT NULL, status TEXT NOT NULL, keep_until INTEGER NOT NULL, sum INTEGER NOT NULL,
  PRIMARY KEY(aid, id)) WITHOUT ROWID;
CREATE INDEX replay_kept ON replay(aid, keep_until);
CREATE TABLE trash(aid INTEGER PRIMARY KEY);
CREATE TABLE revocation(
  id TEXT PRIMARY KEY, keep_until INTEGER NOT NULL, data TEXT NOT NULL, sum INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE host(name TEXT PRIMARY KEY, value TEXT NOT NULL, sum INTEGER NOT NULL) WITHOUT ROWID;
`;

/** Takes a file from one format to the next. Runs inside the opening transaction; a throw leaves the file as it was. */
export type Migration = (db: DatabaseSync) => void;

/** The entries of `actor_key` once more, in another order: what damage hides in one of them still stands in the other. */
const SECOND_INDEX = "CREATE INDEX actor_again ON actor(key, name)";

/** Likewise for every key whose absence somebody rests on: see `cross-check.ts`. Pages of one actor stay side by side. */
const SECOND_KEYS = `
CREATE INDEX queue_again ON queue(aid, idempotency, queue) WHERE idempotency IS NOT NULL;
CREATE INDEX replay_again ON replay(aid, id);
CREATE INDEX kv_again ON kv(aid, key);
CREATE INDEX revocation_again ON revocation(keep_until, sum);
CREATE INDEX host_again ON host(name, value);
`;

/** A new format adds its step here, and a fixture beside those of the old ones. */
const CURRENT: MigrationPlan = {
  format: FORMAT,
  steps: new Map([
    [0, (db) => db.exec(TABLES)],
    [1, (db) => db.exec(SECOND_INDEX)],
    [2, (db) => db.exec(SECOND_KEYS)],
  ]),
};

export interface OpenOptions {
  readonly path: string;
  readonly readOnly: boolean;
  /** Size of the page cache, KiB. */
  readonly cacheKib: number;
  /** Open also a file that was cut short, to read what is left of it; default false. */
  readonly salvage?: boolean;
}

/** Opens a connection with the settings durability rests on. */
export function openFile({ path, readOnly, cacheKib, salvage = false }: OpenOptions): DatabaseSync {
  const db = new DatabaseSync(path, {
    readOnly,
    timeout: 5000,
    enableForeignKeyConstraints: false,
    defensive: !salvage,
  });
  try {
    // First of all: every other statement looks at the file, and SQLite refuses one shorter than its header says.
    if (salvage) db.exec("PRAGMA writable_schema = ON");
    // With cell_size_check a page whose cells do not fit it is refused when it is read, not when it is used.
    db.exec(`PRAGMA cache_size = -${cacheKib}; PRAGMA cell_size_check = ON`);
    if (!readOnly) db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0");
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** How to get to a format: the steps, by the format they start from. */
export interface MigrationPlan {
  readonly format: number;
  readonly steps: ReadonlyMap<number, Migration>;
}

/**
 * Brings the file to the current format, all steps in one transaction, or refuses it untouched. Creates the tables of a
 * new file. `plan` is for tests.
 */
export function migrate(db: DatabaseSync, path: string, plan: MigrationPlan = CURRENT): void {
  const format = readFormat(db, path, plan.format);
  if (format === plan.format) return;
  db.exec("BEGIN IMMEDIATE");
  try {
    for (let from = format; from < plan.format; from += 1) {
      const step = plan.steps.get(from);
      if (step === undefined) throw new Error(`no migration of ${path} from format ${from}`);
      step(db);
    }
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${plan.format}; COMMIT`);
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

/** The format of a file, refusing what is not ours or too new. 0 = an empty file. */
export function readFormat(db: DatabaseSync, path: string, newest: number = FORMAT): number {
  const application = pragma(db, "application_id");
  const format = pragma(db, "user_version");
  if (application === 0 && format === 0 && pragma(db, "page_count") <= 1) return 0;
  if (application !== APPLICATION_ID) {
    throw new ConfigurationError("store.not-byward", `${path} is a SQLite file that Byward did not write`);
  }
  if (format > newest) {
    throw new ConfigurationError(
      "store.newer-format",
      `${path} has format ${format}, this version reads up to ${newest}: run the newer version, or restore an older backup`,
    );
  }
  return format;
}

export function pragma(db: DatabaseSync, name: string): number {
  const row = db.prepare(`PRAGMA ${name}`).get();
  return Number(Object.values(row ?? {})[0] ?? 0);
}
