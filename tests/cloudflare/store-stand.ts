/** Owns what the cases of the store stand on: the SQL of the object they run in, and a store with empty tables for each. */
import type { ObjectStorage } from "../../src/hosts/cloudflare/platform.ts";
import { Sql } from "../../src/hosts/cloudflare/sql.ts";
import { ObjectStore } from "../../src/hosts/cloudflare/store.ts";
import type { ActorStore } from "../../src/hosts/port.ts";

export let sql: Sql;
let current: ObjectStore;

export const stand = {
  /** The store of the case that runs, under one name: the suite keeps a store for most of its tests. */
  store: new Proxy({} as ActorStore, {
    get: (_target, name) => (current[name as keyof ObjectStore] as () => unknown).bind(current),
  }),
  /** Empties the object. */
  reset(storage: ObjectStorage): void {
    sql = new Sql(storage);
    const own = "name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite%'";
    const tables = sql.all<{ name: string }>(`SELECT name FROM sqlite_master WHERE type = 'table' AND ${own}`);
    for (const { name } of tables) sql.run(`DROP TABLE ${name}`);
    current = new ObjectStore(sql);
  },
};
