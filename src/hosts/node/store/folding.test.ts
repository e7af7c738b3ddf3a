import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { Folding } from "./folding.ts";
import type { Keeper } from "./keeper.ts";
import { migrate, openFile } from "./schema.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const THRESHOLD = 10;

/** A connection that counts the folds it is asked for; its keeper is never there. */
function counted(db: DatabaseSync): { readonly folding: Folding; readonly folds: () => number } {
  let folds = 0;
  const prepare = db.prepare.bind(db);
  db.prepare = (sql: string) => {
    const statement = prepare(sql);
    if (!sql.includes("PASSIVE")) return statement;
    const get = statement.get.bind(statement);
    statement.get = () => {
      folds += 1;
      return get();
    };
    return statement;
  };
  const keeper = { ask: () => Promise.reject(new Error("no keeper")) } as unknown as Keeper;
  return { folding: new Folding(db, keeper, THRESHOLD), folds: () => folds };
}

test("a reader that holds the log is not run against after every group, and the log is folded once it is gone", () => {
  const path = join(temporaryDirectory(), "actors.sqlite");
  const db = openFile({ path, readOnly: false, cacheKib: 2048 });
  onTestFinished(() => db.close());
  migrate(db, path);
  const { folding, folds } = counted(db);
  const insert = db.prepare("INSERT INTO trash(aid) VALUES (?)");
  let aid = 0;
  const group = (): void => {
    insert.run(++aid);
    folding.afterGroup();
  };
  // An export or a backup, with a reader of its lines that takes its time.
  const reader = openFile({ path, readOnly: true, cacheKib: 2048 });
  reader.exec("BEGIN");
  reader.prepare("SELECT count(*) FROM trash").get();
  const groups = 400;
  for (let n = 0; n < groups; n += 1) group();
  expect(folds()).toBeLessThan(groups / 5);
  reader.exec("COMMIT");
  reader.close();
  for (let n = 0; n < 5 * THRESHOLD; n += 1) group();
  const { log, checkpointed } = db.prepare("PRAGMA wal_checkpoint(NOOP)").get() as {
    log: number;
    checkpointed: number;
  };
  expect(log - checkpointed).toBeLessThan(5 * THRESHOLD);
});
