/** Owns prepared statements: each SQL text is compiled once a connection, on first use. */
import type { DatabaseSync, StatementSync } from "node:sqlite";

export class Statements {
  readonly db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.db = db;
  }

  /** The texts compiled so far. */
  texts(): readonly string[] {
    return [...this.#prepared.keys()];
  }

  /** The statement for this text. Texts are constants of the code, so there is a fixed number of them. */
  get(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      statement = this.db.prepare(sql);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }
}
