/**
 * Owns what all objects must know, in the one object that keeps it: revocations, the policy epoch, and which objects hold
 * connections and so must be told.
 *
 * Invariants: what is put is durable before anybody is told, and so is the alarm that tells again those who have not
 * confirmed, whatever becomes of this object meanwhile; `revoke` and `raiseEpoch` resolve when every holder has confirmed, and
 * where one did not, they reject and it is told again until it does; knowledge is numbered, so that a holder misses nothing.
 */
import type { ClosedConnection } from "../../actors/surroundings.ts";
import { Refusal } from "../../boundary/errors.ts";
import type { Logger, RevocationRow } from "../port.ts";
import { openSchema } from "./schema.ts";
import type { Sql } from "./sql.ts";

/** What became known after a version. */
export interface Knowledge {
  /** Who knows less than this cannot take it in: something is missing in between. */
  readonly after: number;
  readonly version: number;
  readonly epoch: number;
  readonly rows: readonly { readonly version: number; readonly row: RevocationRow }[];
}

/** A connection that ended, and by which revocation. */
export interface Closing extends ClosedConnection {
  readonly by: string;
}

/** What a holder answers when it has taken knowledge into force. */
export interface Confirmation {
  readonly closed: readonly Closing[];
  /** False when it holds no connection any more: it need not be told further. */
  readonly holds: boolean;
}

export interface DirectorySource {
  readonly sql: Sql;
  readonly log: Logger;
  now(): number;
  tell(object: string, knowledge: Knowledge): Promise<Confirmation>;
  /** Sees to it that {@link Directory.retry} is called then, in a later life of this object too. */
  retryAt(at: number): void;
}

/** Holders told at once. */
const BATCH = 64;
/** Between two rounds of telling those who did not confirm, ms. */
const RETRY_PAUSE = 2000;

interface Holder {
  readonly object: string;
  readonly told: number;
  readonly stamp: string;
}

export class Directory {
  readonly #source: DirectorySource;
  /** What revocations under way have closed: one holder may hear of several at once. */
  readonly #closings = new Map<string, ClosedConnection[]>();

  constructor(source: DirectorySource) {
    this.#source = source;
    openSchema(source.sql);
  }

  /** What became known after `version`. */
  since(version: number): Knowledge {
    const { sql, now } = this.#source;
    const rows = sql
      .all<{ version: number; row: string }>(
        "SELECT version, row FROM revocation WHERE version > ? AND keep_until >= ? ORDER BY version",
        version,
        now(),
      )
      .map((found) => ({ version: found.version, row: JSON.parse(found.row) as RevocationRow }));
    return { after: version, version: this.#setting("version"), epoch: this.#setting("epoch"), rows };
  }

  /** An object is about to hold a connection: from now on it is told. `stamp` is new for each enrolment. */
  enroll(object: string, version: number, stamp: string): Knowledge {
    const knowledge = this.since(version);
    this.#source.sql.run(
      "INSERT OR REPLACE INTO holder (object, told, stamp) VALUES (?, ?, ?)",
      object,
      knowledge.version,
      stamp,
    );
    return knowledge;
  }

  /** An object holds no connection any more; null. */
  release(object: string, stamp: string): null {
    this.#source.sql.run("DELETE FROM holder WHERE object = ? AND stamp = ?", object, stamp);
    return null;
  }

  async revoke(row: RevocationRow): Promise<readonly ClosedConnection[]> {
    const { sql, now } = this.#source;
    this.#seeToTelling();
    sql.transaction(() => {
      const version = this.#advance();
      sql.run("DELETE FROM revocation WHERE keep_until < ?", now());
      const values = [version, row.id, JSON.stringify(row), row.keepUntil] as const;
      sql.run("INSERT INTO revocation (version, id, row, keep_until) VALUES (?, ?, ?, ?)", ...values);
    });
    const closed: ClosedConnection[] = [];
    this.#closings.set(row.id, closed);
    try {
      await this.#tellAll();
      return closed;
    } finally {
      this.#closings.delete(row.id);
    }
  }

  async raiseEpoch(): Promise<number> {
    const { sql } = this.#source;
    this.#seeToTelling();
    const epoch = sql.transaction(() => {
      this.#advance();
      const next = this.#setting("epoch") + 1;
      this.#set("epoch", next);
      return next;
    });
    await this.#tellAll();
    return epoch;
  }

  /** Tells again those who did not confirm. */
  async retry(): Promise<void> {
    try {
      await this.#tellAll();
    } catch (error) {
      this.#source.log.warn({ err: error }, "objects have not confirmed yet; telling them again");
    }
  }

  async #tellAll(): Promise<void> {
    const { sql, now, retryAt } = this.#source;
    const version = this.#setting("version");
    const behind = sql.all<Holder>("SELECT object, told, stamp FROM holder WHERE told < ?", version);
    let failed = 0;
    for (let start = 0; start < behind.length; start += BATCH) {
      const batch = behind.slice(start, start + BATCH);
      const told = await Promise.allSettled(batch.map((holder) => this.#tell(holder)));
      failed += told.filter(({ status }) => status === "rejected").length;
    }
    if (failed === 0) return;
    retryAt(now() + RETRY_PAUSE);
    throw new Refusal("unavailable", {
      reason: "directory.unconfirmed",
      message: `It is in force for all that comes, but ${failed} objects have not confirmed yet; they are told again`,
      retryAfter: Math.ceil(RETRY_PAUSE / 1000),
    });
  }

  async #tell({ object, told, stamp }: Holder): Promise<void> {
    const { sql, tell } = this.#source;
    const knowledge = this.since(told);
    const { closed, holds } = await tell(object, knowledge);
    // One that enrolled anew meanwhile has another stamp, and stays.
    if (!holds) sql.run("DELETE FROM holder WHERE object = ? AND stamp = ?", object, stamp);
    sql.run("UPDATE holder SET told = MAX(told, ?) WHERE object = ?", knowledge.version, object);
    for (const { by, actor, key, connection } of closed) this.#closings.get(by)?.push({ actor, key, connection });
  }

  /** Holders hear only what they are told, and this object may be gone before it has told them: its alarm stands first. */
  #seeToTelling(): void {
    const { sql, now, retryAt } = this.#source;
    if (sql.first("SELECT 1 FROM holder LIMIT 1") !== null) retryAt(now() + RETRY_PAUSE);
  }

  #advance(): number {
    const version = this.#setting("version") + 1;
    this.#set("version", version);
    return version;
  }

  #setting(name: string): number {
    return this.#source.sql.first<{ value: number }>("SELECT value FROM setting WHERE name = ?", name)?.value ?? 0;
  }

  #set(name: string, value: number): void {
    this.#source.sql.run("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", name, value);
  }
}
